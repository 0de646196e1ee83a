"""Lists, searches, renames and deletes conversations."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, exists, func, or_, select

from app.db.engine import Database
from app.db.tables import Conversation, StoredFeedback, StoredMessage, utc_now
from app.services.errors import Invalid, NotFound
from app.services.library.bases import get_base


def get_conversation(session: Session, conversation_id: str) -> Conversation:
    """The conversation, or NotFound."""
    conversation = session.get(Conversation, conversation_id)
    if conversation is None:
        raise NotFound("conversation", conversation_id)
    return conversation


def get_message(session: Session, message_id: str) -> StoredMessage:
    """The message, or NotFound."""
    message = session.get(StoredMessage, message_id)
    if message is None:
        raise NotFound("message", message_id)
    return message


@dataclass(frozen=True, slots=True)
class MessageView:
    message: StoredMessage
    feedback: StoredFeedback | None


@dataclass(frozen=True, slots=True)
class Conversations:
    db: Database

    def page(self, *, query: str, limit: int, offset: int) -> tuple[list[Conversation], int]:
        """Conversations, newest first; `query` searches titles and messages."""
        with self.db.read() as session:
            where = []
            if query.strip():
                words = query.strip()
                in_messages = exists().where(
                    col(StoredMessage.conversation_id) == col(Conversation.id),
                    col(StoredMessage.content).icontains(words, autoescape=True),
                )
                in_title = col(Conversation.title).icontains(words, autoescape=True)
                where.append(or_(in_title, in_messages))
            total = session.exec(select(func.count()).select_from(Conversation).where(*where)).one()
            rows = session.exec(
                select(Conversation)
                .where(*where)
                .order_by(col(Conversation.updated_at).desc(), col(Conversation.id))
                .limit(limit)
                .offset(offset)
            )
            return list(rows), total

    def get(self, conversation_id: str) -> tuple[Conversation, list[MessageView]]:
        """The conversation with its messages in order, oldest variants first."""
        with self.db.read() as session:
            conversation = get_conversation(session, conversation_id)
            rows = session.exec(
                select(StoredMessage, StoredFeedback)
                .outerjoin(StoredFeedback, col(StoredFeedback.message_id) == col(StoredMessage.id))
                .where(StoredMessage.conversation_id == conversation_id)
                .order_by(col(StoredMessage.position), col(StoredMessage.variant))
            )
            return conversation, [MessageView(message, feedback) for message, feedback in rows]

    def message(self, message_id: str) -> MessageView:
        with self.db.read() as session:
            message = get_message(session, message_id)
            return MessageView(message, session.get(StoredFeedback, message_id))

    def update(
        self, conversation_id: str, title: str | None, base_ids: Sequence[str] | None
    ) -> Conversation:
        """Changes title or bases. Raises NotFound, Invalid."""
        with self.db.write() as session:
            conversation = get_conversation(session, conversation_id)
            if title is not None:
                if not title.strip():
                    raise Invalid("The title is empty.", code="empty_title")
                conversation.title = title.strip()
            if base_ids is not None:
                for base_id in base_ids:
                    get_base(session, base_id)
                conversation.base_ids = list(base_ids)
            conversation.updated_at = utc_now()
            session.add(conversation)
            return conversation

    def delete(self, conversation_id: str) -> None:
        """Deletes the conversation with its messages and their feedback."""
        with self.db.write() as session:
            session.delete(get_conversation(session, conversation_id))
