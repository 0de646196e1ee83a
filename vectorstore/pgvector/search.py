"""One statement that searches any number of tables."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from vectorstore.pgvector.schema import table
from vectorstore.pgvector.wire import bigints, half, know_types
from vectorstore.protocol import Match, Vectors

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Candidates that a search in a graph keeps. Synthetic vectors of 384, recall of the exact ten
# nearest: of 100,000 with 40 .99, with 80 and above 1.000; of 250,000 with 100 .985; of 500,000
# with 200 .980. Of 20 tables of 10,000 together with 100 each .998: of many tables, each has few of
# the nearest.
_EF_SEARCH, _EF_SEARCH_OF_MANY = 200, 100
_MANY = 5  # tables
_MOST_EF_SEARCH = 1000  # pgvector's bound
# A graph is scanned on, nearest first, until there are `k` that are not denied. Compiling takes
# longer than running, and processes wait for each other on busy cores: 100,000 vectors were
# compared in 69 ms by one, in 84 by three.
_SETTINGS = (
    "SELECT set_config('hnsw.ef_search', %(ef)s, true),"
    " set_config('hnsw.iterative_scan', 'strict_order', true),"
    " set_config('jit', 'off', true), set_config('max_parallel_workers_per_gather', '0', true)"
)
_DISTANCE = "embedding <#> %(query)s::halfvec"  # the negative inner product


def search_tables(
    connection: "Connection",
    numbers: Sequence[int],
    query: Vectors,
    k: int,
    allow: Collection[int] | None,
    deny: Collection[int],
) -> list[Match]:
    """The `k` best for a row `(dim,)` in all those tables together. Arguments as in
    `VectorStore.search`."""
    if k <= 0 or not numbers:
        return []
    know_types(connection)
    ef = max(k, _EF_SEARCH if len(numbers) < _MANY else _EF_SEARCH_OF_MANY)
    connection.exec_driver_sql(_SETTINGS, {"ef": str(min(ef, _MOST_EF_SEARCH))})
    given: dict[str, object] = {"query": half(query)}
    if allow is not None:
        given["allow"] = bigints(set(allow).difference(deny))
        return _matches(connection, [_among_allowed(number, k) for number in numbers], k, given)
    if deny:
        given["deny"] = bigints(deny)
    where = " WHERE id <> ALL(%(deny)s)" if deny else ""
    found = _matches(connection, [_nearest(n, where, _DISTANCE, k) for n in numbers], k, given)
    if len(found) == k:
        return found
    # Either there are no more, or a scan of a graph gave up (`hnsw.max_scan_tuples`): compare all.
    # No index knows this expression.
    compared = f"({_DISTANCE}) + 0"
    return _matches(connection, [_nearest(n, where, compared, k) for n in numbers], k, given)


def _nearest(number: int, where: str, distance: str, k: int) -> str:
    return (
        f"(SELECT id, {distance} AS distance FROM {table(number)}{where}"
        f" ORDER BY {distance}, id LIMIT {k:d})"
    )


def _among_allowed(number: int, k: int) -> str:
    """Found by id first: a graph would have to be scanned until it meets them."""
    return (
        f"(WITH allowed AS MATERIALIZED (SELECT id, embedding FROM {table(number)}"
        f" WHERE id = ANY(%(allow)s)) SELECT id, {_DISTANCE} AS distance FROM allowed"
        f" ORDER BY 2, 1 LIMIT {k:d})"
    )


def _matches(
    connection: "Connection", searches: Sequence[str], k: int, given: dict[str, object]
) -> list[Match]:
    (statement, *others) = searches
    if others:
        statement = f"{' UNION ALL '.join(searches)} ORDER BY 2, 1 LIMIT {k:d}"
    rows = connection.exec_driver_sql(statement, given)
    return [Match(id_, -distance) for id_, distance in rows]
