"""Answers the questions of bases that wait for it (`recording.py`)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from app.db.tables import RecordedAnswer
from app.services.improvement.changes.recordings import Recordings
from app.services.jobs.queue import JobKind
from app.worker.child_run import ChildRun
from app.worker.with_result import WithResult


@dataclass(slots=True)
class Recorder(WithResult):
    recordings: Recordings

    kind: ClassVar[JobKind] = "record"
    module: ClassVar[str] = "app.worker.recording"

    def finish(self, run: ChildRun, result: Any) -> None:
        answers = [RecordedAnswer(**each) for each in result["answers"]]
        self.recordings.finish(run.claim, result["fingerprint"], answers, result.get("tokens", 0))
