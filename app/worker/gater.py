"""Measures adapters that wait (`gating.py`) on the engine that will serve them."""

from dataclasses import dataclass
from typing import Any, ClassVar

from app.services.improvement.adapters import Adapters
from app.services.jobs.queue import Claim, JobKind
from app.worker.child_run import ChildRun
from app.worker.with_result import WithResult


@dataclass(slots=True)
class Gater(WithResult):
    adapters: Adapters

    kind: ClassVar[JobKind] = "gate"
    module: ClassVar[str] = "app.worker.gating"

    def subject(self, claim: Claim) -> str:
        name: str = claim.request["adapter"]
        return name

    def finish(self, run: ChildRun, result: Any) -> None:
        self.adapters.finish(run.claim, result)
