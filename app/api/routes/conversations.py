"""Conversations, and the judgement of their answers."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from app.api.deps import House, Limit, Offset
from app.api.schemas import (
    ConversationDetail,
    ConversationList,
    ConversationOut,
    ConversationUpdate,
    ExportReport,
    FeedbackIn,
    FeedbackItem,
    FeedbackList,
    FeedbackOut,
    LeftOut,
    Rating,
)
from app.api.views import conversation_detail, conversation_out, feedback_out
from app.db.tables import Feedback
from app.services.errors import Invalid
from app.tuning.errors import SelectionInvalid
from app.tuning.export import jsonl
from app.tuning.types import Format, Selection

router = APIRouter(prefix="/api", tags=["conversations and feedback"])

Base = Annotated[str | None, Query(alias="base_id")]


@router.get("/conversations")
def list_conversations(
    house: House, q: str = "", limit: Limit = 50, offset: Offset = 0
) -> ConversationList:
    """Newest first; `q` looks into titles and messages."""
    found, total = house.conversations.page(query=q, limit=limit, offset=offset)
    return ConversationList(items=[conversation_out(c) for c in found], total=total)


@router.get("/conversations/{conversation_id}")
def read_conversation(conversation_id: str, house: House) -> ConversationDetail:
    """A conversation with its messages and their judgements."""
    return conversation_detail(*house.conversations.get(conversation_id))


@router.patch("/conversations/{conversation_id}")
def update_conversation(
    conversation_id: str, body: ConversationUpdate, house: House
) -> ConversationOut:
    """Rename it, or choose other bases for it."""
    return conversation_out(house.conversations.update(conversation_id, body.title, body.base_ids))


@router.delete("/conversations/{conversation_id}", status_code=204)
def delete_conversation(conversation_id: str, house: House) -> None:
    """Delete it with its messages and their judgements."""
    house.generations.stop_conversation(conversation_id)
    house.conversations.delete(conversation_id)


@router.put("/messages/{message_id}/feedback")
def put_feedback(message_id: str, body: FeedbackIn, house: House) -> FeedbackOut:
    """Judge an answer, or change the judgement."""
    given = Feedback(message_id=message_id, **body.model_dump())
    return feedback_out(house.judgements.put(message_id, given))


@router.delete("/messages/{message_id}/feedback", status_code=204)
def delete_feedback(message_id: str, house: House) -> None:
    """Take the judgement back."""
    house.judgements.delete(message_id)


@router.get("/feedback")
def list_feedback(
    house: House,
    rating: Rating | None = None,
    base_id: Base = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> FeedbackList:
    """Judged answers, the newest judgement first."""
    rows, total = house.judgements.page(
        rating=rating or "", base_id=base_id or "", limit=limit, offset=offset
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


def _selection(
    base_id: Base = None,
    rating: Rating | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Selection:
    try:
        return Selection(base_id=base_id, rating=rating, since=since, until=until)
    except SelectionInvalid as error:
        raise Invalid(str(error), code="selection") from error


Filters = Annotated[Selection, Depends(_selection)]


@router.get("/export", response_class=Response)
def export(house: House, format: Annotated[Format, Query()], filters: Filters) -> Response:
    """Judged answers as a JSON Lines file for fine-tuning."""
    rows, _ = house.judgements.export(format, filters)
    return Response(
        "".join(jsonl(rows)).encode(),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="zhiwen-{format}.jsonl"'},
    )


@router.get("/export/report")
def export_report(
    house: House, format: Annotated[Format, Query()], filters: Filters
) -> ExportReport:
    """What the export holds, and what was left out and why."""
    _, report = house.judgements.export(format, filters)
    return ExportReport(
        format=report.format,
        considered=report.considered,
        exported=report.exported,
        left_out=[
            LeftOut(message_id=item.message_id, reason=item.reason.words)
            for item in report.left_out
        ],
    )
