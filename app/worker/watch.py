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
from app.db.files import open_files
from app.llm.chat_model import EnginesInvalid
from app.models.errors import ModelError
from app.services.checkup.check_ups import CheckUps
from app.services.improvement.canary.guard import Guard
from app.services.improvement.changes.recordings import Recordings
from app.services.improvement.evaluations import Evaluations
from app.services.jobs.queue import Jobs
from app.services.jobs.workers import beat, forget, new_worker_name, release_dead
from app.services.library.removal import Purge
from app.services.library.rereading import Rereading
from app.wiring.changes import fingerprint
from app.wiring.improvement import build_adapters, build_guard, build_trainings
from app.wiring.models import embedder_name, model_store
from app.worker.checker import Checker
from app.worker.evaluator import Evaluator
from app.worker.gater import Gater
from app.worker.one_at_a_time import OneAtATime
from app.worker.reader import Child, Pace, Reader, given_back
from app.worker.recorder import Recorder
from app.worker.trainer import Trainer

log = logging.getLogger(__name__)

_BEAT_S = 3.0
_GUARD_S = 30.0
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
    purge = Purge(db, open_files(settings.data_dir, settings.files_url))
    rereading = Rereading(db, embedder_name(settings, model_store(settings)))
    checker = Checker(settings, jobs, name, CheckUps(db))
    recorder = Recorder(settings, jobs, name, Recordings(db))
    others, guard = (evaluator, trainer, gater, checker, recorder), build_guard(settings)
    watched = Watched(db, jobs, purge, start, pace, others, rereading, name, guard)
    release_dead(watched.jobs)
    _record_changes(settings, recorder.recordings)
    while not told_to_stop:
        try:
            watched.look()
        except (StorageFull, DatabaseBusy) as error:
            log.error("%s", error)
            time.sleep(pace.pause_s)
        time.sleep(pace.poll_s)
    watched.stop()


def _record_changes(settings: Settings, recordings: Recordings) -> None:
    """An upgrade and other settings come with a start: what they change is looked at. Where that
    fails, the next start tries again."""
    try:
        for base_id in recordings.start_where_changed(fingerprint(settings)):
            log.info("answers of the base %s are compared with those before the change", base_id)
    except (
        EnginesInvalid,
        ModelError,
        StorageFull,
        DatabaseBusy,
    ) as error:
        log.warning("whether answers changed is not known: %s", error)


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
    guard: Guard | None = None
    reader: Reader | None = None
    _start_at: float = -math.inf
    _beaten_at: float = -math.inf
    _guarded_at: float = -math.inf

    def look(self) -> None:
        """Start the reader or note its end, see to the other jobs, purge, send a
        heartbeat; queue what an older recipe read, and guard a new adapter."""
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
        if self.guard is not None and now - self._guarded_at > _GUARD_S:
            self._guarded_at = now
            try:
                self.guard.look()
            except (EnginesInvalid, ModelError) as error:  # the API says so, too
                log.warning("no adapter is watched: %s", error)
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
