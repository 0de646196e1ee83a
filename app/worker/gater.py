"""Measures adapters that wait (`gating.py`) on the engine that will serve them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from app.services.improvement.adapters import Adapters
from app.services.jobs.queue import Claim, JobKind
from app.worker.child_run import ChildRun
from app.worker.gating import PROGRESS, VERDICT
from app.worker.one_at_a_time import OneAtATime, Progress

_MODULE = "app.worker.gating"


@dataclass(slots=True)
class Gater(OneAtATime):
    adapters: Adapters

    kind: ClassVar[JobKind] = "gate"

    def start(self, claim: Claim) -> ChildRun:
        folder = Path(self.settings.data_dir).absolute() / "gate" / claim.job_id
        folder.mkdir(parents=True, exist_ok=True)
        command = [_MODULE, claim.request["adapter"], str(folder)]
        return ChildRun.start(claim, folder, command, self.settings.as_environment())

    def progress(self, run: ChildRun) -> Progress | None:
        path = run.folder / PROGRESS
        return Progress(**json.loads(path.read_text("utf-8"))) if path.is_file() else None

    def keep(self, run: ChildRun) -> None:
        if run.process.returncode == 0:
            verdict = json.loads((run.folder / VERDICT).read_text("utf-8"))
            self.adapters.finish(run.claim, verdict)
        else:
            self.jobs.fail(run.claim, "failed", run.reason())
        run.clean_up()

    def forget(self, run: ChildRun) -> None:
        run.clean_up()

    def put_back(self, run: ChildRun) -> None:
        run.clean_up()
