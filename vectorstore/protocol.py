"""The protocol of vector stores and its errors.

VectorStoreError
├── DimensionMismatch   vectors of a wrong dimension
└── SnapshotError       a saved index is missing, damaged or of another embedder
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class VectorStoreError(Exception):
    """Base of all errors of this package."""


class DimensionMismatch(VectorStoreError):
    """Vectors whose dimension differs from the store's."""


class SnapshotError(VectorStoreError):
    """A saved index is missing, damaged, or of another embedder."""


@dataclass(frozen=True, slots=True)
class Match:
    """`score` is the inner product; for normalised rows the cosine, −1 to 1, higher is closer."""

    id: int
    score: float


class VectorStore(Protocol):
    """Stores only ids and vectors; texts are in the database.

    Rows are float32 and L2-normalised. Ids are non-negative int64.
    """

    dim: int

    def upsert(self, ids: Sequence[int], vectors: Vectors) -> None:
        """Adds rows `(n, dim)`, replacing those with an existing id.

        Raises DimensionMismatch if the dimension is not `dim`, ValueError if the numbers of ids
        and rows differ.
        """

    def delete(self, ids: Sequence[int]) -> None:
        """Removes ids; unknown ones are ignored."""

    def search(
        self, queries: Vectors, k: int, allow: Collection[int] | None = None
    ) -> list[list[Match]]:
        """The `k` best of each query row, best first, ties by smaller id.

        With `allow`, only those ids are candidates. Returns fewer than `k` if there are fewer.
        """

    def ids(self) -> set[int]:
        """All stored ids."""

    def count(self) -> int:
        """Number of stored vectors."""

    def save(self) -> None:
        """Makes the current state durable, if the engine has storage."""
