"""Documents that wait for their vectors take turns: a long one holds up no short one.

In each round the oldest document gets a share, so that it is never put off for good; the rest goes
to those with the fewest chunks left, which end in a round or two.
"""

from dataclasses import dataclass, field
from threading import Condition

from app.services.ingestion.embedding import ChunkBatch, Embedding

ROUND_CHUNKS = 128  # what arrives waits for these at most: two to four seconds on two cores
_OLDEST_CHUNKS = ROUND_CHUNKS // 4
_WAITING_CHUNKS = 4096  # of documents that are shorter than that, and one longer beside them
_LEAST_WEIGHT = 16  # a kill costs everything in hand an attempt: no more than 256 documents


@dataclass(slots=True)
class Turns:
    """One thread takes parts; any may put documents. Closed, it hands out what is left."""

    limit: int = _WAITING_CHUNKS
    _waiting: list[Embedding] = field(default_factory=list)  # oldest first
    _changed: Condition = field(default_factory=Condition)
    _closed: bool = False

    def put(self, embedding: Embedding) -> None:
        """Wait for room, then leave the document."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._has_room(embedding))
            self._waiting.append(embedding)
            self._changed.notify_all()

    def take(self) -> list[ChunkBatch]:
        """The next round, parts of different documents. Waits for it; empty where nothing is left
        and nothing will come."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._closed)
            parts = self._round()
            self._waiting = [embedding for embedding in self._waiting if embedding.left]
            self._changed.notify_all()
            return parts

    def drop(self, embedding: Embedding) -> None:
        """Forget a document that failed."""
        with self._changed:
            self._waiting = [each for each in self._waiting if each is not embedding]
            self._changed.notify_all()

    def close(self, *, drop: bool = False) -> None:
        """Nothing more will come; `drop` forgets what waits, too."""
        with self._changed:
            self._closed = True
            if drop:
                self._waiting.clear()
            self._changed.notify_all()

    def _round(self) -> list[ChunkBatch]:
        if not self._waiting:
            return []
        oldest, *others = self._waiting
        shares = {id(oldest): min(oldest.left, _OLDEST_CHUNKS)}
        free = ROUND_CHUNKS - shares[id(oldest)]
        chosen = [oldest]
        for each in sorted(others, key=lambda other: other.left):  # stable: else the older one
            if free <= 0:
                break
            shares[id(each)] = min(each.left, free)
            free -= shares[id(each)]
            chosen.append(each)
        shares[id(oldest)] += min(oldest.left - shares[id(oldest)], free)
        return [each.take(shares[id(each)]) for each in chosen]

    def _has_room(self, embedding: Embedding) -> bool:
        weights = [_weight(each) for each in self._waiting]
        if _weight(embedding) >= self.limit:
            return all(weight < self.limit for weight in weights)
        return sum(weight for weight in weights if weight < self.limit) < self.limit


def _weight(embedding: Embedding) -> int:
    return max(len(embedding.order), _LEAST_WEIGHT)
