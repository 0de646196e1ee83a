"""Runs of a base's own questions: jobs that a worker measures, with what came out of them."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, col, select

from app.config import Settings
from app.db.engine import Database
from app.db.tables import Evaluation, Job, utc_now
from app.services.errors import Conflict, Invalid, NotFound
from app.services.improvement.evaluation_files import move_into_database
from app.services.jobs.queue import UNFINISHED, Claim, claimed_job, jobs_before
from app.services.library.bases import get_whole_base
from app.services.people.access import Access
from app.services.people.usage import DailyLimits, Usage, asked_by

EVALS = "evals.cli"  # by name: the package above this one
# What a trial may change: how a base is cut, searched and answered. Not where things are, who may
# reach them, what is logged, or how much of the machine a file may take.
_TRIED = frozenset(
    {
        *("chunk_tokens", "embedder", "top_k", "candidates", "dense_weight", "rewrite_follow_ups"),
        *("reranker", "rerank_seconds", "abstain", "judge", "answer_cache", "temperature"),
        *("context_tokens", "max_prompt_tokens", "max_answer_tokens", "tool_steps"),
    }
)
# Of models: a name, no folder of this machine.
_MODELS = ("embedder", "reranker")
_FOLDER = re.compile(r"[/\\\0]|^\.")
_COMPARE_TIMEOUT_S = 60.0
_MOST_WAITING = 10  # runs of a person: their tokens are known only once they have ended
_TOKENS = ("prompt_tokens", "completion_tokens")


@dataclass(frozen=True, slots=True)
class EvalRun:
    """`jobs_before`: how many are to be measured first, while it waits. `result` is empty until
    the run is done, `error` unless it failed."""

    id: str
    state: str  # queued, running, done, failed, cancelled
    started_at: datetime
    changes: dict[str, str]
    answers: bool
    stage: str
    done: int
    total: int
    jobs_before: int | None = None
    error_code: str | None = None
    error: str = ""
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluations:
    settings: Settings
    db: Database

    def start(
        self, access: Access, base_id: str, changes: Mapping[str, str], *, answers: bool
    ) -> EvalRun:
        """Queue a run with some settings changed for it. Raises NotFound, Forbidden, Invalid, and
        Conflict where enough of the person's wait."""
        self._check(changes)
        request = {"changes": dict(changes), "answers": answers, **asked_by(access)}
        with self.db.write() as session:
            get_whole_base(session, access, base_id)
            _refuse_too_many(session, access)
            job = Job(kind="evaluate", base_id=base_id, request=request)
            session.add(job)
        return self.get(access, base_id, job.id)

    def all(self, access: Access, base_id: str) -> list[EvalRun]:
        """Newest first, with their metrics. Raises NotFound, Forbidden."""
        with self.db.read() as session:
            get_whole_base(session, access, base_id)
            jobs = session.exec(
                select(Job, Evaluation.metrics)
                .outerjoin(Evaluation)
                .where(Job.kind == "evaluate", Job.base_id == base_id)
                .order_by(col(Job.created_at).desc(), col(Job.id).desc())
            ).all()
            before = jobs_before(session, [job.id for job, _ in jobs])
        return [
            _run(job, before.get(job.id), {"metrics": metrics} if metrics is not None else {})
            for job, metrics in jobs
        ]

    def get(self, access: Access, base_id: str, run_id: str) -> EvalRun:
        """With its whole result. Raises NotFound, Forbidden."""
        with self.db.read() as session:
            get_whole_base(session, access, base_id)
            job = _job(session, base_id, run_id)
            stored = session.get(Evaluation, run_id)
            before = jobs_before(session, [run_id])
        return _run(job, before.get(run_id), json.loads(stored.result) if stored else {})

    def report(self, access: Access, base_id: str, run_id: str) -> str:
        """HTML. Raises NotFound, Forbidden."""
        return self._stored(access, base_id, run_id).report

    def compare(self, access: Access, base_id: str, before: str, after: str) -> dict[str, Any]:
        """Differences and the questions that changed. Raises NotFound, Forbidden, Invalid."""
        with tempfile.TemporaryDirectory(prefix="zhiwen-compare-") as folder:
            paths = []
            for name, run_id in (("before", before), ("after", after)):
                path = Path(folder) / f"{name}.json"
                path.write_text(self._stored(access, base_id, run_id).result, encoding="utf-8")
                paths.append(str(path))
            found = subprocess.run(
                [sys.executable, "-m", EVALS, "compare", *paths, "--json"],
                env={**os.environ, **self.settings.as_environment()},
                capture_output=True,
                timeout=_COMPARE_TIMEOUT_S,
                check=False,
            )
        if found.returncode:
            raise Invalid(found.stderr.decode(errors="replace").strip(), code="not_comparable")
        compared: dict[str, Any] = json.loads(found.stdout)
        return compared

    def finish(self, claim: Claim, result: str, report: str) -> None:
        """Keep what was measured and end the job, unless the claim was lost."""
        with self.db.write() as session:
            if (job := claimed_job(session, claim)) is None:
                return
            job.state = job.stage = "done"
            job.updated_at = utc_now()
            session.add(job)
            metrics = json.loads(result)["metrics"]
            session.add(Evaluation(job_id=job.id, metrics=metrics, result=result, report=report))
        records = json.loads(result).get("records", ())
        tokens = sum(r["details"].get(n, 0) for r in records for n in _TOKENS)
        Usage(self.db, DailyLimits()).charge_job(claim.request, tokens)

    def public_report(self) -> str:
        """The page that `zhiwen eval report` wrote last. Raises NotFound."""
        path = self.settings.data_dir / "evals" / "report.html"
        if not path.is_file():
            raise NotFound("report", "of the public sets")
        return path.read_text(encoding="utf-8")

    def move_files(self) -> None:
        """Take in the runs that earlier versions kept in files."""
        move_into_database(self.db, self.settings.data_dir / "evals" / "own")

    def _check(self, changes: Mapping[str, str]) -> None:
        fixed = [name for name in changes if name not in _TRIED]
        fixed += [name for name in _MODELS if _FOLDER.search(changes.get(name, ""))]
        if fixed:
            raise Invalid(f"Not a setting to try: {', '.join(fixed)}.", code="bad_setting")
        given = {name: getattr(self.settings, name) for name in self.settings.model_fields_set}
        try:
            Settings(**{**given, **changes})
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]["msg"]
            raise Invalid(f"These settings are not valid: {problem}", code="bad_setting") from error

    def _stored(self, access: Access, base_id: str, run_id: str) -> Evaluation:
        with self.db.read() as session:
            get_whole_base(session, access, base_id)
            _job(session, base_id, run_id)
            stored = session.get(Evaluation, run_id)
        if stored is None:
            raise NotFound("result of the run", run_id)
        return stored


def _refuse_too_many(session: Session, access: Access) -> None:
    waiting = session.exec(
        select(Job.request).where(Job.kind == "evaluate", col(Job.state).in_(UNFINISHED))
    )
    own = sum(
        request.get("asked_by", {}).get("person_id") == access.person_id for request in waiting
    )
    if own >= _MOST_WAITING and not access.unrestricted:
        raise Conflict(f"{own} of your runs wait already.", code="too_many_runs")


def _job(session: Session, base_id: str, run_id: str) -> Job:
    job = session.get(Job, run_id)
    if job is None or job.kind != "evaluate" or job.base_id != base_id:
        raise NotFound("run", run_id)
    return job


def _run(job: Job, before: int | None, result: dict[str, Any]) -> EvalRun:
    return EvalRun(
        job.id,
        job.state,
        job.created_at,
        job.request["changes"],
        job.request["answers"],
        job.stage,
        job.done,
        job.total,
        before,
        job.error_code,
        job.error_detail or "",
        result,
    )
