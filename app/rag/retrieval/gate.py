"""Is anything that was found about the question? Decided before a model is asked.

A hit's cosine and the share of the question's words that it holds tell questions about the
documents from foreign ones; where the two meet depends on the embedder and on the question's
language, so the registry keeps thresholds beside each embedder. How rare a word is tells nothing
among few chunks and among those of a foreign base, so that every word counts alike.
docs/decisions/2026-11-29-judge.md has the measurements.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.rag.grounding.wording import asked_terms, topic_terms
from app.rag.language import Language, language_of
from app.rag.retrieval.fuse import DENSE_WEIGHT
from app.rag.types import Passage

# How fast confidence grows around the threshold: the odds double with each hundredth of score. Only
# the threshold decides.
_SCALE = 0.015
# Where words tell nothing, for a question in another language: what the usual foreign text shares.
_UNTOLD = 0.2
_LOOKED_AT = 8


@dataclass(frozen=True, slots=True)
class Answerable:
    """`thresholds` of the score by the question's language; none of them: never abstain."""

    thresholds: Mapping[Language, float] = field(default_factory=dict)
    dense_weight: float = DENSE_WEIGHT

    def confidence(self, question: str, hits: Sequence[Passage]) -> float:
        """0 to 1: how surely `hits`, best first, are about the question; below 0.5 they aren't."""
        if not hits:
            return 0.0
        language = language_of(question)
        if language not in self.thresholds:
            return 1.0
        asked = asked_terms(question)
        best = max(self._margin(hit, language, asked) for hit in hits[:_LOOKED_AT])
        return 1 / (1 + math.exp(-best / _SCALE))

    def _margin(self, hit: Passage, language: Language, asked: frozenset[str]) -> float:
        threshold, covered = min(self.thresholds.values()), _UNTOLD
        if language_of(hit.text) == language:
            threshold, covered = self.thresholds[language], coverage(asked, hit)
        dense = hit.trace.dense or 0.0
        return self.dense_weight * dense + (1 - self.dense_weight) * covered - threshold


def coverage(asked: frozenset[str], passage: Passage) -> float:
    """Share of the question's terms that stand in the passage, its title or its headings."""
    held = topic_terms(f"{passage.title} {' '.join(passage.headings)} {passage.text}")
    return len(asked & held) / len(asked) if asked else 0.0
