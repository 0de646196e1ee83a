"""A search in any number of stores of one collection, as one request."""

from collections.abc import Callable, Collection, Sequence

from vectorstore.milvus.collections import is_in
from vectorstore.milvus.server import Server
from vectorstore.protocol import Match, Vectors

# Candidates that a search in a graph keeps. pgvector, whose graphs are built alike, finds .98 of
# 500,000 vectors with 200.
_EF_SEARCH = 200
_MOST_EF_SEARCH = 32_768
_MOST = 16_384  # matches of one answer; a limit of Milvus
_TIE_MARGIN = 8  # fetched beyond `k`, to see ties at the boundary


def search_stores(
    server: Server,
    collection: str,
    keys: Sequence[str],
    query: Vectors,
    k: int,
    allow: Collection[int] | None,
    deny: Collection[int],
    consistency: str,
    count: Callable[[], int],
) -> list[Match]:
    """The `k` best for a row `(dim,)` in all those stores together. Other arguments as in
    `VectorStore.search`. `count`: of their rows; asked where few are found, so it should be known
    without a request, as a rule."""
    allowed = None if allow is None else set(allow).difference(deny)
    if k <= 0 or not keys or (allowed is not None and not allowed):
        return []
    conditions = [is_in("store", keys)]
    if allowed is not None:
        conditions.append(is_in("chunk", allowed))
    elif deny:
        conditions.append(is_in("chunk", set(deny), negated=True))

    def nearest(limit: int, ef: int) -> list[Match]:
        with server.client() as client:
            (found,) = client.search(
                collection,
                data=[query],
                anns_field="vector",
                filter=" and ".join(conditions),
                limit=limit,
                search_params={"metric_type": "IP", "params": {"ef": max(ef, limit)}},
                output_fields=["chunk"],
                consistency_level=consistency,
                timeout=server.timeout_s,
            )
        matches = [Match(row["entity"]["chunk"], row["distance"]) for row in found]
        return sorted(matches, key=lambda match: (-match.score, match.id))

    fetch, ef = min(k + _TIE_MARGIN, _MOST), _EF_SEARCH
    if allowed is not None:
        fetch = min(fetch, len(allowed))
    while True:
        found = nearest(fetch, ef)
        if allowed is not None and len(found) == len(allowed):
            return found[:k]
        if len(found) < fetch:
            if allowed is None and not deny and len(found) == count():
                return found[:k]
            # Either there are no more, or the search in a graph gave up for what is filtered out.
            if ef == _MOST_EF_SEARCH:
                return found[:k]
            ef = _MOST_EF_SEARCH
        # Milvus breaks ties arbitrarily: fetch until the last score differs from the k-th.
        elif fetch == _MOST or found[-1].score < found[k - 1].score:
            return found[:k]
        else:
            fetch = min(2 * fetch, _MOST)
