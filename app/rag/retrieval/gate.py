"""Does anything that was found answer the question? Decided before a model is asked.

The fused score of the best hit tells answerable questions from others; where the two meet depends
on the embedder and on the question's language, so the registry keeps thresholds beside each
embedder. docs/decisions/2026-11-22-abstention.md tells how they were chosen.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.rag.language import Language, language_of
from app.rag.retrieval.fuse import DENSE_WEIGHT
from app.rag.types import Passage

# How fast confidence grows around the threshold: the odds double with each hundredth of score. Only
# the threshold decides.
_SCALE = 0.015
# Where words tell nothing, a text is taken to share as many as the usual unrelated one: for a
# question in another language, and among so few chunks that no word is rare.
_UNTOLD_LEXICAL = 0.1
_LOOKED_AT = 5


@dataclass(frozen=True, slots=True)
class Answerable:
    """`thresholds` of the fused score by the question's language; none of them: never abstain."""

    thresholds: Mapping[Language, float] = field(default_factory=dict)
    dense_weight: float = DENSE_WEIGHT

    def confidence(
        self, question: str, hits: Sequence[Passage], *, small_corpus: bool = False
    ) -> float:
        """0 to 1: how surely `hits`, best first, hold an answer; below 0.5 they hold none.

        `small_corpus`: there are so few chunks that the rarity of words means nothing.
        """
        if not hits:
            return 0.0
        language = language_of(question)
        if language not in self.thresholds:
            return 1.0
        best = max(
            self._margin(hit, language, small_corpus=small_corpus) for hit in hits[:_LOOKED_AT]
        )
        return 1 / (1 + math.exp(-best / _SCALE))

    def _margin(self, hit: Passage, language: Language, *, small_corpus: bool) -> float:
        if not small_corpus and language_of(hit.text) == language:
            return hit.score - self.thresholds[language]
        dense = hit.trace.dense or 0.0
        score = self.dense_weight * dense + (1 - self.dense_weight) * _UNTOLD_LEXICAL
        return score - min(self.thresholds.values())
