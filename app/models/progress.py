"""Download progress, measured in bytes on disk."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Stage = Literal["downloading", "building", "verifying"]

_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Progress:
    name: str
    source: str
    stage: Stage
    done_bytes: int
    total_bytes: int


OnProgress = Callable[[Progress], None]


def folder_bytes(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue  # a temporary file that was just renamed
    return total


@contextmanager
def reported(
    on_progress: OnProgress | None, folder: Path, name: str, source: str, stage: Stage, total: int
) -> Iterator[None]:
    """Calls `on_progress` from a thread while `folder` grows by `total` bytes."""
    if on_progress is None:
        yield
        return
    ended = threading.Event()

    def report(done: int) -> None:
        on_progress(Progress(name, source, stage, min(done, total), total))

    def poll() -> None:
        most = 0
        while not ended.wait(_POLL_S):
            most = max(most, folder_bytes(folder))
            report(most)

    report(0)
    thread = threading.Thread(target=poll, name=f"progress-{name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    report(total)
