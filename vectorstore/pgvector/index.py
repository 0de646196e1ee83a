"""A graph (HNSW) for each table that is large: Malkov and Yashunin 2016, arXiv 1603.09320.

Without one, a search compares all rows: 69 ms for 100,000 of 384 dimensions on two busy cores. With
one it takes 4 ms for 100,000 and 11 ms for 500,000, as the graph is searched here, and a row that
is added takes 3 ms instead of 0.1 (docs/decisions/2026-11-29-vector-engines.md).
"""

import logging
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vectorstore.pgvector.schema import SCHEMA, STORES, table
from vectorstore.protocol import NotOptimised

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger(__name__)

ROWS = 5000  # 4 ms to compare
PAUSE_S = 900.0  # each try may keep the server busy for minutes
MOST_DIMENSIONS = 4000  # of a `halfvec` in an index, and in one page of a table
# 100,000 synthetic vectors: built in 54 s with recall of the exact ten nearest 1.000; in 117 s with
# ef_construction = 128, no better.
_OPTIONS = "m = 16, ef_construction = 64"
_GRAPH_ROW_BYTES = 500  # besides its vector, while it is built in memory
_MOST_MEMORY_MIB = 8192
_LOCK = 0x67726170680000  # "graph", key of an advisory lock
_PAGE_BYTES = 8192

_SIZES = f"""
SELECT store.number, store.dim, pg_relation_size('{SCHEMA}.store_' || store.number) AS bytes,
       EXISTS (SELECT FROM pg_index WHERE indisvalid
               AND indexrelid = to_regclass('{SCHEMA}.graph_' || store.number)) AS is_valid
FROM {STORES} WHERE dim <= {MOST_DIMENSIONS}
"""


def build_missing(connection: "Connection", failed_at: MutableMapping[int, float]) -> int:
    """Build the graphs that saved tables lack, over a connection that commits each statement.
    Returns how many; 0 while another process is at it. One that fails is logged and noted in
    `failed_at`, by number and in seconds of `time.monotonic`; it is tried again after `PAUSE_S`."""
    built = 0
    with _alone(connection) as alone:
        for number, dim, rows in _lacking(connection, "saved") if alone else []:
            if number in failed_at and time.monotonic() - failed_at[number] < PAUSE_S:
                continue
            try:
                build(connection, number, dim, rows)
            except Exception:  # dropped meanwhile, memory, disk: the others are searched, too
                log.warning("the graph of %s could not be built", table(number), exc_info=True)
                failed_at[number] = time.monotonic()
            else:
                built += 1
    return built


def build_one(connection: "Connection", number: int) -> bool:
    """Build the graph of this table, where it is large and has none; whether that was done. Raises
    NotOptimised."""
    with _alone(connection) as alone:
        todo = _lacking(connection, f"number = {number:d}") if alone else []
        for _, dim, rows in todo:
            try:
                build(connection, number, dim, rows)
            except Exception as error:
                raise NotOptimised(
                    f"the graph of {table(number)} was not built: {error}"
                ) from error
    return bool(todo)


@contextmanager
def _alone(connection: "Connection") -> Iterator[bool]:
    """Whether no other process builds."""
    alone = connection.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).scalar_one()
    try:
        yield alone
    finally:
        if alone:
            connection.exec_driver_sql("SELECT pg_advisory_unlock(%s)", (_LOCK,))


def _lacking(connection: "Connection", which: str) -> list[tuple[int, int, int]]:
    """Number, dimensions and rows of the large tables that have no graph."""
    found = connection.exec_driver_sql(f"{_SIZES} AND {which}").all()
    sized = [(row.number, row.dim, _rows(row.bytes, row.dim)) for row in found if not row.is_valid]
    return [each for each in sized if each[2] >= ROWS]


def _rows(size_bytes: int, dim: int) -> int:
    """About how many rows a table of that size has: those of a page, which keeps whole ones."""
    return size_bytes // _PAGE_BYTES * max(1, (_PAGE_BYTES - 24) // (2 * dim + 48))


def build(connection: "Connection", number: int, dim: int, rows: int) -> None:
    """In memory, as far as that goes; beyond it building gets slow."""
    needed_mib = rows * (2 * dim + _GRAPH_ROW_BYTES) // (1 << 20) + 64
    log.info("the graph of %s is built", table(number))
    connection.exec_driver_sql(
        f"SET maintenance_work_mem = '{min(needed_mib, _MOST_MEMORY_MIB):d}MB'"
    )
    try:
        try:
            _create(connection, number)
        except Exception as error:
            # Several processes share memory, of which containers have 64 MiB unless told otherwise.
            log.warning("the graph is built by one process: %s", error)
            connection.exec_driver_sql("SET max_parallel_maintenance_workers = 0")
            _create(connection, number)
        connection.exec_driver_sql(f"ANALYZE {table(number)}")
    finally:
        connection.exec_driver_sql("RESET maintenance_work_mem")
        connection.exec_driver_sql("RESET max_parallel_maintenance_workers")


def _create(connection: "Connection", number: int) -> None:
    connection.exec_driver_sql(f"DROP INDEX IF EXISTS {_graph(number)}")  # one that was interrupted
    connection.exec_driver_sql(
        f"CREATE INDEX CONCURRENTLY graph_{number:d} ON {table(number)}"
        f" USING hnsw (embedding halfvec_ip_ops) WITH ({_OPTIONS})"
    )


def _graph(number: int) -> str:
    return f"{SCHEMA}.graph_{number:d}"
