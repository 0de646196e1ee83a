"""Runs trainings that wait (`training.py`).

Its folder stays when the worker is killed: the next attempt goes on from the newest checkpoint.
"""

import json
import logging
from dataclasses import dataclass
from typing import ClassVar

from app.error_codes import code_of
from app.services.errors import ServiceError
from app.services.improvement.training import Trainings
from app.services.jobs.queue import Claim, JobKind
from app.worker.child_run import ChildRun
from app.worker.one_at_a_time import OneAtATime, Progress
from app.worker.training import BASE, STAGE

log = logging.getLogger(__name__)

_MODULE = "app.worker.training"
_TRAINING = "training"


@dataclass(slots=True)
class Trainer(OneAtATime):
    trainings: Trainings

    kind: ClassVar[JobKind] = "train"

    def start(self, claim: Claim) -> ChildRun:
        folder = self.trainings.work_folder(claim.job_id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "request.json").write_text(json.dumps(dict(claim.request)), "utf-8")
        command = [_MODULE, str(folder.absolute())]
        return ChildRun.start(claim, folder, command, self.settings.as_environment())

    def progress(self, run: ChildRun) -> Progress | None:
        path = run.folder / STAGE
        if not path.is_file():
            return None
        stage = path.read_text("utf-8")
        curve = self.trainings.curve(run.claim.job_id) if stage == _TRAINING else []
        return Progress(stage, curve[-1]["step"], curve[-1]["steps"]) if curve else Progress(stage)

    def keep(self, run: ChildRun) -> None:
        if run.process.returncode != 0:
            self.jobs.fail(run.claim, *run.reason())
            return
        try:
            name = self.trainings.finish(run.claim, (run.folder / BASE).read_text("utf-8"))
        except (OSError, ValueError, KeyError, ServiceError) as error:
            log.exception("the training %s", run.claim.job_id)
            self.jobs.fail(run.claim, code_of(error), str(error))
        else:
            log.info("the training %s made %s", run.claim.job_id, name)

    def forget(self, run: ChildRun) -> None:
        self.trainings.forget(run.claim.job_id)
