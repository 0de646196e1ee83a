"""The two parts of a store: rows that stay as they are, and those that came since.

A sealed segment may lie in a file that is mapped into memory, where all processes share it. Rows of
it that are gone stay in the file until the next one is written. The growing segment takes what is
new.
"""

from collections.abc import Collection, Set
from typing import TYPE_CHECKING, Protocol

import numpy as np

from vectorstore.faiss.candidates import FEW, Candidates, Found
from vectorstore.faiss.kinds import Index, flat_codes, is_clustered, new_changeable, new_flat
from vectorstore.protocol import Vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Of a growing row besides its codes: FAISS's map and our set of ids. With room to grow, 200,000
# rows of 384 measured 1,040 bytes each, 100,000 of 1,024 measured 1,960.
_GROWING_ROW_BYTES = 160
_SEALED_ROW_BYTES = 8  # its id
SEGMENT_BYTES = 12_000  # objects of Python and FAISS, whatever the rows
_NONE = np.empty(0, np.int64)


class Segment(Protocol):
    """Implementations: `Growing`, `Sealed`."""

    def count(self) -> int:
        """Rows that are there."""

    def memory_bytes(self) -> int:
        """What this process needs for itself, about."""

    def remove(self, ids: Collection[int]) -> list[int]:
        """Returns those that were there."""

    def rows(self, ids: "NDArray[np.int64]") -> "tuple[NDArray[np.int64], Vectors]":
        """Those of the ids that are there, and their rows `(n, dim)`."""

    def candidates(self, allow: Collection[int] | None, deny: Collection[int]) -> Candidates:
        """What a search may find; see `VectorStore.search`."""

    def named(self, found: Found) -> Found:
        """What was found, with ids instead of the numbers by which FAISS knows rows."""


class Growing:
    """Rows by id, in memory, which come and go."""

    def __init__(self, dim: int) -> None:
        self.ids: set[int] = set()
        self._index = new_changeable(dim)

    def add(self, ids: "NDArray[np.int64]", rows: Vectors) -> None:
        """None of the ids may be there. Of one that is given twice both rows would stay."""
        self._index.add_with_ids(rows, ids)
        self.ids.update(ids.tolist())

    def remove(self, ids: Collection[int]) -> list[int]:
        import faiss

        present = self.ids.intersection(ids)
        if present:
            self._index.remove_ids(faiss.IDSelectorBatch(_array(present)))
            self.ids -= present
        return list(present)

    def count(self) -> int:
        return len(self.ids)

    def memory_bytes(self) -> int:
        return len(self.ids) * (2 * int(self._index.d) + _GROWING_ROW_BYTES)

    def rows(self, ids: "NDArray[np.int64]") -> "tuple[NDArray[np.int64], Vectors]":
        kept = _array(self.ids.intersection(ids.tolist()))
        return kept, self._index.reconstruct_batch(kept)

    def copied(self) -> "tuple[NDArray[np.int64], NDArray[np.uint8]]":
        """All ids and codes."""
        import faiss

        codes = flat_codes(faiss.downcast_index(self._index.index)).copy()
        return faiss.vector_to_array(self._index.id_map), codes

    def candidates(self, allow: Collection[int] | None, deny: Collection[int]) -> Candidates:
        import faiss

        if allow is not None:
            allowed = _array(self.ids.intersection(allow).difference(deny))
            few = allowed if len(allowed) <= FEW else None
            return Candidates(self._index, len(allowed), faiss.IDSelectorBatch(allowed), few=few)
        denied = self.ids.intersection(deny)
        left = len(self.ids) - len(denied)
        if not denied:
            return Candidates(self._index, left)
        batch = faiss.IDSelectorBatch(_array(denied))
        return Candidates(self._index, left, faiss.IDSelectorNot(batch), keeps=batch)

    def named(self, found: Found) -> Found:
        return found


class Sealed:
    """Rows of `index` by position, with the id at each position, ascending. `there` says which are
    not gone. `mapped`: they lie in a file, and the index must not be changed."""

    def __init__(self, index: Index, ids: "NDArray[np.int64]", *, mapped: bool = False) -> None:
        self.index = index
        self.ids = ids
        self.mapped = mapped
        self.there = np.ones(len(ids), np.bool_)
        self._count = len(ids)

    @classmethod
    def empty(cls, dim: int) -> "Sealed":
        return cls(new_flat(dim), _NONE)

    def remove(self, ids: Collection[int]) -> list[int]:
        positions = np.unique(self._positions(ids))
        self.there[positions] = False
        self._count -= len(positions)
        gone: list[int] = self.ids[positions].tolist()
        return gone

    def count(self) -> int:
        return self._count

    def memory_bytes(self) -> int:
        codes = 0 if self.mapped else 2 * int(self.index.d)
        ids = 0 if isinstance(self.ids.base, np.memmap) else _SEALED_ROW_BYTES
        return SEGMENT_BYTES + len(self.ids) * (1 + codes + ids)

    def rows(self, ids: "NDArray[np.int64]") -> "tuple[NDArray[np.int64], Vectors]":
        positions = self._positions(ids.tolist())
        return self.ids[positions], self.index.reconstruct_batch(positions)

    def candidates(self, allow: Collection[int] | None, deny: Collection[int]) -> Candidates:
        import faiss

        hidden = self._positions(deny)
        if allow is not None:
            allowed = np.zeros(len(self.ids), np.bool_)
            allowed[self._positions(allow)] = True
        elif len(hidden) or self._count < len(self.ids):
            allowed = self.there.copy()
        else:
            return Candidates(self.index, self._count)
        allowed[hidden] = False
        count = int(allowed.sum())
        direct = allow is not None and count <= FEW and not is_clustered(self.index)
        return Candidates(
            self.index,
            count,
            faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little")),  # type: ignore[call-arg, arg-type]  # stubs
            few=np.flatnonzero(allowed) if direct else None,
            everywhere=allow is not None,  # they may be in any cluster
        )

    def named(self, found: Found) -> Found:
        return self.ids[found[0]], found[1]

    def _positions(self, ids: Collection[int]) -> "NDArray[np.int64]":
        """Of those that are there."""
        if not len(self.ids):
            return _NONE
        if isinstance(ids, Set) and len(ids) > len(self.ids):
            ids = [id_ for id_ in self.ids.tolist() if id_ in ids]
        asked = np.fromiter(ids, np.int64, len(ids))
        positions = np.minimum(np.searchsorted(self.ids, asked), len(self.ids) - 1)
        there: NDArray[np.bool_] = (self.ids[positions] == asked) & self.there[positions]
        return positions[there]


def _array(ids: set[int]) -> "NDArray[np.int64]":
    return np.fromiter(sorted(ids), np.int64, len(ids))
