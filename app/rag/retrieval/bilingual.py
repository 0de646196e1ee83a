"""Questions in one language, documents in the other.

Part of a multilingual embedding only says which language a text is in, so that a Chinese question
is nearer to any Chinese text than to the English one that answers it. That part lies along one
direction, which pairs of sentences with the same meaning show; what is found is compared without
it (Yang et al., "A Simple and Effective Method to Eliminate the Self Language Bias in Multilingual
Representations", EMNLP 2021). Among texts of its own language a question ranks as before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from app.rag.language import Language
from app.rag.translations import PAIRS
from ingest.embedding.embedder import Embedder, Vectors

# Along the direction; the languages are .2 apart with multilingual-e5-small.
_LEAST_GAP = 0.1
_LEAST_TILT = 0.05
_LEAST_TRANSLATED = (
    0.8  # of the sentences, whose nearest in the other language is their translation
)


@dataclass(frozen=True, slots=True)
class LanguageAxis:
    """`direction` `(dim,)` is L2-normalised; `positions` holds the mean projection of each language
    on it."""

    direction: Vectors
    positions: Mapping[Language, float]

    @classmethod
    def measure(cls, embedder: Embedder) -> Self | None:
        """The direction by all pairs, and where the languages stand along the one by half of them.

        None where that by either half does not tell the languages of the other half apart, or where
        sentences do not find their translations without it: with embedders that do not lean, and
        with those that know one language only. Raises EmbedderError.
        """
        zh = embedder.embed([pair[0] for pair in PAIRS], kind="document")
        en = embedder.embed([pair[1] for pair in PAIRS], kind="document")
        along: dict[Language, list[Vectors]] = {"zh": [], "en": []}
        halves = slice(0, None, 2), slice(1, None, 2)
        for half, other in (halves, halves[::-1]):
            direction = _direction(zh[half], en[half])
            along["zh"].append(zh[other] @ direction)
            along["en"].append(en[other] @ direction)
            if along["zh"][-1].min() - along["en"][-1].max() < _LEAST_GAP:
                return None
        positions = {name: float(np.concatenate(found).mean()) for name, found in along.items()}
        axis = cls(_direction(zh, en), positions)
        nearest = (axis.neutral(zh) @ axis.neutral(en).T).argmax(axis=1)
        found = (nearest == np.arange(len(PAIRS))).mean()
        return axis if found >= _LEAST_TRANSLATED else None

    def tilt(self, query: Vectors) -> float:
        """How far the query `(1, dim)` leans towards Chinese; 0 where that is too little to matter:
        English ones hardly lean."""
        along = float(query[0] @ self.direction)
        return along if abs(along) >= _LEAST_TILT else 0.0

    def neutral(self, vectors: Vectors) -> Vectors:
        """`(n, dim)` without what says their language; no longer of length 1."""
        return vectors - np.outer(vectors @ self.direction, self.direction)

    def correction(self, tilt: float, projection: float, language: Language) -> float:
        """The part of the cosine that a text loses for being in the other language than the
        question; 0 for texts in the same language. `projection` is the text's, on `direction`."""
        own = self.positions[language]
        nearest = min(self.positions.values(), key=lambda known: abs(known - projection))
        return 0.0 if nearest == own else tilt * (own - projection)


def _direction(chinese: Vectors, english: Vectors) -> Vectors:
    mean = (chinese - english).mean(axis=0)
    return np.asarray(mean / (np.linalg.norm(mean) or 1.0), np.float32)
