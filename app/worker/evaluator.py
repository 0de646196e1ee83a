"""Runs evaluations that wait (`evals/job.py`)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from app.services.improvement.evaluations import EVALS, Evaluations
from app.services.jobs.queue import Claim, JobKind
from app.worker.child_run import ChildRun
from app.worker.with_result import WithResult


@dataclass(slots=True)
class Evaluator(WithResult):
    evaluations: Evaluations

    kind: ClassVar[JobKind] = "evaluate"
    module: ClassVar[str] = EVALS

    def command(self, claim: Claim, folder: Path) -> list[str]:
        command = [self.module, "base", claim.base_id, "--folder", str(folder)]
        command += ["--answers"] if claim.request["answers"] else []
        for name, value in claim.request["changes"].items():
            command += ["--set", f"{name}={value}"]
        return command

    def finish(self, run: ChildRun, result: Any) -> None:
        report = (run.folder / "result.html").read_text("utf-8")
        self.evaluations.finish(run.claim, json.dumps(result, ensure_ascii=False), report)
