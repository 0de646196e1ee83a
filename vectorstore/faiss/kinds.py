"""The two kinds of index: every vector is compared, or those of the nearest clusters only.

One query over n × 384, one thread on two busy cores: milliseconds p50, recall of the exact ten
nearest. The vectors are those of `make bench-scale`, which measures only what is built here; the
others were tried once.

| | 200,000 | recall | to build |
|---|---|---|---|
| flat, float16 | 8.7 | 1.000 | |
| 2,048 clusters, 128 probed, float16 | 0.7 | .990 | 21 s |
| 2,048 clusters, 128 probed, 8 bits | 0.8 | .983 | 25 s |
| graph (HNSW, M = 16), 8 bits | 0.5 | .977 | 59 s, and nothing can be removed |
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from vectorstore.protocol import SnapshotError, Vectors

if TYPE_CHECKING:
    import faiss
    from numpy.typing import NDArray

Index = Any  # IndexIDMap2 over codes, or IndexIVFScalarQuantizer; FAISS's stubs know neither well

CLUSTERED_FROM = 200_000
LEAST_RECALL = 0.98  # of the exact ten nearest
_NEAREST = 10
_SAMPLE = 100
_CLUSTERS_PER_ROOT = 2  # times √n, rounded to a power of two; twice as many took four times as long
_POINTS_PER_CLUSTER = 50  # to train with
_ROUNDS = 8


def new_index(dim: int) -> "faiss.IndexIDMap2":
    """Creates the flat index: exhaustive search over float16 vectors.

    Single queries over n × 384 with one thread, p50 at 20,000 and 100,000: float32 4 and 17 ms,
    float16 2 and 12 ms with recall@50 0.9994, 8 bits 2 and 10 ms with 0.990. Scores are off by less
    than 0.001.
    """
    import faiss

    codec = faiss.ScalarQuantizer.QT_fp16
    return faiss.IndexIDMap2(faiss.IndexScalarQuantizer(dim, codec, faiss.METRIC_INNER_PRODUCT))


def cluster_count(vectors: int) -> int:
    return 1 << round(math.log2(_CLUSTERS_PER_ROOT * math.sqrt(max(1, vectors))))


def training_size(vectors: int) -> int:
    """How many of them are enough to find the clusters."""
    return min(vectors, _POINTS_PER_CLUSTER * cluster_count(vectors))


def new_clustered(sample: Vectors, vectors: int) -> "faiss.IndexIVFScalarQuantizer":
    """An empty index with clusters for so many vectors, found in a sample of them."""
    import faiss

    dim = sample.shape[1]
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dim),
        dim,
        min(cluster_count(vectors), len(sample)),
        faiss.ScalarQuantizer.QT_fp16,
        faiss.METRIC_INNER_PRODUCT,
        False,  # the vectors themselves, not what they differ by from their cluster
    )
    index.cp.niter = _ROUNDS
    index.cp.spherical = True
    index.cp.min_points_per_centroid = 1
    index.cp.max_points_per_centroid = _POINTS_PER_CLUSTER
    index.train(sample)
    return index


def probe_enough(
    index: "faiss.IndexIVFScalarQuantizer",
    rows: Vectors,
    exact: Callable[[Vectors, int], "NDArray[np.int64]"],
    least_recall: float,
) -> None:
    """Has each search probe as few clusters as reach that recall for these rows `(n, dim)`.

    `exact(rows, k)` gives the ids `(n, k)` of the exact nearest. The rows are vectors of the index:
    each is its own nearest and doesn't count. The number is saved with the index.
    """
    rows = rows[:_SAMPLE]
    wanted = [set(found[1:].tolist()) for found in exact(rows, _NEAREST + 1)]
    index.nprobe = max(1, index.nlist // 64)
    while index.nprobe < index.nlist:
        found = index.search(rows, _NEAREST + 1)[1]
        hits = sum(len(ids & set(row.tolist())) for ids, row in zip(wanted, found, strict=True))
        if hits >= least_recall * sum(map(len, wanted)):
            return
        index.nprobe = min(index.nprobe + 1 + index.nprobe // 4, index.nlist)


def is_clustered(index: Index) -> bool:
    import faiss

    return isinstance(index, faiss.IndexIVFScalarQuantizer)


def ids_of(index: Index) -> "NDArray[np.int64]":
    """Of all its vectors, in any order."""
    import faiss

    if not is_clustered(index):
        found: NDArray[np.int64] = faiss.vector_to_array(index.id_map)
        return found
    lists = index.invlists
    sizes = [lists.list_size(number) for number in range(index.nlist)]
    parts = [
        faiss.rev_swig_ptr(lists.get_ids(number), size).copy()
        for number, size in enumerate(sizes)
        if size
    ]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def read_index(data: bytes, dim: int) -> Index:
    """Raises SnapshotError where it is none of ours."""
    import faiss

    try:
        index = faiss.deserialize_index(np.frombuffer(data, np.uint8))
    except RuntimeError as error:
        raise SnapshotError(f"FAISS cannot read the index: {error}") from error
    if not _is_ours(index, dim):
        raise SnapshotError("the file contains another kind of index")
    return index


def _is_ours(index: Index, dim: int) -> bool:
    import faiss

    codes = index
    if isinstance(index, faiss.IndexIDMap2):
        codes = faiss.downcast_index(index.index)
        if not isinstance(codes, faiss.IndexScalarQuantizer):
            return False
    elif not is_clustered(index):
        return False
    found = (codes.d, codes.metric_type, codes.sq.qtype)
    return found == (dim, faiss.METRIC_INNER_PRODUCT, faiss.ScalarQuantizer.QT_fp16)
