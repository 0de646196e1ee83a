"""The answer cache: reuses an answer to the same question, content and recipe.

The conversations themselves are the cache: every answer stores its cache key, so that all processes
share it and deleted answers are not reused. The key includes the bases' content sequence, which any
upload or deletion changes. Answers by a fallback engine have no key, since the requested engine
would have answered differently.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, or_, select

from app.db.tables import Conversation, StoredFeedback, StoredMessage, utc_now
from app.metrics import ANSWER_CACHE
from app.services.people.access import Access

_COPIED = (
    "content",
    "raw_output",
    "thought",
    "prompt",
    "passages",
    "citations",
    "confidence",
    "checks",
    "unsupported",
    "conflicts",
    "model",
    "served",
    "adapter",
    "finish_reason",
    "recipe",
)


@dataclass(frozen=True, slots=True)
class AnswerCache:
    """`max_age` 0 disables the cache."""

    max_age: timedelta

    @property
    def on(self) -> bool:
        return self.max_age > timedelta(0)

    def find(self, session: Session, key: str) -> StoredMessage | None:
        """The newest answer with `key` that is complete, cites sources and was not rated down."""
        newest = session.exec(
            select(StoredMessage)
            .outerjoin(StoredFeedback, col(StoredFeedback.message_id) == col(StoredMessage.id))
            .where(
                StoredMessage.answer_key == key,
                StoredMessage.state == "complete",
                StoredMessage.finish_reason == "stop",
                col(StoredMessage.created_at) > utc_now() - self.max_age,
                or_(col(StoredFeedback.rating).is_(None), col(StoredFeedback.rating) != "down"),
            )
            .order_by(col(StoredMessage.created_at).desc())
            .limit(1)
        ).first()
        # Without a citation, nothing was found, or nothing supports the answer.
        found = newest if newest is not None and newest.citations else None
        ANSWER_CACHE.labels("hit" if found else "miss").inc()
        return found


def reuse_answer(answer: StoredMessage, found: StoredMessage) -> None:
    """Makes the empty `answer` a copy of `found`, with no tokens and no timings."""
    for name in _COPIED:
        setattr(answer, name, getattr(found, name))
    answer.state, answer.cached_from, answer.answer_key = "complete", found.id, None


def names_origin(session: Session, access: Access, message: StoredMessage) -> bool:
    """Whether the person may know which answer was reused: that somebody else asked just this is
    not theirs to know."""
    if access.unrestricted or message.cached_from is None:
        return True
    owner = (
        select(Conversation.owner_id)
        .join(StoredMessage, col(StoredMessage.conversation_id) == col(Conversation.id))
        .where(StoredMessage.id == message.cached_from)
    )
    return session.exec(owner).first() == access.person_id


def without_origin(message: StoredMessage) -> StoredMessage:
    """The same message as if nobody had got its answer before, to be read only."""
    return StoredMessage(**{**message.model_dump(), "cached_from": None})
