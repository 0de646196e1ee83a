"""Approved answers: a person's answers, given to the same questions."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from app.api.deps import App, Reading, Writing
from app.api.wire import Wire
from app.services.errors import Invalid
from app.services.improvement.approved import ApprovedView

router = APIRouter(prefix="/api", tags=["conversations and feedback"])


class ApprovedIn(Wire):
    """A rated answer by `message_id`, its correction if it has one; or a pair written by hand."""

    message_id: str | None = None
    question: str = Field("", max_length=8_000)
    answer: str = Field("", max_length=50_000)
    base_ids: list[str] = Field(default_factory=list, max_length=1000)


class ApprovedSourceOut(Wire):
    document_id: str
    start: int
    end: int


class ApprovedOut(Wire):
    """`standing`: `current`; or `changed` or `removed`, as happened to a document it rests on: then
    the answer is not given any more. It is given where all of `base_ids` are asked."""

    id: str
    question: str
    answer: str
    base_ids: list[str]
    document_names: list[str]
    sources: list[ApprovedSourceOut]
    standing: Literal["current", "changed", "removed"]
    message_id: str | None
    created_at: datetime


def approved_out(view: ApprovedView) -> ApprovedOut:
    approved = view.approved
    return ApprovedOut(
        id=approved.id,
        question=approved.question,
        answer=approved.answer,
        base_ids=list(view.base_ids),
        document_names=list(dict.fromkeys(p["document_name"] for p in approved.passages)),
        sources=[
            ApprovedSourceOut(document_id=s["document_id"], start=s["start"], end=s["end"])
            for s in approved.sources
        ],
        standing=view.standing,
        message_id=approved.message_id,
        created_at=approved.created_at,
    )


@router.get("/approved")
def list_approved(access: Reading, app: App, base_id: str = "") -> list[ApprovedOut]:
    """Approved answers, newest first; of one base, or of all."""
    return [approved_out(view) for view in app.approved.all(access, base_id)]


@router.post("/approved", status_code=201)
def approve(body: ApprovedIn, access: Writing, app: App) -> ApprovedOut:
    """Approve an answer: from now on it is given to the same question."""
    if body.message_id is None:
        return approved_out(app.approved.add(access, body.question, body.answer, body.base_ids))
    if body.question or body.answer or body.base_ids:
        raise Invalid("Name a rated answer, or write a pair, not both.", code="ambiguous")
    return approved_out(app.approved.approve(access, body.message_id))


@router.delete("/approved/{approved_id}", status_code=204)
def withdraw(approved_id: str, access: Writing, app: App) -> None:
    """Withdraw an approved answer. Answers that gave it stay in their conversations."""
    app.approved.remove(access, approved_id)
