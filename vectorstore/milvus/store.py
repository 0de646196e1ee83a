"""A store whose vectors are rows of a collection of Milvus."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from vectorstore.checks import checked_queries, checked_rows
from vectorstore.milvus.collections import BOUNDED, STRONG, is_in
from vectorstore.milvus.search import search_stores
from vectorstore.milvus.server import RETRIES, Server
from vectorstore.milvus.stores import Entry, StoreList
from vectorstore.protocol import Match, Vectors

_BYTES_AT_ONCE = 16 << 20  # of vectors; Milvus takes messages of up to 64 MiB
_DELETED_AT_ONCE = 10_000
_IDS_AT_ONCE = 10_000
# A strong search waits for a tick of Milvus's clock, 200 ms by default; a bounded one sees what is
# older than `common.gracefulTime`, 5 s by default. So those soon after a change are strong.
_SETTLED_S = 15.0


@dataclass(slots=True)
class MilvusStore:
    """float32 rows, compared by Milvus; nothing is kept in this process. Thread-safe.

    What is written is durable when a call returns, `sequence` with `save`. Every search sees what
    was written before this object was made, and what is written through it.
    """

    dim: int
    sequence: int
    entry: Entry
    collection: str
    _server: Server
    _stores: StoreList
    _drop: Callable[[Entry], None]
    _changed_at: float = field(default_factory=time.monotonic)
    _count: int | None = None  # as of the last change through this object

    @property
    def key(self) -> str:
        return self.entry.key

    def upsert(self, ids: Sequence[int], vectors: Vectors) -> None:
        checked_ids, rows = checked_rows(ids, vectors, self.dim)
        at_once = max(1, _BYTES_AT_ONCE // (4 * self.dim))
        for begin in range(0, len(checked_ids), at_once):
            some = slice(begin, begin + at_once)
            data = [
                {"id": self._id(chunk), "store": self.key, "chunk": chunk, "vector": row}
                for chunk, row in zip(checked_ids[some].tolist(), rows[some], strict=True)
            ]
            with self._server.client() as client:
                client.upsert(self.collection, data, timeout=self._server.timeout_s)
            self._changed()

    def delete(self, ids: Sequence[int]) -> None:
        for begin in range(0, len(ids), _DELETED_AT_ONCE):
            some = [self._id(chunk) for chunk in ids[begin : begin + _DELETED_AT_ONCE]]
            with self._server.client() as client:
                client.delete(self.collection, ids=some, timeout=self._server.timeout_s)
            self._changed()

    def search(
        self,
        queries: Vectors,
        k: int,
        allow: Collection[int] | None = None,
        deny: Collection[int] = (),
    ) -> list[list[Match]]:
        rows = checked_queries(queries, self.dim)
        where = (self._server, self.collection, [self.key])
        how, count = self.consistency, self.known_count
        return [search_stores(*where, row, k, allow, deny, how, count) for row in rows]

    @property
    def consistency(self) -> str:
        """The least that makes a search see all that the store has."""
        settled = time.monotonic() - self._changed_at > _SETTLED_S
        return BOUNDED if settled else STRONG

    def ids(self) -> set[int]:
        with self._server.client() as client:
            found = client.query_iterator(
                self.collection,
                batch_size=_IDS_AT_ONCE,
                filter=self._mine,
                output_fields=["chunk"],
                timeout=self._server.timeout_s,
                retry_times=RETRIES,
            )
            ids: set[int] = set()
            while page := found.next():
                ids.update(row["chunk"] for row in page)
            found.close()
        return ids

    def count(self) -> int:
        with self._server.client() as client:
            (row,) = client.query(
                self.collection,
                filter=self._mine,
                output_fields=["count(*)"],
                consistency_level=STRONG,
                timeout=self._server.timeout_s,
            )
        return int(row["count(*)"])

    def known_count(self) -> int:
        """The number of vectors when it was first asked after a change through this object."""
        count = self._count
        if count is None:
            count = self._count = self.count()
        return count

    def memory_bytes(self) -> int:
        return 0

    def optimise(self) -> bool:
        """Does nothing: Milvus builds graphs by itself."""
        return False

    def save(self) -> None:
        """Makes this the store of its name, with its `sequence`; an earlier one is dropped."""
        earlier = [] if self.entry.saved else self._stores.entries([self.entry.name])
        self.entry = replace(self.entry, sequence=self.sequence, saved=True)
        self._stores.put(self.entry)
        for entry in earlier:
            if entry.key != self.key:
                self._drop(entry)

    def _changed(self) -> None:
        self._changed_at = time.monotonic()
        self._count = None

    @property
    def _mine(self) -> str:
        return is_in("store", [self.key])

    def _id(self, chunk: int) -> str:
        return f"{self.key}/{chunk}"
