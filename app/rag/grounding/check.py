"""The protocol of checkers, and what else of an answer follows from its verdicts."""

from collections.abc import Sequence
from typing import Protocol

from app.rag.grounding.facts.fact import comparable
from app.rag.grounding.places import Places, SourceClause
from app.rag.types import Check, Citation, Conflict, Passage, Unsupported

# Shared by two sentences, numbers aside, that speak of the same.
_SAME_MATTER = 0.6


class Checker(Protocol):
    """Judges an answer by its sources. Implementations: `EmbeddedChecker`, and `NoChecker`.

    >>> from tests.rag.passages import passage
    >>> from app.rag.grounding.embedded import EmbeddedChecker
    >>> (check,) = EmbeddedChecker().check("", "病假每年10天。", [passage("病假每年十天。")])
    >>> check.verdict
    'supported'
    """

    def check(self, question: str, answer: str, passages: Sequence[Passage]) -> tuple[Check, ...]:
        """Verdicts in the order of the text, their spans not overlapping. `passages[n - 1]` is
        what marker n names. The answer is never changed. Raises IngestError from an embedder."""
        ...

    def warm(self) -> None:
        """Load what the first check would wait for."""
        ...


def citations_of(checks: Sequence[Check]) -> tuple[Citation, ...]:
    """What the answer rests on: the words that support it, and what its own markers name where
    that does not contradict it."""
    kept = [c for check in checks if check.verdict != "contradicted" for c in check.sources]
    return tuple(dict.fromkeys(kept))


def unsupported_of(checks: Sequence[Check]) -> tuple[Unsupported, ...]:
    """Statements without support; `number` where one number makes the difference."""
    return tuple(
        Unsupported(c.start, c.end, "number" if c.reason in ("number", "date") else "words")
        for c in checks
        if c.verdict in ("unsupported", "contradicted")
    )


def conflicts_of(citations: Sequence[Citation], passages: Sequence[Passage]) -> list[Conflict]:
    """Sentences of other documents that say what was cited, with other numbers."""
    places = Places(passages).all
    cited = {(c.marker, c.text) for c in citations}
    found: list[Conflict] = []
    for mine in (place for place in places if (place.marker, place.text) in cited):
        for other in places:
            if other.passage.document_id != mine.passage.document_id and _differ(mine, other):
                found.append(Conflict(mine.marker, mine.text, other.marker, other.text))
    return found


def _differ(mine: SourceClause, other: SourceClause) -> bool:
    """Whether two sentences speak of the same and each has a fact that the other lacks."""
    if not mine.terms or not other.terms:
        return False
    shared = len(mine.terms & other.terms) / max(len(mine.terms), len(other.terms))
    if shared < _SAME_MATTER:
        return False
    return any(
        not other.says(fact) and not mine.says(theirs) and comparable(fact, theirs)
        for fact in mine.facts
        for theirs in other.facts
    )
