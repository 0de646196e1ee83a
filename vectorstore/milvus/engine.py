"""Stores on a Milvus server, by name."""

import threading
from collections.abc import Collection, Sequence

from vectorstore.checks import checked_queries
from vectorstore.milvus import collections
from vectorstore.milvus.collections import BOUNDED, STRONG, is_in
from vectorstore.milvus.search import search_stores
from vectorstore.milvus.server import Server
from vectorstore.milvus.store import MilvusStore
from vectorstore.milvus.stores import Entry, StoreList
from vectorstore.protocol import Match, SnapshotError, Vectors

_CHECK_S = 10.0


class MilvusEngine:
    """All processes share the stores. Whoever makes or changes one keeps others from it meanwhile;
    changes of different stores, and searches, need not wait for each other."""

    def __init__(
        self, server: Server, prefix: str, *, partitions: int = collections.PARTITIONS
    ) -> None:
        """`prefix`: the names of this installation's collections begin with it."""
        self._server = server
        self._prefix = prefix
        self._partitions = partitions
        self._stores = StoreList(server, prefix)
        self._there: set[str] = set()  # collections
        self._lock = threading.Lock()

    def check(self, within_s: float = _CHECK_S) -> None:
        """Raises EngineMissing without pymilvus, EngineFailed where the server doesn't answer."""
        timeout_s = min(within_s, self._server.timeout_s)
        with self._server.client(look_s=timeout_s) as client:
            client.get_server_version(timeout=timeout_s)

    def create(self, name: str, dim: int, embedder: str) -> MilvusStore:
        """As the protocol says; drops what an interrupted run left under this name."""
        latest = self._stores.saved([name]).get(name)
        entry = Entry(name, latest.version + 1 if latest else 0, dim, embedder)
        for each in self._stores.entries([name]):
            if each.key == entry.key:
                self._drop(each)
        store = self._store(entry)
        self._stores.put(entry)
        return store

    def open(self, name: str, dim: int, embedder: str) -> MilvusStore:
        entry = self._stores.saved([name]).get(name)
        if entry is None:
            raise SnapshotError(f"Milvus has no store {name}")
        if (entry.dim, entry.embedder) != (dim, embedder):
            raise SnapshotError(
                f"built with {entry.embedder} ({entry.dim}), expected {embedder} ({dim})"
            )
        return self._store(entry)

    def search(
        self,
        stores: Sequence[MilvusStore],
        queries: Vectors,
        k: int,
        allow: Collection[int] | None = None,
        deny: Collection[int] = (),
    ) -> list[Match]:
        """The `k` best for one row `(1, dim)` in all these stores of one embedder together.
        Arguments as in `VectorStore.search`."""
        if not stores:
            return []
        (row,) = checked_queries(queries, stores[0].dim)
        (collection,) = {store.collection for store in stores}
        changed = any(store.consistency == STRONG for store in stores)
        consistency = STRONG if changed else BOUNDED
        keys = [store.key for store in stores]

        def count() -> int:
            return sum(store.known_count() for store in stores)

        where = (self._server, collection, keys)
        return search_stores(*where, row, k, allow, deny, consistency, count)

    def names(self) -> set[str]:
        return set(self.saved())

    def saved(self) -> dict[str, Entry]:
        """By name, in one request."""
        return self._stores.saved()

    def drop(self, name: str) -> None:
        for entry in self._stores.entries([name]):
            self._drop(entry)

    def clear(self) -> None:
        """Drop all stores of the installation."""
        with self._lock, self._server.client() as client:
            for name in collections.of_installation(client, self._prefix, self._server.timeout_s):
                client.drop_collection(name, timeout=self._server.timeout_s)
        self.forget()

    def forget(self) -> None:
        """What this process knows of collections: they may be gone."""
        with self._lock:
            self._there.clear()
        self._stores.forget()

    def _store(self, entry: Entry) -> MilvusStore:
        collection = self._collection(entry)
        return MilvusStore(
            entry.dim, entry.sequence, entry, collection, self._server, self._stores, self._drop
        )

    def _drop(self, entry: Entry) -> None:
        """The rows first: an entry whose rows are gone is dropped again, rows without one stay."""
        with self._server.client() as client:
            mine = is_in("store", [entry.key])
            client.delete(self._collection(entry), filter=mine, timeout=self._server.timeout_s)
        self._stores.remove(entry)

    def _collection(self, entry: Entry) -> str:
        """Its name; it is made where it is missing."""
        name = collections.name_of(self._prefix, entry.dim, entry.embedder)
        with self._lock:
            if name not in self._there:
                collections.have_vectors(self._server, name, entry.dim, self._partitions)
                self._there.add(name)
        return name
