"""An approved answer in place of one that a model writes."""

from collections.abc import Callable

from app.db.tables import ApprovedAnswer, StoredMessage
from app.rag.grounding.check import citations_of
from app.rag.types import Answer, Check, Citation, Marker, Scope
from app.services.answers.answer_record import record
from app.services.answers.stored_prompt import passage_from

FindApproved = Callable[[str, Scope], ApprovedAnswer | None]  # of a question


def give_approved(message: StoredMessage, approved: ApprovedAnswer) -> None:
    """Makes the empty `message` a complete answer with that text. It has no key: what a person
    withdraws must not come back from the cache."""
    record(message, answer_of(approved))
    message.state, message.approved_id, message.answer_key = "complete", approved.id, None
    message.model = None


def answer_of(approved: ApprovedAnswer) -> Answer:
    checks = tuple(_check(stored) for stored in approved.checks)
    return Answer(
        text=approved.answer,
        citations=citations_of(checks),
        passages=tuple(passage_from(stored) for stored in approved.passages),
        model="",
        finish_reason="approved",
        checks=checks,
    )


def _check(stored: dict[str, object]) -> Check:
    restored = {
        **stored,
        "sources": tuple(Citation(**source) for source in stored["sources"]),  # type: ignore[attr-defined]
        "markers": tuple(
            Marker(**{**marker, "numbers": tuple(marker["numbers"])})
            for marker in stored["markers"]  # type: ignore[attr-defined]
        ),
        "nowhere": tuple(stored["nowhere"]),  # type: ignore[arg-type]
    }
    return Check(**restored)  # type: ignore[arg-type]
