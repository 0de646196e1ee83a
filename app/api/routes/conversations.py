"""Conversations."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from app.api.deps import App, Asking, Limit, Offset
from app.api.routes.messages import MessageOut, message_out
from app.api.wire import Wire
from app.db.tables import Conversation
from app.services.answers.conversations import MessageView
from app.services.people.access import Access
from app.wiring.application import Zhiwen

router = APIRouter(prefix="/api", tags=["conversations and feedback"])


_NOT_SHOWN = {"owner_id", "attached_id"}  # the base may have expired


class ConversationOut(Wire):
    id: str
    title: str
    base_ids: list[str]
    model: str | None = None  # engine name or `auto`
    pinned: bool = False
    created_at: datetime
    updated_at: datetime


class ShownMessage(MessageOut):
    siblings: list[str] = Field(
        [],
        description="Of a question that was asked in other words as well: ids of all questions in "
        "its place, with itself, in the order of asking",
    )


class ConversationDetail(ConversationOut):
    """The messages of the branch that is shown, in order. A regenerated answer has several
    variants, the newest last."""

    messages: list[ShownMessage]
    attached_id: str | None = Field(None, description="The knowledge base of its attached files")


class ConversationUpdate(Wire):
    title: str | None = Field(None, min_length=1, max_length=200)
    base_ids: list[str] | None = Field(None, max_length=1000)
    pinned: bool | None = None


class ConversationList(Wire):
    items: list[ConversationOut]
    total: int


def conversation_out(conversation: Conversation) -> ConversationOut:
    return ConversationOut.model_validate(conversation.model_dump(exclude=_NOT_SHOWN))


def conversation_detail(
    conversation: Conversation, messages: list[MessageView], attached_id: str | None
) -> ConversationDetail:
    return ConversationDetail(
        **conversation.model_dump(exclude=_NOT_SHOWN),
        messages=[
            ShownMessage(
                **message_out(view.message, view.feedback).model_dump(),
                siblings=list(view.siblings),
            )
            for view in messages
        ],
        attached_id=attached_id,
    )


@router.get("/conversations")
def list_conversations(
    access: Asking, app: App, q: str = "", limit: Limit = 50, offset: Offset = 0
) -> ConversationList:
    """Conversations, pinned ones first, then the newest; `q` searches titles and the messages that
    are shown."""
    found, total = app.conversations.page(access, query=q, limit=limit, offset=offset)
    return ConversationList(items=[conversation_out(c) for c in found], total=total)


@router.get("/conversations/{conversation_id}")
def read_conversation(conversation_id: str, access: Asking, app: App) -> ConversationDetail:
    """A conversation with the messages of the branch that is shown, and their feedback."""
    return _read(conversation_id, access, app)


@router.post("/messages/{message_id}/show")
def show_message(message_id: str, access: Asking, app: App) -> ConversationDetail:
    """Show the branch of this message in its conversation, from now on and everywhere. Questions
    below it are those that were shown last."""
    return _read(app.conversations.show(access, message_id), access, app)


def _read(conversation_id: str, access: Access, app: Zhiwen) -> ConversationDetail:
    conversation, messages = app.conversations.get(access, conversation_id)
    attached_id = app.bases.attached(access, conversation.attached_id)
    return conversation_detail(conversation, messages, attached_id)


@router.patch("/conversations/{conversation_id}")
def update_conversation(
    conversation_id: str, body: ConversationUpdate, access: Asking, app: App
) -> ConversationOut:
    """Change title or knowledge bases, pin or unpin."""
    return conversation_out(app.conversations.update(access, conversation_id, **body.model_dump()))


@router.delete("/conversations/{conversation_id}", status_code=204)
def delete_conversation(conversation_id: str, access: Asking, app: App) -> None:
    """Delete a conversation with all its branches and their feedback."""
    app.conversations.delete(access, conversation_id)
