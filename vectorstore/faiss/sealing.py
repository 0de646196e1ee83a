"""Makes one sealed segment of what a store holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vectorstore.faiss.kinds import (
    Index,
    cluster_codes,
    flat_codes,
    is_clustered,
    like_clustered,
    new_clustered,
    new_sized,
    probe_enough,
    training_size,
)
from vectorstore.faiss.segments import Growing, Sealed
from vectorstore.protocol import Vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Frozen:
    """A store at one moment: what is there of its sealed segment, and ids `(n,)` and codes
    `(n, 2 dim)` of its growing one."""

    sealed: Sealed
    there: "NDArray[np.bool_]"
    ids: "NDArray[np.int64]"
    codes: "NDArray[np.uint8]"

    @classmethod
    def of(cls, sealed: Sealed, growing: Growing) -> "Frozen":
        return cls(sealed, sealed.there.copy(), *growing.copied())

    @property
    def unchanged(self) -> bool:
        """Whether it is the sealed segment as it was made."""
        return not len(self.ids) and bool(self.there.all())

    def sorted_ids(self) -> "NDArray[np.int64]":
        """Of all its rows."""
        return np.sort(np.concatenate([self.sealed.ids[self.there], self.ids]))


def merged(frozen: Frozen) -> Sealed:
    """All its rows in memory, with clusters where the sealed segment has them."""
    old, kept = frozen.sealed.index, frozen.sealed.ids[frozen.there]
    ids = np.concatenate([kept, frozen.ids])
    order = np.argsort(ids)
    if is_clustered(old):
        return Sealed(_clusters(frozen, ids[order]), ids[order])
    anew, old_codes = new_sized(old.d, len(order)), flat_codes(old)
    positions, codes = np.flatnonzero(frozen.there), flat_codes(anew)
    for some in _batches(len(order)):
        rows, into = order[some], codes[some]
        was_sealed = rows < len(kept)
        into[was_sealed] = old_codes[positions[rows[was_sealed]]]
        into[~was_sealed] = frozen.codes[rows[~was_sealed] - len(kept)]
    return Sealed(anew, ids[order])


def clustered(flat: Sealed, least_recall: float) -> Sealed:
    """The same rows with clusters. Takes minutes for a million."""
    codes, count = flat_codes(flat.index), flat.count()
    drawn = np.random.default_rng(0).permutation(count)[: training_size(count)]
    sample = _decoded(codes[drawn])
    anew = new_clustered(sample, count)
    for some in _batches(count):
        anew.add_with_ids(_decoded(codes[some]), np.arange(some.start, some.stop))
    probe_enough(anew, sample, flat.index, least_recall)
    return Sealed(anew, flat.ids)


def _clusters(frozen: Frozen, ids: "NDArray[np.int64]") -> Index:
    """The rows at the positions of their ids, in the clusters that there are."""
    import faiss

    old = frozen.sealed.index
    anew: Index = like_clustered(old)
    position = np.searchsorted(ids, frozen.sealed.ids)  # wrong for those that are gone
    for number in range(old.nlist):
        positions, codes = cluster_codes(old, number)
        there = frozen.there[positions]
        moved, left = position[positions[there]], np.ascontiguousarray(codes[there])
        anew.invlists.add_entries(number, len(moved), faiss.swig_ptr(moved), faiss.swig_ptr(left))
        anew.ntotal += len(moved)
    for some in _batches(len(frozen.ids)):
        rows = _decoded(frozen.codes[some])
        anew.add_with_ids(rows, np.searchsorted(ids, frozen.ids[some]))
    return anew


def _decoded(codes: "NDArray[np.uint8]") -> Vectors:
    return codes.view(np.float16).astype(np.float32)


def _batches(count: int) -> Iterator[slice]:
    for begin in range(0, count, _ROWS_AT_ONCE):
        yield slice(begin, min(begin + _ROWS_AT_ONCE, count))
