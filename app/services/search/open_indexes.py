"""The vector indexes that are in memory, with a bound on how much they take together."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from vectorstore import VectorStore

NEVER = -1
_MIB = 1024 * 1024


@dataclass(slots=True)
class OpenIndex:
    """An index in memory, for one generation of its base's vectors."""

    generation: int
    store: VectorStore
    saved: int  # the sequence of its snapshot, or NEVER


@dataclass(slots=True)
class OpenIndexes:
    """By base, the one that was used last at the end. Safe for threads.

    The lock of a base is held while its index is opened, brought up to date, saved or closed.
    """

    memory_mib: float
    _by_base: OrderedDict[str, OpenIndex] = field(default_factory=OrderedDict)
    _locks: WeakValueDictionary[str, threading.Lock] = field(default_factory=WeakValueDictionary)
    _mutex: threading.Lock = field(default_factory=threading.Lock)  # held for moments only

    def lock(self, base_id: str) -> threading.Lock:
        """The base's lock. It exists as long as somebody holds it or waits for it."""
        with self._mutex:
            lock = self._locks.get(base_id)
            if lock is None:
                lock = self._locks[base_id] = threading.Lock()
            return lock

    def base_ids(self) -> list[str]:
        """The one that was not used for longest first."""
        with self._mutex:
            return list(self._by_base)

    def get(self, base_id: str) -> OpenIndex | None:
        with self._mutex:
            return self._by_base.get(base_id)

    def use(self, base_id: str, generation: int) -> VectorStore | None:
        """The base's index where one of this generation is open; it was used last from here on."""
        with self._mutex:
            found = self._by_base.get(base_id)
            if found is None or found.generation != generation:
                return None
            self._by_base.move_to_end(base_id)
            return found.store

    def put(self, base_id: str, index: OpenIndex) -> None:
        with self._mutex:
            self._by_base[base_id] = index
            self._by_base.move_to_end(base_id)

    def close(self, base_ids: Iterable[str]) -> None:
        """Let them go; passes over those that are not open."""
        with self._mutex:
            for base_id in base_ids:
                self._by_base.pop(base_id, None)

    @property
    def full(self) -> bool:
        """Whether they take all the memory that they may."""
        with self._mutex:
            used = sum(index.store.memory_bytes() for index in self._by_base.values())
        return used >= self.memory_mib * _MIB
