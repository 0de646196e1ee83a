"""Keeps a worker's claims while it works."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from app.db.errors import StorageError
from app.services.jobs.queue import LEASE_S, Jobs

log = logging.getLogger(__name__)


@contextmanager
def lease_kept(jobs: Jobs, worker: str) -> Iterator[None]:
    """Renew from a thread what the worker holds as long as the work goes on, however long a step
    takes."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(LEASE_S / 3):
            try:
                jobs.renew(worker)
            except (SQLAlchemyError, StorageError):  # the next renewal still comes in time
                log.warning("the leases of %s were not renewed", worker, exc_info=True)

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
