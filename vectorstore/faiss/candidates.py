"""What one search may find in one index, and the search itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from vectorstore.faiss.kinds import Index, is_clustered
from vectorstore.protocol import Vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW = 1000  # rows that are compared directly; FAISS would scan all others
_TIE_MARGIN = 8  # fetched beyond `k`, to see ties at the boundary
_NOTHING = -1  # FAISS's number where it found too few

Found = tuple["NDArray[np.int64]", Vectors]  # numbers of rows, and their scores


@dataclass(frozen=True, slots=True)
class Candidates:
    """`count` rows of `index`: those of `selector`, or all. `few`: their numbers, where they are
    to be compared directly. `everywhere`: in all clusters. FAISS takes bare pointers, so `keeps`
    holds what the selector points at."""

    index: Index
    count: int
    selector: Any = None
    few: "NDArray[np.int64] | None" = None
    everywhere: bool = False
    keeps: Any = None

    def best(self, query: Vectors, k: int) -> Found:
        """At least the `k` best for one query `(dim,)`, if there are so many, with all that tie
        with the last of them."""
        k = min(k, self.count)
        if k <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if self.few is not None:
            rows = self.index.reconstruct_batch(self.few)
            # Row by row: a product of matrices rounds equal rows differently.
            return self.few, np.einsum("ij,j->i", rows, query)
        params = self._parameters()
        fetch = min(k + _TIE_MARGIN, self.count)
        while True:
            (scores,), (numbers,) = self.index.search(query[None], fetch, params=params)
            too_few = numbers[k - 1] == _NOTHING and is_clustered(self.index)
            if too_few and params.nprobe < self.index.nlist:
                params.nprobe = self.index.nlist  # too few in the nearest clusters
            # FAISS breaks ties arbitrarily: fetch until the last score differs from the k-th.
            elif fetch == self.count or scores[-1] < scores[k - 1]:
                found = numbers != _NOTHING
                return numbers[found], scores[found]
            else:
                fetch = min(2 * fetch, self.count)

    def _parameters(self) -> Any:
        import faiss

        clustered = is_clustered(self.index)
        params: Any = faiss.SearchParametersIVF() if clustered else faiss.SearchParameters()
        if clustered:
            params.nprobe = self.index.nlist if self.everywhere else self.index.nprobe
        if self.selector is not None:
            params.sel = self.selector
        return params


def compared_alike(parts: Sequence[Candidates]) -> list[Candidates]:
    """All directly or none: FAISS rounds differently, and rows that tie would not."""
    if all(each.few is not None or not each.count for each in parts):
        return list(parts)
    return [replace(each, few=None) for each in parts]
