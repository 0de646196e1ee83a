"""Jobs of which a process makes a JSON document: check-ups, recordings, the gate of an adapter,
evaluations.

The process (`reported.py`, `evals/job.py`) gets what it works on and a folder, and writes how far
it is and what comes out into that.
"""

import json
import shutil
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from app.services.jobs.queue import Claim
from app.worker.child_run import ChildRun
from app.worker.one_at_a_time import OneAtATime, Progress
from app.worker.reported import PROGRESS, RESULT


@dataclass(slots=True)
class WithResult(OneAtATime):
    module: ClassVar[str]  # whose process it is

    def subject(self, claim: Claim) -> str:
        """What the process works on: the base, unless the job is about something else."""
        return claim.base_id

    def command(self, claim: Claim, folder: Path) -> list[str]:
        """The module of the process and its arguments."""
        return [self.module, self.subject(claim), str(folder)]

    @abstractmethod
    def finish(self, run: ChildRun, result: Any) -> None:
        """Keep the result and end the job."""

    def start(self, claim: Claim) -> ChildRun:
        folder = self.settings.data_dir.absolute() / "jobs" / claim.job_id
        shutil.rmtree(folder, ignore_errors=True)  # of an attempt that was killed
        folder.mkdir(parents=True)
        command = self.command(claim, folder)
        return ChildRun.start(claim, folder, command, self.settings.as_environment())

    def progress(self, run: ChildRun) -> Progress | None:
        path = run.folder / PROGRESS
        return Progress(**json.loads(path.read_text("utf-8"))) if path.is_file() else None

    def keep(self, run: ChildRun) -> None:
        path = run.folder / RESULT
        if run.process.returncode == 0 and path.is_file():
            self.finish(run, json.loads(path.read_text("utf-8")))
        else:
            self.jobs.fail(run.claim, *run.reason())
        run.clean_up()

    def forget(self, run: ChildRun) -> None:
        run.clean_up()

    def put_back(self, run: ChildRun) -> None:
        run.clean_up()
