"""The earlier texts of a conversation, without the prompts and passages stored beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from app.db.tables import StoredMessage
from app.llm.messages import Message
from app.rag.grounding.statements import without_markers
from app.rag.types import Task
from app.services.errors import NotFound


@dataclass(frozen=True, slots=True)
class Turn:
    """What a following question needs to know of a message. A prompt with its passages takes a
    hundred times as much."""

    id: str
    position: int
    role: str
    state: str
    content: str
    finish_reason: str | None


_TURN = (
    col(StoredMessage.id),
    col(StoredMessage.position),
    col(StoredMessage.role),
    col(StoredMessage.state),
    col(StoredMessage.content),
    col(StoredMessage.finish_reason),
)


@dataclass(frozen=True, slots=True)
class EarlierAnswer:
    """What another answer to the same question needs to know of it."""

    conversation_id: str
    parent_id: str | None
    role: str
    position: int
    task: Task
    recipe: dict[str, Any]
    cached_from: str | None
    approved_id: str | None


_EARLIER_ANSWER = (
    col(StoredMessage.conversation_id),
    col(StoredMessage.parent_id),
    col(StoredMessage.role),
    col(StoredMessage.position),
    col(StoredMessage.task),
    col(StoredMessage.recipe),
    col(StoredMessage.cached_from),
    col(StoredMessage.approved_id),
)

_NO_TOPIC = ("no_sources", "greeting")  # a following question does not refer to them


def earlier_answer(session: Session, message_id: str) -> EarlierAnswer:
    """Raises NotFound."""
    query = select(*_EARLIER_ANSWER).where(col(StoredMessage.id) == message_id)
    row = session.connection().execute(query).first()
    if row is None:
        raise NotFound("message", message_id)
    return EarlierAnswer(*row)


def turns_of(session: Session, message_ids: Sequence[str]) -> list[Turn]:
    """These messages of one branch, in order."""
    rows = session.connection().execute(
        select(*_TURN)
        .where(col(StoredMessage.id).in_(message_ids))
        .order_by(col(StoredMessage.position))
    )
    return [Turn(*row) for row in rows]


def history_of(turns: Sequence[Turn]) -> tuple[Message, ...]:
    """Question–answer pairs of one branch, oldest first, without answers that have no text."""
    answers = {turn.position: turn for turn in turns if turn.role == "assistant" and turn.content}
    pairs: list[Message] = []
    for turn in turns:
        answer = answers.get(turn.position + 1)
        if turn.role == "user" and answer is not None and answer.finish_reason not in _NO_TOPIC:
            pairs.append(Message("user", turn.content))
            pairs.append(Message("assistant", without_markers(answer.content)))
    return tuple(pairs)
