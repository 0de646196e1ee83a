"""What an embedder says about two sentences: whether they mean the same, in one language or two.

Cosines of different embedders lie in different ranges, so each is read on a scale of its own:
what unrelated sentences have, and what translations have, among pairs that we ship.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from app.rag.language import Language, language_of
from app.rag.translations import PAIRS
from ingest.embedding.embedder import Embedder, Vectors

_KEPT = 4096  # vectors: the same sources are asked about again and again
_SAME = 0.4  # of the way from the likest unrelated sentences of a language to the same sentence
_TRANSLATED = 0.6  # of the way from unrelated sentences to translations
_TRANSLATED_FACTS = 0.35  # where all facts of the sentence are there as well
_CLEARLY = 0.25  # by which the nearest of several is nearer than the next, on the same scale


@dataclass(frozen=True)
class Meaning:
    """Thread-safe."""

    embedder: Embedder
    _vectors: OrderedDict[str, Vectors] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def nearest(self, text: str, others: Sequence[str], *, facts: bool) -> int | None:
        """Which of the others means the same; None where none does. `facts`: they hold all exact
        facts of the text, so that less decides."""
        if not others:
            return None
        vectors = self._embedded([text, *others])
        cosines = vectors[1:] @ vectors[0]
        best = int(cosines.argmax())
        language, other = language_of(text), language_of(others[best])
        if language == other:
            most = self._scales.unrelated_most[language]
            return best if cosines[best] >= most + _SAME * (1 - most) else None
        places = self._scales.between(cosines)
        ahead = places[best] - max(np.delete(places, best), default=0.0)
        enough = _TRANSLATED_FACTS if facts or ahead >= _CLEARLY else _TRANSLATED
        return best if places[best] >= enough else None

    def measure(self) -> None:
        """Learn the embedder's scale now, by two texts a pair."""
        _ = self._scales

    @cached_property
    def _scales(self) -> "_Scales":
        return _Scales.measure(self.embedder)

    def _embedded(self, texts: Sequence[str]) -> Vectors:
        with self._lock:
            missing = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if missing:
            made = self.embedder.embed(missing, kind="document")
            with self._lock:
                self._vectors.update(zip(missing, made, strict=True))
        with self._lock:
            found = [self._vectors[text] for text in texts]
            while len(self._vectors) > _KEPT:
                self._vectors.popitem(last=False)
        return np.stack(found)


@dataclass(frozen=True, slots=True)
class _Scales:
    """Cosines: of unrelated sentences of a language at most, of two languages in the mean, and of
    translations in the mean."""

    unrelated_most: dict[Language, float]
    unrelated: float
    translated: float

    @classmethod
    def measure(cls, embedder: Embedder) -> "_Scales":
        zh = embedder.embed([pair[0] for pair in PAIRS], kind="document")
        en = embedder.embed([pair[1] for pair in PAIRS], kind="document")
        apart = ~np.eye(len(PAIRS), dtype=bool)
        across = zh @ en.T
        most: dict[Language, float] = {
            "zh": float((zh @ zh.T)[apart].max()),
            "en": float((en @ en.T)[apart].max()),
        }
        return cls(most, float(across[apart].mean()), float(across.diagonal().mean()))

    def between(self, cosines: Vectors) -> Vectors:
        """0 for unrelated sentences, 1 for translations; not above 0 where both are alike."""
        width = self.translated - self.unrelated
        return (cosines - self.unrelated) / width if width > 0 else np.zeros_like(cosines)
