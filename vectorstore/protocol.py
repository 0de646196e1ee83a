"""The protocols of vector stores and their errors.

VectorStoreError
├── DimensionMismatch   vectors of a wrong dimension
├── SnapshotError       a saved index is missing, damaged or of another embedder
│   └── NotSaved        nothing was saved yet
├── EngineMissing       unknown engine, or its package is not installed
├── EngineFailed        the engine's server cannot be reached at the moment, or refuses
└── NotOptimised        what makes searches fast could not be built
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


class NotSaved(SnapshotError):
    """Nothing was saved yet, as of every new base."""


class EngineMissing(VectorStoreError):
    """The engine is unknown, or the package it needs is not installed."""


class EngineFailed(VectorStoreError):
    """The server that has the vectors cannot be reached at the moment, or refuses. Nothing is lost:
    what it lacks is made up for with the next search.

    Its text is for the log and for those who run the server, whose address it has; `public` is what
    others are told."""

    code = "vectors_unavailable"
    public = "The server that searches vectors cannot be reached at the moment. Try again soon."


class NotOptimised(VectorStoreError):
    """What makes searches fast could not be built, of memory or disk above all. Nothing is lost."""


@dataclass(frozen=True, slots=True)
class Match:
    """`score` is the inner product; for normalised rows the cosine, −1 to 1, higher is closer."""

    id: int
    score: float


class VectorStore(Protocol):
    """Stores the vectors of one knowledge base by id; texts are in the database.

    Rows are float32 and L2-normalised. Ids are non-negative int64. Thread-safe.

    >>> import numpy as np
    >>> from vectorstore import vector_engine
    >>> store = vector_engine("exact").create("handbook", dim=2, embedder="toy")
    >>> store.upsert([7, 8], np.array([[1.0, 0.0], [0.0, 1.0]], np.float32))
    >>> query = np.array([[0.6, 0.8]], np.float32)
    >>> [match.id for match in store.search(query, k=2)[0]]
    [8, 7]
    >>> [match.id for match in store.search(query, k=2, allow=[7])[0]]
    [7]
    >>> [match.id for match in store.search(query, k=2, deny=[8])[0]]
    [7]
    >>> store.delete([8])
    >>> store.ids()
    {7}
    """

    dim: int
    # The database's change count that the vectors reflect; set by the owner of the store.
    sequence: int

    def upsert(self, ids: Sequence[int], vectors: Vectors) -> None:
        """Adds rows `(n, dim)`, replacing those with an existing id.

        Raises DimensionMismatch if the dimension is not `dim`, ValueError if the numbers of ids
        and rows differ.
        """

    def delete(self, ids: Sequence[int]) -> None:
        """Removes ids; unknown ones are ignored."""

    def search(
        self,
        queries: Vectors,
        k: int,
        allow: Collection[int] | None = None,
        deny: Collection[int] = (),
    ) -> list[list[Match]]:
        """The `k` best of each query row, best first, ties by smaller id.

        With `allow`, only those ids are candidates; those in `deny` never are. Returns fewer than
        `k` if there are fewer.
        """

    def ids(self) -> set[int]:
        """All stored ids."""

    def count(self) -> int:
        """Number of stored vectors."""

    def memory_bytes(self) -> int:
        """Approximate memory that the vectors use in this process."""

    def optimise(self) -> bool:
        """Builds what makes searches in so many vectors fast, where it is missing; whether it did.
        Others search and write meanwhile; it may take minutes. Raises NotOptimised."""

    def save(self) -> None:
        """Makes vectors and `sequence` durable, if the engine has storage. Raises OSError."""


class VectorEngine(Protocol):
    """Creates vector stores, and opens saved ones by name.

    >>> from vectorstore import vector_engine
    >>> from tempfile import TemporaryDirectory
    >>> from pathlib import Path
    >>> with TemporaryDirectory() as folder:
    ...     engine = vector_engine("faiss", Path(folder))
    ...     store = engine.create("handbook", dim=2, embedder="toy")
    ...     store.sequence = 5
    ...     store.save()
    ...     engine.names(), engine.open("handbook", dim=2, embedder="toy").sequence
    ({'handbook'}, 5)
    """

    def create(self, name: str, dim: int, embedder: str) -> VectorStore:
        """An empty store. A saved one of this name stays until this one is saved."""

    def open(self, name: str, dim: int, embedder: str) -> VectorStore:
        """The saved store.

        Raises SnapshotError if it is missing, damaged, or of another embedder or dimension.
        """

    def names(self) -> set[str]:
        """Names of saved stores."""

    def drop(self, name: str) -> None:
        """Deletes the saved store of this name, if any."""
