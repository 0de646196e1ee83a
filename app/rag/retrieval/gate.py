"""Is anything that was found about the question? Decided before a model is asked.

A hit's score tells questions about the documents from foreign ones; where the two meet depends on
the embedder, on the question's language, and on how many chunks there are: the best of many foreign
ones looks better than the best of few. The registry keeps thresholds beside an embedder, or they
are calibrated (`app/services/calibration`). docs/decisions/2026-11-29-judge.md has measurements.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.rag.grounding.wording import asked_terms, topic_terms
from app.rag.language import Language, language_of
from app.rag.retrieval.fuse import DENSE_WEIGHT
from app.rag.retrieval.other_one import asks_of_another
from app.rag.types import Passage

# How fast confidence grows around the threshold: the odds double with each hundredth of score. Only
# the threshold decides.
_SCALE = 0.015
# Where words tell nothing, for a question in another language: what a foreign text usually shares.
_UNTOLD = 0.1
# Among few chunks no word is rare; there a share of the words counts that is not weighted by it.
_PLAIN_SHARE = 0.5
LOOKED_AT = 8  # hits
# The threshold is that of FEW chunks, grows with each factor of ten, and no more beyond MANY.
GROWTH = 0.028  # with multilingual-e5-small
_FEW, _MANY = 50, 2000


@dataclass(frozen=True, slots=True)
class Answerable:
    """`thresholds` of the score by the question's language; none of them: never abstain. They grow
    by `growth` with each factor of ten chunks, and are of scores with this `dense_weight`."""

    thresholds: Mapping[Language, float] = field(default_factory=dict)
    dense_weight: float = DENSE_WEIGHT
    growth: float = GROWTH

    def confidence(self, question: str, hits: Sequence[Passage], *, chunks: int = 0) -> float:
        """0 to 1: how surely `hits`, best first, are about the question; below 0.5 they aren't.

        `chunks`: of how many they are the best.
        """
        if not hits:
            return 0.0
        language = language_of(question)
        if language not in self.thresholds:
            return 1.0
        if asks_of_another(question, hits):
            return 0.0
        asked = asked_terms(question)
        best = max(self._margin(hit, language, asked) for hit in hits[:LOOKED_AT])
        best -= self.growth * math.log10(min(max(chunks, _FEW), _MANY) / _FEW)
        return 1 / (1 + math.exp(-best / _SCALE))

    def _margin(self, hit: Passage, language: Language, asked: frozenset[str]) -> float:
        threshold, share = min(self.thresholds.values()), _UNTOLD
        if language_of(hit.text) == language:
            threshold = self.thresholds[language]
            share = shared_words(asked, hit)
        dense = hit.trace.dense or 0.0
        return self.dense_weight * dense + (1 - self.dense_weight) * share - threshold


@dataclass(slots=True)
class Scoring:
    """What search ranks and the gate decides by. Both share it, so that a calibration which ends
    while they run takes effect in one step."""

    answerable: Answerable = Answerable()

    @property
    def dense_weight(self) -> float:
        return self.answerable.dense_weight


def shared_words(asked: frozenset[str], hit: Passage) -> float:
    """0 to 1: how much of the question's terms, `asked`, the hit has."""
    return max(hit.trace.lexical or 0.0, _PLAIN_SHARE * _coverage(asked, hit))


def _coverage(asked: frozenset[str], passage: Passage) -> float:
    """Share of the question's terms that stand in the passage, its title or its headings."""
    held = topic_terms(f"{passage.title} {' '.join(passage.headings)} {passage.text}")
    return len(asked & held) / len(asked) if asked else 0.0
