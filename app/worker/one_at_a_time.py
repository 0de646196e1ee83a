"""Works through the jobs of one kind, one at a time, each in a process of its own."""

import logging
import math
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from app.config import Settings
from app.db.errors import DatabaseBusy, StorageFull
from app.services.jobs.queue import LEASE_S, Claim, JobKind, Jobs
from app.worker.child_run import ChildRun

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    stage: str
    done: int = 0
    total: int = 0


@dataclass(slots=True)
class OneAtATime(ABC):
    """Claims as `worker`. Call `look` now and then, and `stop` at the end."""

    settings: Settings
    jobs: Jobs
    worker: str
    run: ChildRun | None = field(default=None, init=False)
    _shown: Progress | None = field(default=None, init=False)
    _renewed_at: float = field(default=-math.inf, init=False)

    kind: ClassVar[JobKind]

    @abstractmethod
    def start(self, claim: Claim) -> ChildRun:
        """Start the process of a claimed job."""

    @abstractmethod
    def progress(self, run: ChildRun) -> Progress | None:
        """How far it is; None where it has not said yet."""

    @abstractmethod
    def keep(self, run: ChildRun) -> None:
        """The process has ended: keep what came out, or fail the job."""

    @abstractmethod
    def forget(self, run: ChildRun) -> None:
        """The job was cancelled, and its process ended."""

    def put_back(self, run: ChildRun) -> None:  # noqa: B027  # what was begun may stay
        """The job waits again, since the worker was told to end."""

    def look(self) -> None:
        """Start what waits, or see how the running one is."""
        if self.run is None:
            if self.jobs.waiting(self.kind):
                claim = self.jobs.claim(self.worker, self.kind)
                self.run = self.start(claim) if claim is not None else None
            return
        if not self.run.running:
            self.run.close()
            self.keep(self.run)
        elif not self._show(self.run):
            log.info("the job %s was cancelled", self.run.claim.job_id)
            self.run.stop()
            self.forget(self.run)
        else:
            return
        self.run = self._shown = None

    def stop(self) -> None:
        """End what runs and queue it again; that is no failed attempt."""
        if self.run is None:
            return
        self.run.stop()
        self.put_back(self.run)
        self.run = self._shown = None
        try:
            self.jobs.give_back(self.worker)
        except (StorageFull, DatabaseBusy) as error:  # then its lease runs out
            log.warning("%s", error)

    def _show(self, run: ChildRun) -> bool:
        """Keep the claim and show how far it is. False where the job was cancelled or lost."""
        if time.monotonic() - self._renewed_at > LEASE_S / 3:
            self.jobs.renew(self.worker)
            self._renewed_at = time.monotonic()
        now = self.progress(run)
        if now is None or now == self._shown:
            return self.jobs.holds(run.claim)
        self._shown = now
        return self.jobs.progress(run.claim, now.stage, now.done, now.total)
