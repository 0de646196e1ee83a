"""The exact engine in plain NumPy: the reference for all others."""

from collections.abc import Collection, Sequence
from threading import Lock

import numpy as np

from vectorstore.checks import checked_queries, checked_rows
from vectorstore.protocol import Match, SnapshotError, Vectors

_ROW_BYTES = 300  # of an entry in a dict and an array object of its own


class ExactStore:
    """Compares a query with every vector. In memory only; thread-safe."""

    def __init__(self, dim: int) -> None:
        self.dim = dim
        self.sequence = 0
        self._rows: dict[int, Vectors] = {}
        self._lock = Lock()

    def upsert(self, ids: Sequence[int], vectors: Vectors) -> None:
        checked_ids, rows = checked_rows(ids, vectors, self.dim)
        with self._lock:
            self._rows.update(zip(checked_ids.tolist(), rows.copy(), strict=True))

    def delete(self, ids: Sequence[int]) -> None:
        with self._lock:
            for id_ in ids:
                self._rows.pop(id_, None)

    def search(
        self,
        queries: Vectors,
        k: int,
        allow: Collection[int] | None = None,
        deny: Collection[int] = (),
    ) -> list[list[Match]]:
        rows = checked_queries(queries, self.dim)
        with self._lock:
            allowed = self._rows.keys() if allow is None else self._rows.keys() & set(allow)
            ids = sorted(allowed - set(deny))
            matrix = np.array([self._rows[id_] for id_ in ids], np.float32).reshape(-1, self.dim)
        # In float64, so that equal rows get equal scores in any order of summation.
        scores = (rows.astype(np.float64) @ matrix.T.astype(np.float64)).astype(np.float32)
        # Ids ascend, so a stable sort keeps equal scores in id order.
        best = np.argsort(-scores, axis=1, kind="stable")[:, : max(k, 0)]
        return [
            [Match(ids[column], float(scores[row, column])) for column in columns]
            for row, columns in enumerate(best)
        ]

    def ids(self) -> set[int]:
        with self._lock:
            return set(self._rows)

    def count(self) -> int:
        return len(self._rows)

    def memory_bytes(self) -> int:
        return len(self._rows) * (4 * self.dim + _ROW_BYTES)

    def optimise(self) -> bool:
        """Does nothing: it compares with every vector."""
        return False

    def save(self) -> None:
        """Does nothing: this engine has no storage."""


class ExactEngine:
    """Creates exact stores. Nothing is saved, so there is never one to open."""

    def create(self, name: str, dim: int, embedder: str) -> ExactStore:
        return ExactStore(dim)

    def open(self, name: str, dim: int, embedder: str) -> ExactStore:
        raise SnapshotError("the exact engine keeps nothing")

    def names(self) -> set[str]:
        return set()

    def drop(self, name: str) -> None:
        pass
