"""Runs evaluations that wait, one at a time, each in a process of its own.

The process writes into a folder: `progress.json` now and then, `result.json` and `result.html` at
its end, `log` all the time. It ends when its standard input does, so that a worker that is killed
leaves no process behind that measures for nobody.
"""

import json
import logging
import math
import shutil
import time
from dataclasses import dataclass
from typing import Any

from app.config import Settings
from app.db.errors import DatabaseBusy, StorageFull
from app.services.improvement.evaluations import EVALS, Evaluations
from app.services.jobs.queue import LEASE_S, Claim, Jobs
from app.worker.child_run import ChildRun

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Run(ChildRun):
    """A claimed evaluation and the process that measures it."""

    def progress(self) -> str:
        """As the process wrote it; empty where it has not yet."""
        try:
            return (self.folder / "progress.json").read_text("utf-8")
        except OSError:
            return ""

    def result(self) -> tuple[str, str] | None:
        """JSON and HTML; None where the process failed."""
        if self.process.returncode != 0:
            return None
        try:
            found = (self.folder / name for name in ("result.json", "result.html"))
            result, report = (path.read_text("utf-8") for path in found)
        except OSError:
            return None
        return result, report


@dataclass(slots=True)
class Evaluator:
    """Claims as `worker`. Call `look` now and then, and `stop` at the end."""

    settings: Settings
    jobs: Jobs
    evaluations: Evaluations
    worker: str
    run: Run | None = None
    _renewed_at: float = -math.inf

    def look(self) -> None:
        """Start an evaluation that waits, or see how the running one is."""
        if self.run is None:
            if self.jobs.waiting("evaluate"):
                claim = self.jobs.claim(self.worker, "evaluate")
                self.run = self._start(claim) if claim is not None else None
            return
        if not self.run.running:
            self._keep(self.run)
        elif not self._show(self.run):
            log.info("the evaluation %s was cancelled", self.run.claim.job_id)
            self.run.stop()
        else:
            return
        self.run.clean_up()
        self.run = None

    def stop(self) -> None:
        """End what runs and queue it again; that is no failed attempt."""
        if self.run is None:
            return
        self.run.stop()
        self.run.clean_up()
        self.run = None
        try:
            self.jobs.give_back(self.worker)
        except (StorageFull, DatabaseBusy) as error:  # then its lease runs out
            log.warning("%s", error)

    def _start(self, claim: Claim) -> Run:
        folder = self.settings.data_dir.absolute() / "evals" / "running" / claim.job_id
        shutil.rmtree(folder, ignore_errors=True)  # of an attempt that was killed
        folder.mkdir(parents=True)
        command = ["base", claim.base_id, "--folder", str(folder)]
        command += ["--answers"] if claim.request["answers"] else []
        for name, value in claim.request["changes"].items():
            command += ["--set", f"{name}={value}"]
        return Run.start(claim, folder, [EVALS, *command], self.settings.as_environment())

    def _show(self, run: Run) -> bool:
        """Keep the claim and show how far it is. False where the job was cancelled or lost."""
        if time.monotonic() - self._renewed_at > LEASE_S / 3:
            self.jobs.renew(self.worker)
            self._renewed_at = time.monotonic()
        progress = run.progress()
        if not progress or progress == run.shown:
            return self.jobs.holds(run.claim)
        run.shown = progress
        found: dict[str, Any] = json.loads(progress)
        return self.jobs.progress(run.claim, found["stage"], found["done"], found["total"])

    def _keep(self, run: Run) -> None:
        if (found := run.result()) is not None:
            self.evaluations.finish(run.claim, *found)
        else:
            self.jobs.fail(run.claim, "failed", run.reason())
