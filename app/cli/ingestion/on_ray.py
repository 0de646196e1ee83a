"""Has a Ray cluster read what is uploaded, for as long as a command runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.cli.output.console import say

if TYPE_CHECKING:
    from app.config import Settings


_END_S = 20.0  # for what is in hand; what is not finished then is read again


@contextmanager
def read_by(settings: "Settings", address: str, readers: int) -> Iterator[Callable[[], None]]:
    """Start readers on the cluster and end them afterwards; nothing where there is no address, so
    that the worker reads. Yields what raises the error that ended them. Raises BulkError."""
    if not address:
        yield lambda: None
        return
    from app.worker.on_ray.bulk import work_on_ray

    ended, started = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    def ready(count: int) -> None:
        say(f"reading on Ray ({address}): {count} readers", stderr=True)
        started.set()

    def work() -> None:
        try:
            work_on_ray(settings, address, ended.is_set, readers=readers, ready=ready)
        except BaseException as error:
            failures.append(error)
        finally:
            started.set()

    def check() -> None:
        if failures:
            raise failures[0]

    thread = threading.Thread(target=work, name="ray", daemon=True)
    thread.start()
    try:
        started.wait()
        check()
        yield check
    finally:
        ended.set()
        thread.join(_END_S)
        if thread.is_alive():
            say("the readers did not end in time; what they hold is read again", stderr=True)
