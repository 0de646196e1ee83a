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
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from app.config import Settings
from app.db.engine import Database
from app.db.errors import StorageFull
from app.services.jobs import Jobs
from app.services.removal import purge
from app.services.status import WORKER, beat
from app.wiring import build_ingestion

log = logging.getLogger("app.worker")

_POLL_S = 0.3
_BEAT_S = 3.0
_PAUSE_S = 2.0  # after a child that failed, which the next one may well do too
_STOP_S = 3.0


def watch(settings: Settings) -> None:
    """Start a child whenever a job waits. Runs until the process is told to end."""
    told_to_stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: told_to_stop.append(number))
    db = Database(settings.sql_url)
    db.migrate()
    jobs = Jobs(db)
    child: Child | None = None
    start_at = beaten_at = -math.inf
    while not told_to_stop:
        now = time.monotonic()
        try:
            if child is not None and child.ended():
                if child.failed():
                    log.error("the embedding process ended with %s", child.process.returncode)
                    jobs.release(child.name)
                    start_at = now + _PAUSE_S
                child = None
            if child is None and now >= start_at and jobs.waiting():
                child = Child.start()
            purge(db)
            if now - beaten_at > _BEAT_S:
                beat(db, WORKER, "idle" if child is None else "busy")
                beaten_at = now
        except StorageFull as error:
            log.error("%s", error)
            time.sleep(_PAUSE_S)
        time.sleep(_POLL_S)
    if child is not None:
        child.stop()
        jobs.give_back(child.name)


@dataclass(frozen=True, slots=True)
class Child:
    """The process that reads and embeds, and the name under which it claims jobs."""

    name: str
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls) -> Self:
        name = f"worker-{secrets.token_hex(6)}"
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


def drain(settings: Settings, worker: str) -> None:
    """Work through the queue; end when it stayed empty for `worker_idle_s`, or when orphaned."""
    ingestion = build_ingestion(settings)
    parent = os.getppid()
    last_work = time.monotonic()
    while os.getppid() == parent and time.monotonic() - last_work < settings.worker_idle_s:
        claim = ingestion.jobs.claim(worker)
        if claim is None:
            time.sleep(_POLL_S)
            continue
        try:
            ingestion.run(claim, worker)
        except StorageFull as error:
            wait_for_room(ingestion.jobs, worker, error)
        last_work = time.monotonic()


def wait_for_room(jobs: Jobs, worker: str, error: StorageFull) -> None:
    """The disk is full: queue the job again, which is no failed attempt, and try it a bit later."""
    log.error("%s", error)
    with suppress(StorageFull):  # else its lease runs out
        jobs.give_back(worker)
    time.sleep(_PAUSE_S)


def start_logging(settings: Settings) -> None:
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app.worker")
    parser.add_argument("--drain", metavar="NAME", help="empty the queue as worker NAME and end")
    arguments = parser.parse_args()
    settings = Settings()
    start_logging(settings)
    if arguments.drain:
        drain(settings, arguments.drain)
    else:
        watch(settings)


if __name__ == "__main__":
    main()
