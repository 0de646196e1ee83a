"""Questions and runs of the stand-in. A run waits until a test has it begin or end."""

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from app.api.routes.evaluation import (
    Collected,
    ComparisonOut,
    EvalQuestionCreate,
    EvalQuestionOut,
    EvalRunCreate,
    EvalRunOut,
)
from app.api.routes.improving.changes import AcceptIn, AnswerChangesOut
from app.api.routes.jobs import JobOut
from tests.ui.stand_in.improvement import job
from tests.ui.stand_in.service import Application, Refused, changes_out, new_id, now


def add_evaluation_routes(api: FastAPI, application: Application) -> None:
    add_question_routes(api, application)

    @api.get("/api/bases/{key}/evaluations")
    async def runs(key: str) -> list[EvalRunOut]:
        return application.runs

    @api.post("/api/bases/{key}/evaluations", status_code=202)
    async def start(key: str, body: EvalRunCreate) -> EvalRunOut:
        if "data_dir" in body.changes:
            raise Refused(422, "bad_setting", "Not a setting to try: data_dir.")
        run = EvalRunOut(
            id=new_id(),
            state="queued",
            stage="queued",
            done=0,
            total=0,
            jobs_before=len(
                [run for run in application.runs if run.state in ("queued", "running")]
            ),
            started_at=now(),
            changes=body.changes,
            answers=body.answers,
            error="",
            result={},
        )
        application.runs.insert(0, run)
        return run

    @api.get("/api/bases/{key}/evaluations/{run_id}")
    async def one(key: str, run_id: str) -> EvalRunOut:
        return next(run for run in application.runs if run.id == run_id)

    @api.post("/api/jobs/{key}/cancel")
    async def cancel(key: str) -> None:
        place = next(n for n, run in enumerate(application.runs) if run.id == key)
        if application.runs[place].state not in ("queued", "running"):
            raise Refused(409, "conflict", "The job is done.")
        application.runs[place] = application.runs[place].model_copy(update={"state": "cancelled"})

    @api.get("/api/bases/{key}/evaluations/{run_id}/compare")
    async def compare(key: str, run_id: str, before: str) -> ComparisonOut:
        assert application.comparison is not None
        return application.comparison

    @api.get("/api/bases/{key}/changes")
    async def changed(key: str) -> AnswerChangesOut:
        return application.changes

    @api.post("/api/bases/{key}/changes", status_code=202)
    async def record(key: str) -> JobOut:
        application.changes.job = job("record", base_id=key)
        return application.changes.job

    @api.post("/api/bases/{key}/changes/accept", status_code=204)
    async def accept(key: str, body: AcceptIn) -> None:
        if body.recording_id != application.changes.recording_id:
            raise Refused(409, "newer_answers", "There are newer answers than these.")
        application.changes = changes_out(
            job=application.changes.job,
            recording_id=body.recording_id,
            recorded_at=application.changes.recorded_at,
            accepted=True,
        )

    @api.get("/api/evaluation/report", response_class=HTMLResponse)
    async def report() -> str:
        if not application.report:
            raise Refused(404, "not_found", "There is no report.")
        return application.report


def add_question_routes(api: FastAPI, application: Application) -> None:
    @api.get("/api/bases/{key}/questions")
    async def questions(key: str) -> list[EvalQuestionOut]:
        return [question for question in application.questions.values() if question.base_id == key]

    @api.post("/api/bases/{key}/questions", status_code=201)
    async def add(key: str, body: EvalQuestionCreate) -> EvalQuestionOut:
        if not body.document_ids and not body.answer:
            raise Refused(422, "nothing_expected", "Name an expected source or answer.")
        question = EvalQuestionOut(
            id=new_id(), base_id=key, origin="manual", created_at=now(), **body.model_dump()
        )
        application.questions[question.id] = question
        return question

    @api.delete("/api/questions/{key}", status_code=204)
    async def delete(key: str) -> None:
        application.questions.pop(key)

    @api.post("/api/bases/{key}/questions/collect")
    async def collect(key: str) -> Collected:
        return Collected(added=2)
