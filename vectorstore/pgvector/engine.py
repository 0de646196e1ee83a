"""Stores in PostgreSQL, by name."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from vectorstore.checks import checked_queries
from vectorstore.pgvector import index
from vectorstore.pgvector.schema import STORES, check_extension, is_gone, is_set_up, set_up, table
from vectorstore.pgvector.search import search_tables
from vectorstore.pgvector.store import Connections, PgVectorStore
from vectorstore.protocol import Match, SnapshotError, Vectors

if TYPE_CHECKING:
    from sqlalchemy import Connection


class PgVectorEngine:
    """All processes share the stores; each change is one transaction, or part of the caller's."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._is_set_up = False
        self._failed_at: dict[int, float] = {}  # see `index.build_missing`

    def check(self) -> None:
        """Raises EngineMissing where the server has no pgvector, or one that is too old."""
        with self._connections.write() as connection:
            check_extension(connection)

    def create(self, name: str, dim: int, embedder: str) -> PgVectorStore:
        """As the protocol says; drops what an interrupted run left under this name.

        Raises EngineMissing.
        """
        with self._connections.write() as connection:
            if not self._has_stores(connection):
                set_up(connection)
                self._is_set_up = True
            _drop(connection, name, "AND NOT saved")
            number = connection.exec_driver_sql(
                f"INSERT INTO {STORES} (name, dim, embedder) VALUES (%s, %s, %s) RETURNING number",
                (name, dim, embedder),
            ).scalar_one()
            connection.exec_driver_sql(
                f"CREATE TABLE {table(number)}"
                f" (id bigint PRIMARY KEY, embedding halfvec({dim:d}) NOT NULL)"
            )
            if dim <= index.MOST_DIMENSIONS:
                # Beside the id, not in a table of long values that each comparison would look into.
                connection.exec_driver_sql(
                    f"ALTER TABLE {table(number)} ALTER embedding SET STORAGE PLAIN"
                )
        return PgVectorStore(dim, number, name, 0, self._connections)

    def open(self, name: str, dim: int, embedder: str) -> PgVectorStore:
        with self._connections.read() as connection:
            found = self.saved(connection, [name]).get(name)
        if found is None:
            raise SnapshotError(f"there is no table for {name}")
        store, of_embedder = found
        if (store.dim, of_embedder) != (dim, embedder):
            raise SnapshotError(
                f"built with {of_embedder} ({store.dim}), expected {embedder} ({dim})"
            )
        return store

    def saved(
        self, connection: "Connection", names: Collection[str]
    ) -> dict[str, tuple[PgVectorStore, str]]:
        """Those of these names that are saved, each with its embedder, in one statement."""
        if not self._has_stores(connection):
            return {}
        rows = connection.exec_driver_sql(
            f"SELECT name, dim, embedder, number, sequence FROM {STORES}"
            " WHERE saved AND name = ANY(%s)",
            (list(names),),
        )
        return {
            name: (PgVectorStore(dim, number, name, sequence, self._connections), embedder)
            for name, dim, embedder, number, sequence in rows
        }

    def search(
        self,
        connection: "Connection",
        stores: Sequence[PgVectorStore],
        queries: Vectors,
        k: int,
        allow: Collection[int] | None = None,
        deny: Collection[int] = (),
    ) -> list[Match]:
        """The `k` best for one row `(1, dim)` in all these stores together, in one statement.
        Arguments as in `VectorStore.search`. Raises SnapshotError where one was dropped."""
        if not stores:
            return []
        (row,) = checked_queries(queries, stores[0].dim)
        numbers = [store.number for store in stores]
        try:
            return search_tables(connection, numbers, row, k, allow, deny)
        except Exception as error:
            if is_gone(error):
                raise SnapshotError("a table was dropped") from error
            raise

    def search_all(self, stores: Sequence[PgVectorStore], queries: Vectors, k: int) -> list[Match]:
        """`search` in a transaction of its own."""
        with self._connections.read() as connection:
            return self.search(connection, stores, queries, k)

    def names(self) -> set[str]:
        with self._connections.read() as connection:
            if not self._has_stores(connection):
                return set()
            found = connection.exec_driver_sql(f"SELECT name FROM {STORES} WHERE saved")
            return set(found.scalars())

    def drop(self, name: str) -> None:
        with self._connections.write() as connection:
            if self._has_stores(connection):
                _drop(connection, name)

    def clear(self) -> None:
        """Deletes all stores, also those that an interrupted run left; each for itself, since
        searches lock several tables in any order."""
        with self._connections.read() as connection:
            if not self._has_stores(connection):
                return
            names = connection.exec_driver_sql(f"SELECT DISTINCT name FROM {STORES} ORDER BY name")
            found = names.scalars().all()
        for name in found:
            self.drop(name)

    def index_large(self) -> int:
        """Give each saved store a graph that is large and has none; returns how many got one.

        Writes and searches go on meanwhile. One process at a time does it, others return at once.
        One that cannot be built is logged, and left alone for a while.
        """
        with self._connections.read() as connection:
            if not self._has_stores(connection):
                return 0
        with self._connections.autocommit() as connection:
            return index.build_missing(connection, self._failed_at)

    def index(self, store: PgVectorStore) -> None:
        """Give this store a graph, whatever its size."""
        with self._connections.autocommit() as connection:
            index.build(connection, store.number, store.dim, store.count())

    def _has_stores(self, connection: "Connection") -> bool:
        self._is_set_up = self._is_set_up or is_set_up(connection)
        return self._is_set_up


def _drop(connection: "Connection", name: str, which: str = "") -> None:
    """The tables before their rows in the list: whoever writes takes them in this order, too."""
    numbers = connection.exec_driver_sql(
        f"SELECT number FROM {STORES} WHERE name = %s {which}", (name,)
    ).scalars()
    for number in numbers.all():
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table(number)}")
        connection.exec_driver_sql(f"DELETE FROM {STORES} WHERE number = %s", (number,))
