"""Lists, searches, renames and deletes conversations."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, false
from sqlmodel import Session, col, exists, func, or_, select

from app.db.engine import Database
from app.db.tables import Conversation, StoredFeedback, StoredMessage, utc_now
from app.services.answers.answer_cache import names_origin, without_origin
from app.services.answers.branches.showing import show
from app.services.answers.branches.tree import Tree, tree_of
from app.services.answers.closed_sources import close_sources
from app.services.errors import Conflict, Invalid, NotFound
from app.services.library.bases import attached_among
from app.services.library.removal import remove_base
from app.services.people.access import Access
from app.services.people.grants import scope_of


def get_conversation(
    session: Session, access: Access, conversation_id: str, *, lock: bool = False
) -> Conversation:
    """The conversation. Raises NotFound where it is not there or another person's.

    `lock`: nobody else adds to its tree or turns it until the transaction ends.
    """
    conversation = session.get(Conversation, conversation_id, with_for_update=lock)
    if conversation is None or conversation_id not in own_among(session, access, [conversation_id]):
        raise NotFound("conversation", conversation_id)
    return conversation


def get_message(session: Session, access: Access, message_id: str) -> StoredMessage:
    """The message. Raises NotFound where it is not there or another person's."""
    message = session.get(StoredMessage, message_id)
    if message is None or not own_among(session, access, [message.conversation_id]):
        raise NotFound("message", message_id)
    return message


def refuse_streaming(session: Session, conversation_id: str) -> None:
    """Raises Conflict while an answer is being written."""
    streaming = select(StoredMessage.id).where(
        StoredMessage.conversation_id == conversation_id, StoredMessage.state == "streaming"
    )
    if session.exec(streaming.limit(1)).first() is not None:
        raise Conflict(
            "An answer is still being written. Stop it or wait for it.", code="answer_running"
        )


def own_among(
    session: Session, access: Access, conversation_ids: Collection[str]
) -> frozenset[str]:
    """Those of the conversations that are the person's. A conversation is its owner's alone,
    whatever roles others have. A key that is limited to some bases has only those in which nothing
    was asked of another one, or answered from it."""
    wanted = select(Conversation.id, Conversation.base_ids).where(
        col(Conversation.id).in_(conversation_ids)
    )
    if not access.unrestricted:
        wanted = wanted.where(Conversation.owner_id == access.person_id)
    found = dict(session.exec(wanted).all())
    if access.base_ids is None:
        return frozenset(found)
    within = access.base_ids
    beyond = {id_ for id_, base_ids in found.items() if not within.issuperset(base_ids)}
    said = select(
        StoredMessage.conversation_id, StoredMessage.base_ids, StoredMessage.passages
    ).where(col(StoredMessage.conversation_id).in_(found.keys() - beyond))
    for id_, base_ids, passages in session.exec(said):
        if not within.issuperset([*base_ids, *(p["base_id"] for p in passages)]):
            beyond.add(id_)
    return frozenset(found.keys() - beyond)


@dataclass(frozen=True, slots=True)
class MessageView:
    """`siblings`: ids of the questions that were asked in the place of this one, with itself, in
    the order of asking; empty where it is the only one."""

    message: StoredMessage
    feedback: StoredFeedback | None
    siblings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Conversations:
    db: Database

    def page(
        self, access: Access, *, query: str, limit: int, offset: int
    ) -> tuple[list[Conversation], int]:
        """The person's conversations, pinned ones first, then the newest; `query` searches titles
        and messages that are shown."""
        with self.db.read() as session:
            where = [] if access.unrestricted else [_owned(access)]
            if query.strip():
                words = query.strip()
                in_messages = exists().where(
                    col(StoredMessage.conversation_id) == col(Conversation.id),
                    col(StoredMessage.shown),
                    col(StoredMessage.content).icontains(words, autoescape=True),
                )
                in_title = col(Conversation.title).icontains(words, autoescape=True)
                where.append(or_(in_title, in_messages))
            total = session.exec(select(func.count()).select_from(Conversation).where(*where)).one()
            rows = session.exec(
                select(Conversation)
                .where(*where)
                .order_by(
                    col(Conversation.pinned).desc(),
                    col(Conversation.updated_at).desc(),
                    col(Conversation.id),
                )
                .limit(limit)
                .offset(offset)
            )
            return list(rows), total

    def get(self, access: Access, conversation_id: str) -> tuple[Conversation, list[MessageView]]:
        """The conversation with the messages of the branch that is shown, in order, oldest
        variants of an answer first."""
        with self.db.read() as session:
            conversation = get_conversation(session, access, conversation_id)
            tree = tree_of(session, conversation_id)
            rows = session.exec(
                select(StoredMessage, StoredFeedback)
                .outerjoin(StoredFeedback, col(StoredFeedback.message_id) == col(StoredMessage.id))
                .where(StoredMessage.conversation_id == conversation_id, col(StoredMessage.shown))
                .order_by(col(StoredMessage.position), col(StoredMessage.variant))
            )
            views = [
                MessageView(message, feedback, _beside(tree, message)) for message, feedback in rows
            ]
            close_sources(session, access, [view.message for view in views])
            return conversation, [_told(session, access, view) for view in views]

    def message(self, access: Access, message_id: str) -> MessageView:
        with self.db.read() as session:
            message = get_message(session, access, message_id)
            feedback = session.get(StoredFeedback, message_id)
            close_sources(session, access, [message])
            return _told(session, access, MessageView(message, feedback))

    def show(self, access: Access, message_id: str) -> str:
        """Shows the branch of this message from now on. Returns the id of its conversation. Raises
        NotFound, and Conflict while an answer is being written."""
        with self.db.write() as session:
            message = get_message(session, access, message_id)
            conversation = get_conversation(session, access, message.conversation_id, lock=True)
            refuse_streaming(session, conversation.id)
            show(session, conversation, message_id)
            return conversation.id

    def update(
        self,
        access: Access,
        conversation_id: str,
        *,
        title: str | None = None,
        base_ids: Sequence[str] | None = None,
        pinned: bool | None = None,
    ) -> Conversation:
        """Changes title, bases, or whether it is pinned. Raises NotFound, Invalid."""
        with self.db.write() as session:
            conversation = get_conversation(session, access, conversation_id)
            if title is not None:
                if not title.strip():
                    raise Invalid("The title is empty.", code="empty_title")
                conversation.title = title.strip()
            if base_ids is not None:
                scope_of(session, access, base_ids)
                conversation.base_ids = list(base_ids)
            if title is not None or base_ids is not None:
                conversation.updated_at = utc_now()
            if pinned is not None:
                conversation.pinned = pinned
            session.add(conversation)
            return conversation

    def delete(self, access: Access, conversation_id: str) -> None:
        """Deletes the conversation with its messages, their feedback, and attached files."""
        with self.db.write() as session:
            conversation = get_conversation(session, access, conversation_id)
            attached = attached_among(session, [conversation.attached_id or ""])
            if attached is not None and attached.owner_id == conversation.owner_id:
                remove_base(session, attached.id)
            session.delete(conversation)


def _told(session: Session, access: Access, view: MessageView) -> MessageView:
    if names_origin(session, access, view.message):
        return view
    return replace(view, message=without_origin(view.message))


def _beside(tree: Tree, message: StoredMessage) -> list[str]:
    if message.role != "user":
        return []
    ids = [node.id for node in tree.asked_in_place_of(message.id)]
    return ids if len(ids) > 1 else []


def _owned(access: Access) -> ColumnElement[bool]:
    """A list cannot be limited to a key's bases, which are JSON: such keys get none."""
    own = col(Conversation.owner_id) == access.person_id
    return own if access.base_ids is None else false()
