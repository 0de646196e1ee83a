"""From one thread to the next, in order and bounded by weight."""

from collections import deque
from dataclasses import dataclass, field
from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Handover(Generic[T]):
    """One thread puts and closes, another takes until nothing comes any more."""

    limit: int  # weight that may wait
    _waiting: deque[tuple[T, int]] = field(default_factory=deque)
    _changed: Condition = field(default_factory=Condition)
    _closed: bool = False

    def put(self, item: T, weight: int) -> None:
        """Wait until less than the limit waits, then leave the item, however heavy it is."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._weight() < self.limit)
            self._waiting.append((item, weight))
            self._changed.notify_all()

    def take(self, weight: int) -> list[T]:
        """What waits, oldest first, up to that weight and one at least. Waits for it; empty where
        nothing is left and nothing will come."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._closed)
            taken: list[T] = []
            while self._waiting and (not taken or self._waiting[0][1] <= weight):
                item, own = self._waiting.popleft()
                taken.append(item)
                weight -= own
            self._changed.notify_all()
            return taken

    def close(self, *, drop: bool = False) -> None:
        """Nothing more will come; `drop` forgets what waits, too."""
        with self._changed:
            self._closed = True
            if drop:
                self._waiting.clear()
            self._changed.notify_all()

    def _weight(self) -> int:
        return sum(weight for _, weight in self._waiting)
