"""Lists, searches, renames and deletes conversations."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, false
from sqlmodel import Session, col, exists, func, or_, select

from app.db.engine import Database
from app.db.tables import Conversation, StoredFeedback, StoredMessage, utc_now
from app.services.answers.closed_sources import close_sources
from app.services.errors import Invalid, NotFound
from app.services.people.access import Access
from app.services.people.grants import scope_of


def get_conversation(session: Session, access: Access, conversation_id: str) -> Conversation:
    """The conversation. Raises NotFound where it is not there or another person's."""
    conversation = session.get(Conversation, conversation_id)
    if conversation is None or not _is_own(access, conversation):
        raise NotFound("conversation", conversation_id)
    return conversation


def get_message(session: Session, access: Access, message_id: str) -> StoredMessage:
    """The message. Raises NotFound where it is not there or another person's."""
    message = session.get(StoredMessage, message_id)
    if message is None or not _is_own(
        access, session.get_one(Conversation, message.conversation_id)
    ):
        raise NotFound("message", message_id)
    return message


def _is_own(access: Access, conversation: Conversation) -> bool:
    """A conversation is its owner's alone, whatever roles others have. A key that is limited to
    some bases sees those about them only."""
    if access.unrestricted:
        return True
    if access.base_ids is not None and not access.base_ids.issuperset(conversation.base_ids):
        return False
    return conversation.owner_id == access.person_id


@dataclass(frozen=True, slots=True)
class MessageView:
    message: StoredMessage
    feedback: StoredFeedback | None


@dataclass(frozen=True, slots=True)
class Conversations:
    db: Database

    def page(
        self, access: Access, *, query: str, limit: int, offset: int
    ) -> tuple[list[Conversation], int]:
        """The person's conversations, newest first; `query` searches titles and messages."""
        with self.db.read() as session:
            where = [] if access.unrestricted else [_owned(access)]
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

    def get(self, access: Access, conversation_id: str) -> tuple[Conversation, list[MessageView]]:
        """The conversation with its messages in order, oldest variants first."""
        with self.db.read() as session:
            conversation = get_conversation(session, access, conversation_id)
            rows = session.exec(
                select(StoredMessage, StoredFeedback)
                .outerjoin(StoredFeedback, col(StoredFeedback.message_id) == col(StoredMessage.id))
                .where(StoredMessage.conversation_id == conversation_id)
                .order_by(col(StoredMessage.position), col(StoredMessage.variant))
            )
            views = [MessageView(message, feedback) for message, feedback in rows]
            close_sources(session, access, [view.message for view in views])
            return conversation, views

    def message(self, access: Access, message_id: str) -> MessageView:
        with self.db.read() as session:
            message = get_message(session, access, message_id)
            feedback = session.get(StoredFeedback, message_id)
            close_sources(session, access, [message])
            return MessageView(message, feedback)

    def update(
        self,
        access: Access,
        conversation_id: str,
        title: str | None,
        base_ids: Sequence[str] | None,
    ) -> Conversation:
        """Changes title or bases. Raises NotFound, Invalid."""
        with self.db.write() as session:
            conversation = get_conversation(session, access, conversation_id)
            if title is not None:
                if not title.strip():
                    raise Invalid("The title is empty.", code="empty_title")
                conversation.title = title.strip()
            if base_ids is not None:
                scope_of(session, access, base_ids)
                conversation.base_ids = list(base_ids)
            conversation.updated_at = utc_now()
            session.add(conversation)
            return conversation

    def delete(self, access: Access, conversation_id: str) -> None:
        """Deletes the conversation with its messages and their feedback."""
        with self.db.write() as session:
            session.delete(get_conversation(session, access, conversation_id))


def _owned(access: Access) -> ColumnElement[bool]:
    """A list cannot be limited to a key's bases, which are JSON: such keys get none."""
    own = col(Conversation.owner_id) == access.person_id
    return own if access.base_ids is None else false()
