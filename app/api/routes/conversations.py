"""Conversations."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from app.api.deps import App, Asking, Limit, Offset
from app.api.routes.messages import MessageOut, message_out
from app.api.wire import Wire
from app.db.tables import Conversation
from app.services.answers.conversations import MessageView

router = APIRouter(prefix="/api", tags=["conversations and feedback"])


class ConversationOut(Wire):
    id: str
    title: str
    base_ids: list[str]
    model: str | None = None  # engine name or `auto`
    created_at: datetime
    updated_at: datetime


class ConversationDetail(ConversationOut):
    """Messages in order; a regenerated answer has several variants, the newest last."""

    messages: list[MessageOut]


class ConversationUpdate(Wire):
    title: str | None = Field(None, min_length=1, max_length=200)
    base_ids: list[str] | None = Field(None, max_length=1000)


class ConversationList(Wire):
    items: list[ConversationOut]
    total: int


def conversation_out(conversation: Conversation) -> ConversationOut:
    return ConversationOut.model_validate(conversation.model_dump(exclude={"owner_id"}))


def conversation_detail(
    conversation: Conversation, messages: list[MessageView]
) -> ConversationDetail:
    return ConversationDetail(
        **conversation.model_dump(exclude={"owner_id"}),
        messages=[message_out(view.message, view.feedback) for view in messages],
    )


@router.get("/conversations")
def list_conversations(
    access: Asking, app: App, q: str = "", limit: Limit = 50, offset: Offset = 0
) -> ConversationList:
    """Conversations, newest first; `q` searches titles and messages."""
    found, total = app.conversations.page(access, query=q, limit=limit, offset=offset)
    return ConversationList(items=[conversation_out(c) for c in found], total=total)


@router.get("/conversations/{conversation_id}")
def read_conversation(conversation_id: str, access: Asking, app: App) -> ConversationDetail:
    """A conversation with its messages and their feedback."""
    return conversation_detail(*app.conversations.get(access, conversation_id))


@router.patch("/conversations/{conversation_id}")
def update_conversation(
    conversation_id: str, body: ConversationUpdate, access: Asking, app: App
) -> ConversationOut:
    """Change title or knowledge bases."""
    return conversation_out(
        app.conversations.update(access, conversation_id, body.title, body.base_ids)
    )


@router.delete("/conversations/{conversation_id}", status_code=204)
def delete_conversation(conversation_id: str, access: Asking, app: App) -> None:
    """Delete a conversation with its messages and their feedback."""
    app.conversations.delete(access, conversation_id)
    app.generations.stop_conversation(conversation_id)
