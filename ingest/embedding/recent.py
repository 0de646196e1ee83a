"""The vectors of recent questions: what two parts of the service ask about is embedded once."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from ingest.embedding.embedder import Embedder, TextKind, Vectors

_KEPT = 64


class RecentQueries:
    """`embedder`, with the vectors of the newest queries kept. Thread-safe."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.dim, self.max_tokens = embedder.name, embedder.dim, embedder.max_tokens
        self._embedder = embedder
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Vectors] = OrderedDict()

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.token_counts(texts)

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        """See `Embedder.embed`. Documents are passed through."""
        if kind != "query":
            return self._embedder.embed(texts, kind=kind)
        with self._lock:
            known = {text: self._kept[text] for text in texts if text in self._kept}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            made = self._embedder.embed(missing, kind=kind)
            known |= dict(zip(missing, made, strict=True))
        with self._lock:
            for text in texts:
                self._kept[text] = known[text]
                self._kept.move_to_end(text)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return np.stack([known[text] for text in texts])
