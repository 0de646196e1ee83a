"""A store whose vectors are rows of a table in PostgreSQL."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vectorstore.checks import checked_queries, checked_rows
from vectorstore.pgvector import index
from vectorstore.pgvector.schema import STORES, table
from vectorstore.pgvector.search import search_tables
from vectorstore.pgvector.wire import bigints, halves, know_types
from vectorstore.protocol import Match, Vectors

if TYPE_CHECKING:
    from sqlalchemy import Connection

Connect = Callable[[], AbstractContextManager["Connection"]]


@dataclass(frozen=True, slots=True)
class Connections:
    """How the engine reaches PostgreSQL: a transaction that reads, one that writes and commits at
    its end, and a connection that commits each statement. All are SQLAlchemy's, over psycopg."""

    read: Connect
    write: Connect
    autocommit: Connect


@dataclass(slots=True)
class PgVectorStore:
    """float16 rows, compared by PostgreSQL; nothing is kept in this process.

    What is written is durable with its transaction. `sequence` becomes so with `save`.
    """

    dim: int
    number: int
    name: str
    sequence: int
    _connections: Connections

    def upsert(self, ids: Sequence[int], vectors: Vectors) -> None:
        checked_ids, rows = checked_rows(ids, vectors, self.dim)
        if not len(checked_ids):
            return
        with self._connections.write() as connection:
            know_types(connection)
            oid = connection.exec_driver_sql("SELECT 'halfvec'::regtype::oid::int").scalar_one()
            connection.exec_driver_sql(
                f"INSERT INTO {table(self.number)} (id, embedding)"
                " SELECT * FROM unnest(%s, %s::halfvec[])"
                " ON CONFLICT (id) DO UPDATE SET embedding = excluded.embedding",
                (bigints(checked_ids), halves(rows, oid)),
            )

    def delete(self, ids: Sequence[int]) -> None:
        if not len(ids):
            return
        with self._connections.write() as connection:
            know_types(connection)
            connection.exec_driver_sql(
                f"DELETE FROM {table(self.number)} WHERE id = ANY(%s)", (bigints(ids),)
            )

    def search(
        self,
        queries: Vectors,
        k: int,
        allow: Collection[int] | None = None,
        deny: Collection[int] = (),
    ) -> list[list[Match]]:
        rows = checked_queries(queries, self.dim)
        with self._connections.read() as connection:
            return [search_tables(connection, [self.number], row, k, allow, deny) for row in rows]

    def ids(self) -> set[int]:
        with self._connections.read() as connection:
            found = connection.exec_driver_sql(f"SELECT id FROM {table(self.number)}")
            return set(found.scalars())

    def count(self) -> int:
        with self._connections.read() as connection:
            found = connection.exec_driver_sql(f"SELECT count(*) FROM {table(self.number)}")
            return int(found.scalar_one())

    def memory_bytes(self) -> int:
        return 0

    def optimise(self) -> bool:
        """Gives a large table a graph, unless another process is at it."""
        with self._connections.autocommit() as connection:
            return index.build_one(connection, self.number)

    def joining(self, connection: "Connection") -> "PgVectorStore":
        """The same store, with all that it does a part of that connection's transaction."""

        def joined() -> "nullcontext[Connection]":
            return nullcontext(connection)

        return replace(self, _connections=Connections(joined, joined, joined))

    def save(self) -> None:
        """Makes this the store of its name, with its `sequence`; an earlier one is dropped."""
        with self._connections.write() as connection:
            earlier = connection.exec_driver_sql(
                f"DELETE FROM {STORES} WHERE name = %s AND saved AND number <> %s RETURNING number",
                (self.name, self.number),
            ).scalars()
            for number in earlier.all():
                connection.exec_driver_sql(f"DROP TABLE {table(number)}")
            connection.exec_driver_sql(
                f"UPDATE {STORES} SET saved = true, sequence = %s WHERE number = %s",
                (self.sequence, self.number),
            )
