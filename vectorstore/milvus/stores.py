"""The list of an installation's stores, a collection of its own.

Milvus has no transactions, so an entry is written last when a store is made, and changed in one
piece: by it a reader knows which rows count.
"""

import threading
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, fields

from vectorstore.milvus import collections
from vectorstore.milvus.collections import is_in
from vectorstore.milvus.server import RETRIES, Server

_MOST = 16_384  # entries of one answer; a limit of Milvus


@dataclass(frozen=True, slots=True)
class Entry:
    """A store. Its rows have `key` as their partition key: there are two for each name, so that a
    store can be made anew beside the one that answers. Of two that are saved under a name the
    higher `version` counts; the other one is what a killed process left."""

    name: str
    version: int
    dim: int
    embedder: str
    sequence: int = 0
    saved: bool = False

    @property
    def key(self) -> str:
        return f"{self.name}/{self.version % 2}"


_FIELDS = [each.name for each in fields(Entry)]


@dataclass(slots=True)
class StoreList:
    server: Server
    prefix: str
    _is_there: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def entries(self, names: Collection[str] | None = None) -> list[Entry]:
        """Those of these names, or all."""
        if names is not None and not names:
            return []
        self._have()
        with self.server.client() as client:
            found = client.query_iterator(
                self._collection,
                batch_size=_MOST,
                filter="" if names is None else is_in("name", names),
                output_fields=_FIELDS,
                timeout=self.server.timeout_s,
                retry_times=RETRIES,
            )
            rows = []
            while page := found.next():
                rows += page
            found.close()
        return [Entry(**{name: row[name] for name in _FIELDS}) for row in rows]

    def saved(self, names: Collection[str] | None = None) -> dict[str, Entry]:
        """By name."""
        entries = sorted(self.entries(names), key=lambda entry: entry.version)
        return {entry.name: entry for entry in entries if entry.saved}

    def put(self, entry: Entry) -> None:
        self._have()
        row = {"key": entry.key, **asdict(entry), "unused": [0.0, 0.0]}
        with self.server.client() as client:
            client.upsert(self._collection, [row], timeout=self.server.timeout_s)

    def remove(self, entry: Entry) -> None:
        with self.server.client() as client:
            client.delete(self._collection, ids=[entry.key], timeout=self.server.timeout_s)

    def forget(self) -> None:
        """Its collection may be gone."""
        with self._lock:
            self._is_there = False

    @property
    def _collection(self) -> str:
        return collections.list_name(self.prefix)

    def _have(self) -> None:
        with self._lock:
            if not self._is_there:
                collections.have_list(self.server, self._collection)
                self._is_there = True
