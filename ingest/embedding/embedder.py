"""The protocol of embedders: `sentence_transformer.py`, `remote/embedder.py`, and `hashing.py` for
tests."""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
TextKind = Literal["query", "document"]


class Embedder(Protocol):
    """Turns texts into vectors. Prefixes and instructions a model wants are its own business."""

    name: str
    dim: int
    max_tokens: int

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        """Vectors `(len(texts), dim)`, float32, rows L2-normalised, in the order of `texts`.

        Raises EmbedderError where the model cannot be loaded, EmbedderUnavailable where it is
        served elsewhere and does not answer.
        """

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text without the model's special tokens and prefixes."""
