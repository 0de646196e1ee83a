"""Feedback on answers."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from app.api.deps import App, Asking, Limit, Offset, Reading
from app.api.wire import Wire
from app.db.tables import StoredFeedback

router = APIRouter(prefix="/api", tags=["conversations and feedback"])

Rating = Literal["up", "down"]
Reason = Literal["wrong", "not_in_sources", "source_missing", "out_of_date", "badly_written"]


class FeedbackIn(Wire):
    rating: Rating
    reason: Reason | None = None
    comment: str = Field("", max_length=10_000)
    correction: str = Field("", max_length=50_000)
    right_chunk_id: int | None = None


class FeedbackOut(FeedbackIn):
    message_id: str
    trace_id: str = ""  # of the rated answer
    created_at: datetime
    updated_at: datetime


class FeedbackItem(FeedbackOut):
    conversation_id: str
    question: str
    answer: str


class FeedbackList(Wire):
    items: list[FeedbackItem]
    total: int


def feedback_out(feedback: StoredFeedback) -> FeedbackOut:
    return FeedbackOut.model_validate(feedback.model_dump())


@router.put("/messages/{message_id}/feedback")
def put_feedback(message_id: str, body: FeedbackIn, access: Asking, app: App) -> FeedbackOut:
    """Rate an answer, or change the rating."""
    given = StoredFeedback(message_id=message_id, **body.model_dump())
    return feedback_out(app.feedback.put(access, message_id, given))


@router.delete("/messages/{message_id}/feedback", status_code=204)
def delete_feedback(message_id: str, access: Asking, app: App) -> None:
    """Delete the feedback on an answer."""
    app.feedback.delete(access, message_id)


@router.get("/feedback")
def list_feedback(
    access: Reading,
    app: App,
    rating: Rating | None = None,
    base_id: str | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> FeedbackList:
    """Rated answers, latest feedback first."""
    rows, total = app.feedback.page(
        access, rating=rating or "", base_id=base_id or "", limit=limit, offset=offset
    )
    items = [
        FeedbackItem(
            **row.feedback.model_dump(),
            conversation_id=row.answer.conversation_id,
            question=row.question,
            answer=row.answer.content,
        )
        for row in rows
    ]
    return FeedbackList(items=items, total=total)
