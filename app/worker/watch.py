"""Watches the queue, and starts a process for what waits in it."""

import logging
import math
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.config import Settings
from app.db.engine import Database
from app.db.errors import DatabaseBusy, StorageFull
from app.db.files import FileStore
from app.services.improvement.evaluations import Evaluations
from app.services.jobs.queue import Jobs
from app.services.jobs.workers import beat, forget, new_worker_name, release_dead
from app.services.library.removal import Purge
from app.services.library.rereading import Rereading
from app.wiring.improvement import build_adapters, build_trainings
from app.wiring.models import embedder_name, model_store
from app.worker.evaluator import Evaluator
from app.worker.gater import Gater
from app.worker.one_at_a_time import OneAtATime
from app.worker.reader import Child, Pace, Reader, given_back
from app.worker.trainer import Trainer

log = logging.getLogger(__name__)

_BEAT_S = 3.0
_PURGE_SLICES = 20  # at a look: half a second, so that heartbeats and new jobs don't wait


def watch(
    settings: Settings, start: Callable[[], Reader] = Child.start, pace: Pace | None = None
) -> None:
    """Start what a waiting job needs. Runs until the process is told to end."""
    pace = pace or Pace()
    told_to_stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: told_to_stop.append(number))
    db = Database(settings.sql_url)
    db.migrate()
    name, jobs = new_worker_name(), Jobs(db)
    evaluator = Evaluator(settings, jobs, name, Evaluations(settings, db))
    trainer = Trainer(settings, jobs, name, build_trainings(settings))
    gater = Gater(settings, jobs, name, build_adapters(settings))
    purge = Purge(db, FileStore(settings.files_path))
    rereading = Rereading(db, embedder_name(settings, model_store(settings)))
    watched = Watched(db, jobs, purge, start, pace, (evaluator, trainer, gater), rereading, name)
    release_dead(watched.jobs)
    while not told_to_stop:
        try:
            watched.look()
        except (StorageFull, DatabaseBusy) as error:
            log.error("%s", error)
            time.sleep(pace.pause_s)
        time.sleep(pace.poll_s)
    watched.stop()


@dataclass(slots=True)
class Watched:
    """The queue, and the processes that work on it."""

    db: Database
    jobs: Jobs
    purge: Purge
    start: Callable[[], Reader]
    pace: Pace
    others: Sequence[OneAtATime]  # of the other kinds of jobs
    rereading: Rereading
    name: str
    reader: Reader | None = None
    _start_at: float = -math.inf
    _beaten_at: float = -math.inf

    def look(self) -> None:
        """Start the reader or note its end, see to the other jobs, purge, send a
        heartbeat; queue what an older recipe read."""
        now = time.monotonic()
        if self.reader is not None and self.reader.ended():
            if self.reader.failed():
                log.error("the reading process %s failed", self.reader.name)
                self.jobs.release(self.reader.name)
                self._start_at = now + self.pace.pause_s
            self.reader = None
        self.rereading.enqueue()
        if self.reader is None and now >= self._start_at and self.jobs.waiting("ingest"):
            self.db.dispose()  # where the reader is forked, SQLite may not be open across it
            self.reader = self.start()
        for other in self.others:
            other.look()
        self.purge.run(_PURGE_SLICES)
        if now - self._beaten_at > _BEAT_S:
            idle = self.reader is None and all(other.run is None for other in self.others)
            beat(self.db, self.name, "idle" if idle else "busy")
            self._beaten_at = now

    def stop(self) -> None:
        """End what runs and queue it again."""
        if self.reader is not None:
            self.reader.stop()
            given_back(self.jobs, self.reader.name)  # else its lease runs out
        for other in self.others:
            other.stop()
        try:
            forget(self.db, self.name)
        except (StorageFull, DatabaseBusy):  # then a later worker forgets it
            log.warning("the heartbeat of %s stays", self.name)
