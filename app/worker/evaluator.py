"""Runs evaluations that wait.

The process writes into a folder: `progress.json` now and then, `result.json` and `result.html` at
its end, `log` all the time.
"""

import json
import shutil
from dataclasses import dataclass
from typing import ClassVar

from app.services.improvement.evaluations import EVALS, Evaluations
from app.services.jobs.queue import Claim, JobKind
from app.worker.child_run import ChildRun
from app.worker.one_at_a_time import OneAtATime, Progress


@dataclass(slots=True)
class Evaluator(OneAtATime):
    evaluations: Evaluations

    kind: ClassVar[JobKind] = "evaluate"

    def start(self, claim: Claim) -> ChildRun:
        folder = self.settings.data_dir.absolute() / "evals" / "running" / claim.job_id
        shutil.rmtree(folder, ignore_errors=True)  # of an attempt that was killed
        folder.mkdir(parents=True)
        command = ["base", claim.base_id, "--folder", str(folder)]
        command += ["--answers"] if claim.request["answers"] else []
        for name, value in claim.request["changes"].items():
            command += ["--set", f"{name}={value}"]
        return ChildRun.start(claim, folder, [EVALS, *command], self.settings.as_environment())

    def progress(self, run: ChildRun) -> Progress | None:
        try:
            return Progress(**json.loads((run.folder / "progress.json").read_text("utf-8")))
        except OSError:
            return None

    def keep(self, run: ChildRun) -> None:
        found = _result(run)
        if found is not None:
            self.evaluations.finish(run.claim, *found)
        else:
            self.jobs.fail(run.claim, "failed", run.reason())
        run.clean_up()

    def forget(self, run: ChildRun) -> None:
        run.clean_up()

    def put_back(self, run: ChildRun) -> None:
        run.clean_up()


def _result(run: ChildRun) -> tuple[str, str] | None:
    """JSON and HTML; None where the process failed."""
    if run.process.returncode != 0:
        return None
    try:
        found = (run.folder / name for name in ("result.json", "result.html"))
        result, report = (path.read_text("utf-8") for path in found)
    except OSError:
        return None
    return result, report
