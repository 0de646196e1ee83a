"""The process that reads and embeds documents."""

import logging
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from typing import Protocol, Self

from app.config import Settings
from app.db.errors import DatabaseBusy, FilesUnavailable, StorageFull
from app.services.ingestion.reading_ahead import ReadingAhead
from app.services.jobs.queue import Jobs
from app.services.jobs.workers import new_worker_name
from app.wiring.worker import build_ingestion, build_parser
from ingest.embedding.embedder import Embedder
from ingest.embedding.remote.embedder import RemoteEmbedder
from ingest.errors import EmbedderUnavailable

log = logging.getLogger(__name__)

_STOP_S = 3.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How often the queue is looked at, and how long nothing is tried after a failure: a reader
    that failed may well do so again."""

    poll_s: float = 0.3
    pause_s: float = 2.0


class Reader(Protocol):
    """The process, and the name under which it claims jobs. Implementations: `Child`, and
    `ForkedReader` of `make torture`."""

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


def drain(settings: Settings, worker: str, pace: Pace | None = None) -> None:
    """Work through the queue; end when it stayed empty for `worker_idle_s`, or when orphaned."""
    pace = pace or Pace()
    ingestion = build_ingestion(settings)
    beside = replace(ingestion, parse=build_parser(settings))
    parent = os.getppid()

    def orphaned() -> bool:
        return os.getppid() != parent

    def stop(resting_s: float) -> bool:
        return orphaned() or resting_s >= settings.worker_idle_s

    while not orphaned():
        try:
            ReadingAhead(ingestion, worker, pace.poll_s, beside).run(stop)
        except (StorageFull, DatabaseBusy, FilesUnavailable, EmbedderUnavailable) as error:
            log.error("%s", error)
            time.sleep(pace.pause_s)
        else:
            return
        while not orphaned() and not given_back(ingestion.jobs, worker):
            time.sleep(pace.pause_s)
        # Reading the same files again and again would bring nobody their vectors.
        while not orphaned() and not gives_vectors(ingestion.embedder):
            time.sleep(pace.pause_s)


def gives_vectors(embedder: Embedder) -> bool:
    """False while the server of a served model is away."""
    return not isinstance(embedder, RemoteEmbedder) or not embedder.why_down()


def given_back(jobs: Jobs, worker: str) -> bool:
    """Queue again what the worker holds: disk, database, object store or embedding server failed,
    which is no failed attempt. False where that cannot be written down yet."""
    try:
        jobs.give_back(worker)
    except (StorageFull, DatabaseBusy):
        return False
    return True
