"""A deterministic embedder without a model, for tests and trials: terms hashed into a vector."""

import re
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ingest.clean import CJK
from ingest.embedding.embedder import TextKind, Vectors
from ingest.terms import terms

_TOKEN = re.compile(f"[{CJK}]|[^\\W_{CJK}]+|[^\\w\\s]")


class HashingEmbedder:
    """Texts that share terms are near each other (feature hashing, Weinberger et al. 2009).

    Queries and documents are treated alike. Same vectors on every machine and in every process.
    """

    def __init__(self, dim: int = 256) -> None:
        self.name = "hashing"
        self.dim = dim
        self.max_tokens = 512

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        """`(len(texts), dim)` float32, rows L2-normalised, cosine of unrelated texts near 0."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for term, count in Counter(terms(text)).items():
                place, sign = self._bucket(term)
                # A pair says more than one character; repetition says less each time.
                vectors[row, place] += sign * (len(term) > 1 or 0.3) * (1 + np.log(count))
            if not vectors[row].any():
                vectors[row, self._bucket(text)[0]] = 1.0
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """CJK characters, words and punctuation marks, each one token."""
        return [len(_TOKEN.findall(text)) for text in texts]

    def _bucket(self, text: str) -> tuple[int, float]:
        # errors="replace": a lone surrogate must not break a search
        code = zlib.crc32(text.encode("utf-8", errors="replace"))
        return (code >> 1) % self.dim, 1.0 if code & 1 else -1.0
