"""Checks bases that wait for it (`checking.py`)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from app.services.checkup.check_ups import CheckUps
from app.services.jobs.queue import JobKind
from app.worker.child_run import ChildRun
from app.worker.with_result import WithResult


@dataclass(slots=True)
class Checker(WithResult):
    check_ups: CheckUps

    kind: ClassVar[JobKind] = "check_up"
    module: ClassVar[str] = "app.worker.checking"

    def finish(self, run: ChildRun, result: Any) -> None:
        self.check_ups.finish(run.claim, result)
