"""FAISS behind the protocol of vector stores, with a snapshot on disk."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from vectorstore.checks import checked_queries, checked_rows
from vectorstore.faiss import snapshot
from vectorstore.faiss.kinds import (
    CLUSTERED_FROM,
    LEAST_RECALL,
    Index,
    ids_of,
    is_clustered,
    new_clustered,
    new_index,
    probe_enough,
    read_index,
    training_size,
)
from vectorstore.protocol import Match, SnapshotError, Vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

# More threads do not speed up a single query, and wait for each other on busy cores: 100,000
# vectors of 384 took 12 ms with one and with two threads on two idle cores, 24 to 37 ms with two on
# busy ones.
_THREADS = 1
_DIRECT_COMPARISONS = 1000  # up to this many allowed ids; FAISS would scan all others
# Besides its codes: FAISS's map and our set of ids. With room to grow, 200,000 rows of 384 measured
# 1,040 bytes each, 100,000 of 1,024 measured 1,960.
_ROW_BYTES = 160
_TIE_MARGIN = 8  # fetched beyond `k`, to see ties at the boundary
_NOTHING = -1  # FAISS's id where it found too few
_COPIED_AT_ONCE = 10_000  # 10 ms, for which a search waits
_BUILDING_THREADS = max(1, (os.cpu_count() or 1) // 2)


class FaissStore:
    """Inner-product search, exhaustive until there are many vectors. Thread-safe: one lock around
    the index."""

    def __init__(
        self,
        dim: int,
        *,
        folder: Path | None = None,
        embedder: str = "",
        clustered_from: int = CLUSTERED_FROM,
        least_recall: float = LEAST_RECALL,
    ) -> None:
        """Starts empty; `load` opens a snapshot. Without `folder`, `save` does nothing."""
        self.dim = dim
        self.embedder = embedder
        self.sequence = 0
        self._folder = folder
        self._clustered_from = clustered_from
        self._least_recall = least_recall
        self._index: Index = new_index(dim)
        self._ids: set[int] = set()
        self._changed: set[int] | None = None  # ids written while another index is being built
        self._lock = Lock()
        self._save_lock = Lock()
        self._optimise_lock = Lock()

    def upsert(self, ids: Sequence[int], vectors: Vectors) -> None:
        checked_ids, rows = checked_rows(ids, vectors, self.dim)
        with self._lock:
            # FAISS would keep both rows of a duplicate id.
            self._remove(self._ids.intersection(checked_ids.tolist()))
            self._index.add_with_ids(rows, checked_ids)
            self._ids.update(checked_ids.tolist())
            if self._changed is not None:
                self._changed.update(checked_ids.tolist())

    def delete(self, ids: Sequence[int]) -> None:
        with self._lock:
            self._remove(self._ids.intersection(ids))

    def search(
        self,
        queries: Vectors,
        k: int,
        allow: Collection[int] | None = None,
        deny: Collection[int] = (),
    ) -> list[list[Match]]:
        import faiss

        rows = checked_queries(queries, self.dim)
        with self._lock:
            allowed = None if allow is None else self._ids.intersection(allow).difference(deny)
            denied = self._ids.intersection(deny) if allowed is None else set()
            reachable = len(self._ids) - len(denied) if allowed is None else len(allowed)
            k = min(k, reachable)
            if k <= 0:
                return [[] for _ in rows]
            faiss.omp_set_num_threads(_THREADS)
            return [self._search_one(row, k, reachable, allowed, denied) for row in rows]

    def ids(self) -> set[int]:
        with self._lock:
            return set(self._ids)

    def count(self) -> int:
        return len(self._ids)

    def memory_bytes(self) -> int:
        return len(self._ids) * (2 * self.dim + _ROW_BYTES)

    def optimise(self) -> bool:
        with self._optimise_lock:
            return self._cluster()

    def save(self) -> None:
        """Writes a snapshot of vectors and `sequence`, then removes earlier ones."""
        if self._folder is None:
            return
        import faiss

        with self._save_lock:
            with self._lock:
                data = faiss.serialize_index(self._index).tobytes()
                count, sequence = len(self._ids), self.sequence
            snapshot.write(self._folder, data, self.embedder, self.dim, count, sequence)

    def load(self) -> Self:
        """Opens the snapshot in the folder.

        Raises SnapshotError if it is missing, damaged, or of another embedder or dimension.
        """
        if self._folder is None:
            raise SnapshotError("it has no folder")
        manifest, data = snapshot.read(self._folder, self.embedder, self.dim)
        self._index = read_index(data, self.dim)
        self._ids = set(ids_of(self._index).tolist())
        self.sequence = manifest.sequence
        if len(self._ids) != manifest.count or self._index.ntotal != manifest.count:
            raise SnapshotError(f"{self._index.ntotal} vectors where {manifest.count} were saved")
        return self

    def _remove(self, present: set[int]) -> None:
        if present:
            import faiss

            array = np.fromiter(present, np.int64, len(present))
            self._index.remove_ids(faiss.IDSelectorBatch(array))
            self._ids -= present
            if self._changed is not None:
                self._changed |= present

    def _cluster(self) -> bool:
        """Replaces a flat index that is large by a clustered one; whether it did.

        The vectors are copied a few at a time, so that searches and writes wait for moments only;
        what was written meanwhile is copied at the end.
        """
        import faiss

        with self._lock:
            if is_clustered(self._index) or len(self._ids) < self._clustered_from:
                return False
            self._changed = set()
            ids = np.fromiter(self._ids, np.int64, len(self._ids))
        try:
            np.random.default_rng(0).shuffle(ids)
            sample = self._copied(ids[: training_size(len(ids))])[1]
            faiss.omp_set_num_threads(_BUILDING_THREADS)
            anew = new_clustered(sample, len(ids))
            for begin in range(0, len(ids), _COPIED_AT_ONCE):
                kept, rows = self._copied(ids[begin : begin + _COPIED_AT_ONCE])
                anew.add_with_ids(rows, kept)
            probe_enough(anew, sample, self._exact, self._least_recall)
            with self._lock:
                changed = np.fromiter(self._changed, np.int64, len(self._changed))
                anew.remove_ids(faiss.IDSelectorBatch(changed))
                kept = changed[np.isin(changed, np.fromiter(self._ids, np.int64, len(self._ids)))]
                anew.add_with_ids(self._index.reconstruct_batch(kept), kept)
                self._index = anew
            return True
        finally:
            with self._lock:
                self._changed = None

    def _exact(self, rows: Vectors, k: int) -> "NDArray[np.int64]":
        """By the flat index, a row at a time: a search waits for one only."""
        found = []
        for row in rows:
            with self._lock:
                found.append(self._index.search(row[None], k)[1][0])
        return np.stack(found)

    def _copied(self, ids: "NDArray[np.int64]") -> "tuple[NDArray[np.int64], Vectors]":
        """Those that are still there, and their rows."""
        kept, parts = [], []
        for begin in range(0, len(ids), _COPIED_AT_ONCE):
            with self._lock:
                some = [
                    id_ for id_ in ids[begin : begin + _COPIED_AT_ONCE].tolist() if id_ in self._ids
                ]
                array = np.fromiter(some, np.int64, len(some))
                parts.append(self._index.reconstruct_batch(array))
            kept.append(array)
        return np.concatenate(kept), np.concatenate(parts)

    def _search_one(
        self, row: Vectors, k: int, reachable: int, allowed: set[int] | None, denied: set[int]
    ) -> list[Match]:
        """The `k` best for one row `(dim,)`; `k ≤ reachable`, the number of candidates."""
        import faiss

        clustered = is_clustered(self._index)
        if allowed is not None and len(allowed) <= _DIRECT_COMPARISONS and not clustered:
            candidates = np.fromiter(sorted(allowed), np.int64, len(allowed))
            return _best(candidates, self._index.reconstruct_batch(candidates) @ row, k)
        # Bare pointers: what they point at must outlive the search.
        params: Any = faiss.SearchParametersIVF() if clustered else faiss.SearchParameters()
        if clustered:  # all clusters for those that are allowed: they may be anywhere
            params.nprobe = self._index.nprobe if allowed is None else self._index.nlist
        named = denied if allowed is None else allowed
        batch = faiss.IDSelectorBatch(np.fromiter(named, np.int64, len(named)))
        others = faiss.IDSelectorNot(batch)
        if allowed is not None:
            params.sel = batch
        elif denied:
            params.sel = others
        fetch = min(k + _TIE_MARGIN, reachable)
        while True:
            scores, ids = self._index.search(row[None], fetch, params=params)
            too_few = ids[0, k - 1] == _NOTHING
            if too_few and clustered and params.nprobe < self._index.nlist:
                params.nprobe = self._index.nlist
                continue
            # FAISS breaks ties arbitrarily: fetch until the last score differs from the k-th.
            if fetch == reachable or scores[0, -1] < scores[0, k - 1]:
                break
            fetch = min(2 * fetch, reachable)
        return _best(ids[0], scores[0], k)


def _best(ids: "NDArray[np.int64]", scores: Vectors, k: int) -> list[Match]:
    """The `k` highest scores, ties by smaller id."""
    order = np.lexsort((ids, -scores))[:k]
    return list(map(Match, ids[order].tolist(), scores[order].tolist()))
