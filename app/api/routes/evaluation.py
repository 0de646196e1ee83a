"""Evaluation questions of a knowledge base, and evaluation runs."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from pydantic import ConfigDict, Field

from app.api.deps import COUNTED_WRITING, App, Reading, Writing
from app.api.routes.jobs import JobState
from app.api.wire import Wire
from app.services.improvement.regression import Expected

router = APIRouter(prefix="/api", tags=["evaluation"])


class EvalQuestionCreate(Wire):
    """At least one of `document_ids` and `answer`."""

    question: str = Field(min_length=1, max_length=8000)
    document_ids: list[str] = Field(default_factory=list, max_length=20)
    source_text: str = Field("", max_length=20_000)
    answer: str = Field("", max_length=20_000)


class EvalQuestionOut(Wire):
    model_config = ConfigDict(extra="ignore", from_attributes=True)

    id: str
    base_id: str
    question: str
    document_ids: list[str]
    source_text: str
    answer: str
    origin: Literal["manual", "rating", "correction"]
    created_at: datetime


class Collected(Wire):
    added: int


class EvalRunCreate(Wire):
    """`changes`: settings by name, with values as in the environment."""

    changes: dict[str, str] = Field(default_factory=dict, max_length=20)
    answers: bool = False


class EvalRunOut(Wire):
    """`result` holds the metrics, and of a single run every question. The id is that of its job,
    which can be cancelled: `POST /api/jobs/{id}/cancel`."""

    id: str
    state: JobState
    stage: str  # of a running one, e.g. questions_searched
    done: int
    total: int
    jobs_before: int | None = None  # while it waits: runs that are measured first
    started_at: datetime
    changes: dict[str, str]
    answers: bool
    error_code: str | None = None
    error: str
    result: dict[str, Any]


class DifferenceOut(Wire):
    """Means over the questions of both runs; `low` to `high` is the 95% interval."""

    metric: str
    before: float
    after: float
    mean: float
    low: float
    high: float
    questions: int


class ChangeOut(Wire):
    question: str
    before: float
    after: float


class ComparisonOut(Wire):
    leading: str  # the metric that decides better and worse
    differences: list[DifferenceOut]
    better: list[ChangeOut]
    worse: list[ChangeOut]


@router.get("/bases/{base_id}/questions")
def list_questions(base_id: str, access: Reading, app: App) -> list[EvalQuestionOut]:
    """The evaluation questions of a knowledge base."""
    return [EvalQuestionOut.model_validate(q) for q in app.regression.questions(access, base_id)]


@router.post("/bases/{base_id}/questions", status_code=201)
def add_question(
    base_id: str, body: EvalQuestionCreate, access: Writing, app: App
) -> EvalQuestionOut:
    """Add a question with its expected documents, passage or answer."""
    expected = Expected(tuple(body.document_ids), body.source_text, body.answer)
    stored = app.regression.add(access, base_id, body.question, expected)
    return EvalQuestionOut.model_validate(stored)


@router.post("/bases/{base_id}/questions/collect")
def collect_questions(base_id: str, access: Writing, app: App) -> Collected:
    """Add questions from ratings with a correct source or a corrected answer."""
    return Collected(added=app.regression.collect(access, base_id))


@router.delete("/questions/{question_id}", status_code=204)
def delete_question(question_id: str, access: Writing, app: App) -> None:
    """Delete a question."""
    app.regression.delete(access, question_id)


@router.get("/bases/{base_id}/evaluations")
def list_runs(base_id: str, access: Reading, app: App) -> list[EvalRunOut]:
    """Evaluation runs, newest first, with their metrics."""
    return [EvalRunOut.model_validate(run) for run in app.evaluations.all(access, base_id)]


@router.post("/bases/{base_id}/evaluations", status_code=202, dependencies=COUNTED_WRITING)
def start_run(base_id: str, body: EvalRunCreate, access: Writing, app: App) -> EvalRunOut:
    """Have the worker measure the base, with some settings changed for it. Runs wait for each
    other; 409 where ten of yours do. The tokens of its answers count on your account."""
    run = app.evaluations.start(access, base_id, body.changes, answers=body.answers)
    return EvalRunOut.model_validate(run)


@router.get("/bases/{base_id}/evaluations/{run_id}")
def read_run(base_id: str, run_id: str, access: Reading, app: App) -> EvalRunOut:
    """One run with all its questions."""
    return EvalRunOut.model_validate(app.evaluations.get(access, base_id, run_id))


@router.get("/bases/{base_id}/evaluations/{run_id}/report", response_class=HTMLResponse)
def read_report(base_id: str, run_id: str, access: Reading, app: App) -> str:
    """The report of a run, as HTML."""
    return app.evaluations.report(access, base_id, run_id)


@router.get("/bases/{base_id}/evaluations/{run_id}/compare")
def compare_runs(
    base_id: str, run_id: str, before: str, access: Reading, app: App
) -> ComparisonOut:
    """Questions that got better or worse since the run `before`."""
    return ComparisonOut.model_validate(app.evaluations.compare(access, base_id, before, run_id))


@router.get("/evaluation/report", response_class=HTMLResponse)
def public_report(access: Reading, app: App) -> str:
    """The report written by `zhiwen eval report` on public datasets; 404 if there is none."""
    return app.evaluations.public_report()
