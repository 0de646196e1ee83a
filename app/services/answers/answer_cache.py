"""The answer cache: the same question, on the same content, by the same recipe.

The cache is the conversations themselves: an answer carries the key under which it can be given
again, so that all processes on a database share it, and what is deleted is not given again. The key
holds the bases' content numbers: any upload or deletion changes it. An answer by a fallback carries
none: it is not what the engine that was asked would say.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session, col, or_, select

from app.db.tables import StoredFeedback, StoredMessage, utc_now
from app.metrics import ANSWER_CACHE

_COPIED = (
    "content",
    "raw_output",
    "prompt",
    "passages",
    "citations",
    "confidence",
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
    """`max_age` 0 switches it off."""

    max_age: timedelta

    @property
    def on(self) -> bool:
        return self.max_age > timedelta(0)

    def find(self, session: Session, key: str) -> StoredMessage | None:
        """The newest answer under `key` that is whole, cites its sources and was not rated down."""
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
        # No citation: the model said that it found nothing.
        found = newest if newest is not None and newest.citations else None
        ANSWER_CACHE.labels("hit" if found else "miss").inc()
        return found


def give_again(answer: StoredMessage, found: StoredMessage) -> None:
    """Make the empty `answer` a copy of `found`. No tokens and no time were spent on it."""
    for name in _COPIED:
        setattr(answer, name, getattr(found, name))
    answer.state, answer.cached_from, answer.answer_key = "complete", found.id, None
