"""Runs trainings that wait, one at a time, each in a process of its own (`training.py`).

Its folder stays when the worker is killed: the next attempt goes on from the newest checkpoint.
"""

import json
import logging
import math
import time
from dataclasses import dataclass

from app.config import Settings
from app.db.errors import DatabaseBusy, StorageFull
from app.services.errors import ServiceError
from app.services.improvement.training import Trainings
from app.services.jobs.queue import LEASE_S, Claim, Jobs
from app.worker.child_run import ChildRun
from app.worker.training import BASE, STAGE

log = logging.getLogger(__name__)

_MODULE = "app.worker.training"


@dataclass(slots=True)
class Trainer:
    """Claims as `worker`. Call `look` now and then, and `stop` at the end."""

    settings: Settings
    jobs: Jobs
    trainings: Trainings
    worker: str
    run: ChildRun | None = None
    _renewed_at: float = -math.inf

    def look(self) -> None:
        """Start a training that waits, or see how the running one is."""
        if self.run is None:
            if self.jobs.waiting("train"):
                claim = self.jobs.claim(self.worker, "train")
                self.run = self._start(claim) if claim is not None else None
            return
        if not self.run.running:
            self.run.close()
            self._keep(self.run)
        elif not self._show(self.run):
            log.info("the training %s was cancelled", self.run.claim.job_id)
            self.run.stop()
            self.trainings.forget(self.run.claim.job_id)
        else:
            return
        self.run = None

    def stop(self) -> None:
        """End what runs and queue it again; that is no failed attempt."""
        if self.run is None:
            return
        self.run.stop()
        self.run = None
        try:
            self.jobs.give_back(self.worker)
        except (StorageFull, DatabaseBusy) as error:  # then its lease runs out
            log.warning("%s", error)

    def _start(self, claim: Claim) -> ChildRun:
        folder = self.trainings.work_folder(claim.job_id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "request.json").write_text(json.dumps(dict(claim.request)), "utf-8")
        command = [_MODULE, str(folder.absolute())]
        return ChildRun.start(claim, folder, command, self.settings.as_environment())

    def _show(self, run: ChildRun) -> bool:
        """Keep the claim and show how far it is. False where the job was cancelled or lost."""
        if time.monotonic() - self._renewed_at > LEASE_S / 3:
            self.jobs.renew(self.worker)
            self._renewed_at = time.monotonic()
        curve = self.trainings.curve(run.claim.job_id)
        stage = "training"
        if (run.folder / STAGE).is_file():
            stage = (run.folder / STAGE).read_text("utf-8")
        step = curve[-1] if curve and stage == "training" else {"step": 0, "steps": 0}
        shown = json.dumps([stage, step])
        if shown == run.shown:
            return self.jobs.holds(run.claim)
        run.shown = shown
        return self.jobs.progress(run.claim, stage, step["step"], step["steps"])

    def _keep(self, run: ChildRun) -> None:
        if run.process.returncode != 0:
            self.jobs.fail(run.claim, "failed", run.reason())
            return
        try:
            name = self.trainings.finish(run.claim, (run.folder / BASE).read_text("utf-8"))
        except (OSError, ValueError, KeyError, ServiceError) as error:
            log.exception("the training %s", run.claim.job_id)
            self.jobs.fail(run.claim, "failed", str(error))
        else:
            log.info("the training %s made %s", run.claim.job_id, name)
