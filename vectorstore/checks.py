"""Input checks shared by all engines."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vectorstore.protocol import DimensionMismatch, Vectors

Ids = NDArray[np.int64]


def checked_rows(ids: Sequence[int], vectors: Vectors, dim: int) -> tuple[Ids, Vectors]:
    """Ids `(n,)` and rows `(n, dim)` float32, contiguous; for duplicate ids the last row.

    Raises DimensionMismatch or ValueError, see `VectorStore.upsert`.
    """
    rows = checked_queries(vectors, dim)
    if len(ids) != len(rows):
        raise ValueError(f"{len(ids)} ids for {len(rows)} vectors")
    if any(id_ < 0 for id_ in ids):
        raise ValueError("ids must not be negative")
    last = {id_: row for row, id_ in enumerate(ids)}
    if len(last) < len(ids):
        rows = rows[list(last.values())]
    return np.fromiter(last, dtype=np.int64, count=len(last)), rows


def checked_queries(vectors: Vectors, dim: int) -> Vectors:
    """Rows `(n, dim)` float32, contiguous. Raises DimensionMismatch for other shapes."""
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    if rows.ndim != 2 or rows.shape[1] != dim:
        raise DimensionMismatch(f"expected vectors of shape (n, {dim}), got {rows.shape}")
    return rows
