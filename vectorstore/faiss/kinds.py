"""The kinds of index: every vector is compared, or those of the nearest clusters only.

One query over n × 384, one thread on two busy cores: milliseconds p50, recall of the exact ten
nearest. The vectors are those of `make bench-scale`, which measures only what is built here; the
others were tried once.

| | 200,000 | recall | to build |
|---|---|---|---|
| flat, float16 | 8.7 | 1.000 | |
| 2,048 clusters, 128 probed, float16 | 0.7 | .990 | 21 s |
| 2,048 clusters, 128 probed, 8 bits | 0.8 | .983 | 25 s |
| graph (HNSW, M = 16), 8 bits | 0.5 | .977 | 59 s, and nothing can be removed |

Single queries over a flat index, p50 at 20,000 and 100,000: float32 4 and 17 ms, float16 2 and
12 ms with recall@50 0.9994, 8 bits 2 and 10 ms with 0.990. Scores are off by less than 0.001.
"""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vectorstore.protocol import SnapshotError, Vectors

if TYPE_CHECKING:
    import faiss
    from numpy.typing import NDArray

# Flat codes, IndexIDMap2 over them, or clusters of codes; FAISS's stubs know none of them well.
Index = Any

CLUSTERED_FROM = 200_000
LEAST_RECALL = 0.98  # of the exact ten nearest
_NEAREST = 10
_SAMPLE = 100
_CLUSTERS_PER_ROOT = 2  # times √n, rounded to a power of two; twice as many took four times as long
_POINTS_PER_CLUSTER = 50  # to train with
_ROUNDS = 8


def new_flat(dim: int) -> "faiss.IndexScalarQuantizer":
    """An empty flat index, whose rows are known by their position."""
    import faiss

    codec = faiss.ScalarQuantizer.QT_fp16
    return faiss.IndexScalarQuantizer(dim, codec, faiss.METRIC_INNER_PRODUCT)


def new_sized(dim: int, count: int) -> "faiss.IndexScalarQuantizer":
    """A flat index of so many rows, to be written through `flat_codes`. It never takes more memory
    than they need; adding to it bit by bit would double it."""
    index = new_flat(dim)
    index.codes.resize(count * index.code_size)
    index.ntotal = count
    return index


def new_changeable(dim: int) -> "faiss.IndexIDMap2":
    """An empty flat index, whose rows are known by id and can be removed."""
    import faiss

    return faiss.IndexIDMap2(new_flat(dim))


def cluster_count(vectors: int) -> int:
    return 1 << round(math.log2(_CLUSTERS_PER_ROOT * math.sqrt(max(1, vectors))))


def training_size(vectors: int) -> int:
    """How many of them are enough to find the clusters."""
    return min(vectors, _POINTS_PER_CLUSTER * cluster_count(vectors))


def new_clustered(sample: Vectors, vectors: int) -> "faiss.IndexIVFScalarQuantizer":
    """An empty index with clusters for so many vectors, found in a sample of them."""
    import faiss

    dim = sample.shape[1]
    clusters = min(cluster_count(vectors), len(sample))
    index = _clusters_of(faiss.IndexFlatIP(dim), dim, clusters)
    index.cp.niter = _ROUNDS
    index.cp.spherical = True
    index.cp.min_points_per_centroid = 1
    index.cp.max_points_per_centroid = _POINTS_PER_CLUSTER
    index.train(sample)
    return index


def like_clustered(index: Index) -> "faiss.IndexIVFScalarQuantizer":
    """An empty index with the clusters of another one, of which as many are probed."""
    import faiss

    anew = _clusters_of(faiss.clone_index(index.quantizer), index.d, index.nlist)
    anew.is_trained = True
    anew.nprobe = index.nprobe
    return anew


def probe_enough(
    index: "faiss.IndexIVFScalarQuantizer",
    rows: Vectors,
    exact: "faiss.IndexScalarQuantizer",
    least_recall: float,
) -> None:
    """Has each search probe as few clusters as reach that recall for these rows `(n, dim)`.

    `exact` has the same rows at the same positions. Each of them is its own nearest and doesn't
    count. The number is saved with the index.
    """
    rows = rows[:_SAMPLE]
    wanted = [set(found[1:].tolist()) for found in exact.search(rows, _NEAREST + 1)[1]]
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


def flat_codes(index: Index) -> "NDArray[np.uint8]":
    """Of a flat index, `(n, 2 dim)`: a view, good for as long as the index lives unchanged."""
    import faiss

    size = index.ntotal * index.code_size
    codes: NDArray[np.uint8] = (
        faiss.rev_swig_ptr(index.codes.data(), size) if size else np.empty(0, np.uint8)
    )
    return codes.reshape(index.ntotal, index.code_size)


def cluster_codes(index: Index, number: int) -> "tuple[NDArray[np.int64], NDArray[np.uint8]]":
    """Positions `(n,)` and codes `(n, 2 dim)` of a cluster: views, as with `flat_codes`."""
    import faiss

    lists = index.invlists
    size = lists.list_size(number)
    if not size:
        return np.empty(0, np.int64), np.empty((0, index.code_size), np.uint8)
    codes = faiss.rev_swig_ptr(lists.get_codes(number), size * index.code_size)
    return faiss.rev_swig_ptr(lists.get_ids(number), size), codes.reshape(size, index.code_size)


def map_index(path: Path, dim: int) -> Index:
    """Opens an index whose rows stay in the file: pages of it that are read are in memory once for
    all processes. It must not be changed. Raises SnapshotError where it is none of ours."""
    import faiss

    try:
        index: Index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise SnapshotError(f"FAISS cannot read the index: {error}") from error
    if not (isinstance(index, faiss.IndexScalarQuantizer) or is_clustered(index)):
        raise SnapshotError("the file contains another kind of index")
    found = (index.d, index.metric_type, index.sq.qtype)
    if found != (dim, faiss.METRIC_INNER_PRODUCT, faiss.ScalarQuantizer.QT_fp16):
        raise SnapshotError("the file contains another kind of index")
    return index


def _clusters_of(quantizer: Index, dim: int, clusters: int) -> "faiss.IndexIVFScalarQuantizer":
    import faiss

    return faiss.IndexIVFScalarQuantizer(
        quantizer,
        dim,
        clusters,
        faiss.ScalarQuantizer.QT_fp16,
        faiss.METRIC_INNER_PRODUCT,
        False,  # the vectors themselves, not what they differ by from their cluster
    )
