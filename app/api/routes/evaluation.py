"""Questions that a knowledge base is measured by, and the runs that measure it."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.api.deps import House
from app.api.schemas import (
    Collected,
    ComparisonOut,
    EvalQuestionCreate,
    EvalQuestionOut,
    EvalRunCreate,
    EvalRunOut,
)
from app.services.improvement.regression import Expected

router = APIRouter(prefix="/api", tags=["evaluation"])


@router.get("/bases/{base_id}/questions")
def list_questions(base_id: str, house: House) -> list[EvalQuestionOut]:
    """The regression set of a base."""
    return [EvalQuestionOut.model_validate(q) for q in house.regression.questions(base_id)]


@router.post("/bases/{base_id}/questions", status_code=201)
def add_question(base_id: str, body: EvalQuestionCreate, house: House) -> EvalQuestionOut:
    """Add a question with the documents, the passage or the answer expected of it."""
    expected = Expected(tuple(body.document_ids), body.source_text, body.answer)
    stored = house.regression.add(base_id, body.question, expected)
    return EvalQuestionOut.model_validate(stored)


@router.post("/bases/{base_id}/questions/collect")
def collect_questions(base_id: str, house: House) -> Collected:
    """Take questions from ratings that name the right source or hold a better answer."""
    return Collected(added=house.regression.collect(base_id))


@router.delete("/questions/{question_id}", status_code=204)
def delete_question(question_id: str, house: House) -> None:
    """Take a question out of its set."""
    house.regression.delete(question_id)


@router.get("/bases/{base_id}/evaluations")
def list_runs(base_id: str, house: House) -> list[EvalRunOut]:
    """Runs of the set, newest first, with their metrics."""
    return [EvalRunOut.model_validate(run) for run in house.evaluations.all(base_id)]


@router.post("/bases/{base_id}/evaluations", status_code=202)
def start_run(base_id: str, body: EvalRunCreate, house: House) -> EvalRunOut:
    """Measure in a process of its own, with some settings changed; 409 while another run goes."""
    house.bases.get(base_id)
    run = house.evaluations.start(base_id, body.changes, answers=body.answers)
    return EvalRunOut.model_validate(run)


@router.get("/bases/{base_id}/evaluations/{run_id}")
def read_run(base_id: str, run_id: str, house: House) -> EvalRunOut:
    """One run with every question of it."""
    return EvalRunOut.model_validate(house.evaluations.get(base_id, run_id))


@router.get("/bases/{base_id}/evaluations/{run_id}/report", response_class=HTMLResponse)
def read_report(base_id: str, run_id: str, house: House) -> str:
    """The run as a page of its own."""
    return house.evaluations.report(base_id, run_id)


@router.get("/bases/{base_id}/evaluations/{run_id}/compare")
def compare_runs(base_id: str, run_id: str, before: str, house: House) -> ComparisonOut:
    """What got better or worse since the run `before`."""
    return ComparisonOut.model_validate(house.evaluations.compare(base_id, before, run_id))


@router.get("/evaluation/report", response_class=HTMLResponse)
def public_report(house: House) -> str:
    """The page that `zhiwen eval report` wrote, of public sets; 404 where there is none."""
    return house.evaluations.public_report()
