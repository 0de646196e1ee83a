"""From what services return to what is on the wire."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.api.schemas import (
    BaseOut,
    ConversationDetail,
    ConversationOut,
    DocumentOut,
    EngineOut,
    FeedbackOut,
    MessageOut,
    PassageOut,
)
from app.db.tables import Conversation, Feedback, StoredMessage
from app.rag.types import Passage
from app.services.answers.conversations import MessageView
from app.services.library.bases import BaseSummary
from app.services.library.documents import DocumentView
from app.services.operations.status import EngineView

_OF_SPEC = {
    *("name", "context_tokens", "size", "good_for", "price_in", "price_out"),
    *("max_running", "max_waiting"),
}


def base_out(summary: BaseSummary) -> BaseOut:
    base = summary.base
    return BaseOut(
        id=base.id,
        name=base.name,
        description=base.description,
        embedder=base.embedder,
        document_count=summary.document_count,
        ready_count=summary.ready_count,
        failed_count=summary.failed_count,
        chunk_count=summary.chunk_count,
        created_at=base.created_at,
    )


def engine_out(view: EngineView) -> EngineOut:
    engine = view.engine
    spec, breaker, queue = engine.spec, engine.breaker, engine.queue
    return EngineOut(
        **spec.model_dump(include=_OF_SPEC),
        model=spec.served_model,
        address=spec.url,
        ok=view.ok,
        ready=view.ready,
        state=breaker.state,
        next_try_s=round(breaker.wait_s, 1),
        failures=breaker.failures,
        last_error=engine.last_error,
        last_error_at=engine.last_error_at,
        running=queue.running,
        waiting=queue.waiting,
        since=view.since,
        todo=view.todo,
    )


def document_out(view: DocumentView) -> DocumentOut:
    fields = view.document.model_dump(include=set(DocumentOut.model_fields))
    return DocumentOut.model_validate({**fields, "done": view.done, "total": view.total})


def passage_out(passage: Passage | Mapping[str, Any]) -> PassageOut:
    """Of a passage, or of one kept with an answer."""
    return PassageOut.model_validate(asdict(passage) if isinstance(passage, Passage) else passage)


def feedback_out(feedback: Feedback) -> FeedbackOut:
    return FeedbackOut.model_validate(feedback.model_dump())


def message_out(message: StoredMessage, feedback: Feedback | None = None) -> MessageOut:
    fields = message.model_dump(include=set(MessageOut.model_fields))
    return MessageOut.model_validate(
        {
            **fields,
            "prompt_id": message.recipe.get("prompt"),
            "feedback": feedback_out(feedback) if feedback else None,
        }
    )


def conversation_out(conversation: Conversation) -> ConversationOut:
    return ConversationOut.model_validate(conversation.model_dump())


def conversation_detail(
    conversation: Conversation, messages: list[MessageView]
) -> ConversationDetail:
    return ConversationDetail(
        **conversation.model_dump(),
        messages=[message_out(view.message, view.feedback) for view in messages],
    )
