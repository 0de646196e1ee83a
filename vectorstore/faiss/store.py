"""FAISS behind the protocol of vector stores, with a snapshot on disk.

What was saved is a sealed segment, mapped from its file, of which API processes on one machine
share one copy; what came since is a growing one in the memory of each.
"""

import ctypes
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Self

import numpy as np

from vectorstore.checks import checked_queries, checked_rows
from vectorstore.faiss import snapshot
from vectorstore.faiss.candidates import Found, compared_alike
from vectorstore.faiss.kinds import CLUSTERED_FROM, LEAST_RECALL, is_clustered
from vectorstore.faiss.sealing import Frozen, clustered, merged
from vectorstore.faiss.segments import Growing, Sealed, Segment
from vectorstore.faiss.snapshot import Manifest
from vectorstore.protocol import Match, SnapshotError, Vectors

# More threads do not speed up a single query, and wait for each other on busy cores: 100,000
# vectors of 384 took 12 ms with one and with two threads on two idle cores, 24 to 37 ms with two on
# busy ones.
_THREADS = 1
_BUILDING_THREADS = max(1, (os.cpu_count() or 1) // 2)


class FaissStore:
    """Inner-product search, exhaustive until there are many vectors. Thread-safe: one lock around
    both segments, which are written and clustered anew beside it."""

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
        self._sealed = Sealed.empty(dim)
        self._growing = Growing(dim)
        self._known = self._on_disk()  # the last snapshot that is not another process's news
        self._changed: list[set[int]] = []  # ids written since, for each segment being made
        self._lock = Lock()
        self._save_lock = Lock()
        self._optimise_lock = Lock()

    def upsert(self, ids: Sequence[int], vectors: Vectors) -> None:
        checked_ids, rows = checked_rows(ids, vectors, self.dim)
        with self._lock:
            self._remove(checked_ids.tolist())
            self._growing.add(checked_ids, rows)
            for changed in self._changed:
                changed.update(checked_ids.tolist())

    def delete(self, ids: Sequence[int]) -> None:
        with self._lock:
            self._remove(ids)

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
            faiss.omp_set_num_threads(_THREADS)
            segments = self._segments
            within = compared_alike([each.candidates(allow, deny) for each in segments])
            parts = list(zip(segments, within, strict=True))
            return [
                _best([segment.named(each.best(row, k)) for segment, each in parts], k)
                for row in rows
            ]

    def ids(self) -> set[int]:
        with self._lock:
            return self._growing.ids.union(self._sealed.ids[self._sealed.there].tolist())

    def count(self) -> int:
        return sum(segment.count() for segment in self._segments)

    @property
    def clustered(self) -> bool:
        """Whether clusters have been found in what was there then."""
        return is_clustered(self._sealed.index)

    def memory_bytes(self) -> int:
        return sum(segment.memory_bytes() for segment in self._segments)

    def optimise(self) -> bool:
        """Replaces a flat segment that is large by a clustered one."""
        import faiss

        with self._optimise_lock:
            if self.clustered or self.count() < self._clustered_from:
                return False
            with self._frozen() as (frozen, changed, _):
                faiss.omp_set_num_threads(_BUILDING_THREADS)
                flat = frozen.sealed if frozen.unchanged else merged(frozen)
                anew = clustered(flat, self._least_recall)
                with self._lock:
                    self._take(anew, changed)
            return True

    def save(self) -> None:
        """Writes a snapshot of vectors and `sequence`, then removes earlier ones; where another
        process has written the same one, takes that."""
        if self._folder is not None:
            self._save(self._folder)
            _give_back()

    def _save(self, folder: Path) -> None:
        with (
            self._save_lock,
            snapshot.writing(folder),
            self._frozen() as (frozen, changed, sequence),
        ):
            anew = self._taken_over(folder, frozen, sequence)
            if anew is None:
                anew = self._written(folder, frozen, sequence)
            with self._lock:
                if self._sealed is frozen.sealed:  # else clusters were found meanwhile
                    self._take(anew, changed)

    def load(self) -> Self:
        """Opens the snapshot in the folder.

        Raises SnapshotError if it is missing, damaged, or of another embedder or dimension.
        """
        if self._folder is None:
            raise SnapshotError("it has no folder")
        while True:
            known = snapshot.read_manifest(self._folder, self.embedder, self.dim)
            try:
                self._sealed = snapshot.read(self._folder, known)
            except SnapshotError:
                if self._on_disk() in (None, known):
                    raise
            else:  # otherwise another process has written the next one, and removed this one
                self._known, self.sequence = known, known.sequence
                return self

    @property
    def _segments(self) -> tuple[Segment, ...]:
        return self._sealed, self._growing

    def _remove(self, ids: Collection[int]) -> None:
        for segment in self._segments:
            gone = segment.remove(ids)
            for changed in self._changed:
                changed.update(gone)

    @contextmanager
    def _frozen(self) -> Iterator[tuple[Frozen, set[int], int]]:
        """The store and its sequence at this moment, and a set to which ids that are written or
        removed from now on are added."""
        changed: set[int] = set()
        with self._lock:
            frozen, sequence = Frozen.of(self._sealed, self._growing), self.sequence
            self._changed.append(changed)
        try:
            yield frozen, changed, sequence
        finally:
            with self._lock:
                self._changed = [each for each in self._changed if each is not changed]

    def _take(self, anew: Sealed, changed: set[int]) -> None:
        """Go on with a segment that has everything but the changes since. With the lock held."""
        anew.remove(changed)
        growing, ids = Growing(self.dim), np.fromiter(changed, np.int64, len(changed))
        for segment in self._segments:
            growing.add(*segment.rows(ids))
        self._sealed, self._growing = anew, growing

    def _written(self, folder: Path, frozen: Frozen, sequence: int) -> Sealed:
        sealed = frozen.sealed if frozen.unchanged else merged(frozen)
        self._known = snapshot.write(folder, sealed, self.embedder, sequence)
        try:
            return snapshot.map_segment(folder / self._known.file, self._known)
        except SnapshotError as error:  # dropped at this moment, or too many maps
            raise OSError(str(error)) from error

    def _taken_over(self, folder: Path, frozen: Frozen, sequence: int) -> Sealed | None:
        """The snapshot that another process has written of the same vectors. One that was there
        before this store was made doesn't count: the database may have been restored since."""
        found = self._on_disk()
        if found is None or found == self._known or found.sequence != sequence:
            return None
        try:
            sealed = snapshot.read(folder, found)
        except SnapshotError:
            return None
        if is_clustered(frozen.sealed.index) and not is_clustered(sealed.index):
            return None  # it would take minutes to find them again
        if not np.array_equal(sealed.ids, frozen.sorted_ids()):
            return None
        self._known = found
        return sealed

    def _on_disk(self) -> Manifest | None:
        if self._folder is None:
            return None
        try:
            return snapshot.read_manifest(self._folder, self.embedder, self.dim)
        except SnapshotError:
            return None


def _give_back() -> None:
    """What was freed. glibc would keep the many small pieces of what was in memory, as much again
    as the vectors took."""
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _best(found: Sequence[Found], k: int) -> list[Match]:
    """The `k` highest scores, ties by smaller id."""
    ids, scores = (np.concatenate(each) for each in zip(*found, strict=True))
    order = np.lexsort((ids, -scores))[: max(k, 0)]
    return list(map(Match, ids[order].tolist(), scores[order].tolist()))
