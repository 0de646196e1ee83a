"""An embedder that knows the texts of calibration: a question is near to its text alone."""

from collections.abc import Sequence
from typing import get_args

import numpy as np

from app.rag.language import Language
from app.services.calibration.texts import Text, texts
from ingest.chunking.chunk import indexed_text
from ingest.embedding.embedder import TextKind, Vectors
from ingest.embedding.hashing import HashingEmbedder


class Understanding(HashingEmbedder):
    """Cosines are `own` with the question's own text and 0.3 with others, in `languages`; in other
    languages everything is alike."""

    def __init__(
        self,
        name: str = "placed",
        *,
        own: float = 0.7,
        languages: Sequence[Language] = ("zh", "en"),
    ) -> None:
        known = [text for language in get_args(Language) for text in texts(language)]
        super().__init__(dim=2 * len(known) + 1)
        self.name = name
        self.embedded = 0
        self._own = own
        self._languages = [lang for lang in get_args(Language) for _ in texts(lang)]
        self._understood = set(languages)
        self._number = {t: n for n, text in enumerate(known) for t in _all(text)}

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        self.embedded += len(texts)
        return np.stack([self._vector(text, kind) for text in texts])

    def _vector(self, text: str, kind: TextKind) -> Vectors:
        number = self._number.get(text, 0)
        vector = np.zeros(self.dim, dtype=np.float32)
        vector[-1] = 0.3 if kind == "query" else 1.0
        if self._languages[number] in self._understood:
            # a text is (common, its own) = (1, 1) / √2; a question shares `own` and 0.3 with it
            shared = np.sqrt(2) * 0.3
            vector[-1] = shared if kind == "query" else 1 / np.sqrt(2)
            part = np.sqrt(2) * self._own - shared if kind == "query" else 1 / np.sqrt(2)
            vector[number] = part
        rest = max(0.0, 1 - float((vector**2).sum()))
        vector[self.dim // 2 + number] += np.sqrt(rest)
        return vector / np.linalg.norm(vector)


def _all(text: Text) -> list[str]:
    return [indexed_text(text.title, (), text.text), *text.questions, text.near]
