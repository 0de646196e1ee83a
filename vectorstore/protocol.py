"""The protocol of vector stores and its errors.

VectorStoreError
├── DimensionMismatch   vectors of another width than the store's
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
    """Vectors of another width than the store's."""


class SnapshotError(VectorStoreError):
    """A saved index is missing, damaged, or belongs to another embedder."""


@dataclass(frozen=True, slots=True)
class Match:
    """`score` is the inner product; with normalised rows the cosine, −1 to 1, higher is nearer."""

    id: int
    score: float


class VectorStore(Protocol):
    """Holds ids and vectors only; texts live in the database.

    Rows are float32 and L2-normalised. Ids are non-negative and fit into int64.
    """

    dim: int

    def upsert(self, ids: Sequence[int], vectors: Vectors) -> None:
        """Add rows `(n, dim)`, replacing those whose id is there already.

        Raises DimensionMismatch where the width differs from `dim`, ValueError
        where the number of ids differs from the number of rows.
        """

    def delete(self, ids: Sequence[int]) -> None:
        """Remove ids; those that are not there are passed over."""

    def search(
        self, queries: Vectors, k: int, allow: Collection[int] | None = None
    ) -> list[list[Match]]:
        """The `k` best of each query row, best first, ties by smaller id.

        With `allow` only those ids are candidates. Fewer than `k` come back
        where the store holds fewer.
        """

    def ids(self) -> set[int]:
        """All ids held."""

    def count(self) -> int:
        """How many vectors are held."""

    def save(self) -> None:
        """Make the present state durable, where the engine has a place to keep it."""
