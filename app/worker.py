"""The ingestion worker: `python -m app.worker`.

Two processes. This one only watches the queue and weighs little. When there is work it starts a
child (`--drain`) that loads the embedder, empties the queue, waits a while for more and ends: so an
idle service doesn't hold a second copy of the model, and a file that kills its reader kills only
the child. Its job is then released and tried again.
"""

import argparse
import logging
import math
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, Self

from app.config import Settings
from app.db.engine import Database
from app.db.errors import StorageFull
from app.db.files import FileStore
from app.logs import start_logging
from app.services.library.jobs import Jobs
from app.services.library.reading_ahead import ReadingAhead
from app.services.library.removal import Purge
from app.services.operations.status import WORKER, beat
from app.wiring.worker import build_ingestion

log = logging.getLogger("app.worker")

_BEAT_S = 3.0
_PURGE_SLICES = 20  # at a look: half a second, so that signs of life and new jobs don't wait
_STOP_S = 3.0
_BEHIND_QUESTIONS = 10  # niceness of the reader: where cores are few, people go first


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the queue is looked at, and how long nothing is tried after a failure: a child
    that failed may well do so again."""

    poll_s: float = 0.3
    pause_s: float = 2.0


class Reader(Protocol):
    """The process that reads and embeds, and the name under which it claims jobs."""

    @property
    def name(self) -> str: ...

    def ended(self) -> bool: ...

    def failed(self) -> bool: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Child:
    """A reader with an interpreter of its own."""

    name: str
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls) -> Self:
        name = new_worker_name()
        return cls(name, subprocess.Popen([sys.executable, "-m", "app.worker", "--drain", name]))

    def ended(self) -> bool:
        return self.process.poll() is not None

    def failed(self) -> bool:
        return self.process.returncode != 0

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def watch(
    settings: Settings, start: Callable[[], Reader] = Child.start, pace: Pace | None = None
) -> None:
    """Start a reader whenever a job waits. Runs until the process is told to end."""
    pace = pace or Pace()
    told_to_stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: told_to_stop.append(number))
    db = Database(settings.sql_url)
    db.migrate()
    purge = Purge(db, FileStore(settings.files_path))
    watched = Watched(db, Jobs(db), purge, start, pace)
    release_dead(watched.jobs)
    while not told_to_stop:
        try:
            watched.look()
        except StorageFull as error:
            log.error("%s", error)
            time.sleep(pace.pause_s)
        time.sleep(pace.poll_s)
    if watched.reader is not None:
        watched.reader.stop()
        watched.jobs.give_back(watched.reader.name)


@dataclass(slots=True)
class Watched:
    """The queue and the reader that is at it."""

    db: Database
    jobs: Jobs
    purge: Purge
    start: Callable[[], Reader]
    pace: Pace
    reader: Reader | None = None
    _start_at: float = -math.inf
    _beaten_at: float = -math.inf

    def look(self) -> None:
        """Start or bury the reader as needed, show a sign of life, purge a little."""
        now = time.monotonic()
        if self.reader is not None and self.reader.ended():
            if self.reader.failed():
                log.error("the reading process %s failed", self.reader.name)
                self.jobs.release(self.reader.name)
                self._start_at = now + self.pace.pause_s
            self.reader = None
        if self.reader is None and now >= self._start_at and self.jobs.waiting():
            self.db.dispose()  # where the reader is forked, SQLite may not be open across it
            self.reader = self.start()
        self.purge.run(_PURGE_SLICES)
        if now - self._beaten_at > _BEAT_S:
            beat(self.db, WORKER, "idle" if self.reader is None else "busy")
            self._beaten_at = now


def new_worker_name() -> str:
    """Tells host and process, so that the next worker here knows whether this one still lives."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(6)}"


def release_dead(jobs: Jobs) -> None:
    """Let go of what workers of this host held that are gone, without waiting for their leases.

    Where one of their readers is still at it, its claim is void and it writes nothing.
    """
    for name in jobs.workers():
        host, _, rest = name.partition("/")
        pid = rest.partition("/")[0]
        if host == socket.gethostname() and pid.isdigit() and not _lives(int(pid)):
            jobs.release(name)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def drain(settings: Settings, worker: str, pace: Pace | None = None) -> None:
    """Work through the queue; end when it stayed empty for `worker_idle_s`, or when orphaned."""
    pace = pace or Pace()
    ingestion = build_ingestion(settings)
    parent = os.getppid()

    def stop(resting_s: float) -> bool:
        return os.getppid() != parent or resting_s >= settings.worker_idle_s

    while True:
        try:
            return ReadingAhead(ingestion, worker, pace.poll_s).run(stop)
        except StorageFull as error:
            give_back(ingestion.jobs, worker, error)
            time.sleep(pace.pause_s)


def give_back(jobs: Jobs, worker: str, error: StorageFull) -> None:
    """The disk is full: queue again what is in hand, which is no failed attempt."""
    log.error("%s", error)
    with suppress(StorageFull):  # else their leases run out
        jobs.give_back(worker)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app.worker")
    parser.add_argument("--drain", metavar="NAME", help="empty the queue as worker NAME and end")
    arguments = parser.parse_args()
    settings = Settings()
    start_logging(settings)
    if arguments.drain:
        os.nice(_BEHIND_QUESTIONS)
        drain(settings, arguments.drain)
    else:
        watch(settings)


if __name__ == "__main__":
    main()
