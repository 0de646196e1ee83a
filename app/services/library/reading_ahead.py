"""Many documents at once: the next ones are read while earlier ones are embedded and stored.

    claim, read → embed, many documents together → commit      each in a thread of its own

Chunks of many documents are sorted by length together, so that small documents fill batches, too.
A document whose last worker died is read again with nothing else in hand: should it end this one
as well, that counts against no other.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from app.services.library.handover import Handover
from app.services.library.ingestion import Embedded, Ingestion, Reading, lease_kept
from app.services.library.jobs import Claim

_WAITING_CHUNKS = 1024  # before embedding, and as many before the commit
_TOGETHER_CHUNKS = 512


@dataclass(slots=True)
class ReadingAhead:
    """Works through the queue as `worker`. For one `run`."""

    ingestion: Ingestion
    worker: str
    poll_s: float = 0.3
    _read: Handover[Reading] = field(default_factory=lambda: Handover(_WAITING_CHUNKS))
    _embedded: Handover[Embedded] = field(default_factory=lambda: Handover(_WAITING_CHUNKS))
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _in_hand: int = 0  # documents claimed and not finished
    _rests_since: float = field(default_factory=time.monotonic)
    _failure: BaseException | None = None

    def run(self, stop: Callable[[float], bool]) -> None:
        """Until `stop`, which gets for how many seconds nothing was in hand, says so; what is in
        hand then is finished.

        Raises what a step raises, StorageFull above all: then jobs may still be claimed.
        """
        reading = threading.Thread(
            target=self._guarded, args=(lambda: self._read_all(stop),), name="reading", daemon=True
        )
        storing = threading.Thread(
            target=self._guarded, args=(self._commit_all,), name="storing", daemon=True
        )
        with lease_kept(self.ingestion.jobs, self.worker):
            reading.start()
            storing.start()
            self._guarded(self._embed_all)
            reading.join()
            storing.join()
        if self._failure is not None:
            raise self._failure

    def _guarded(self, step: Callable[[], None]) -> None:
        """The first failure ends all steps."""
        try:
            step()
        except BaseException as error:
            with self._changed:
                self._failure = self._failure or error
                self._changed.notify_all()
            self._read.close(drop=True)
            self._embedded.close(drop=True)

    def _read_all(self, stop: Callable[[float], bool]) -> None:
        while self._failure is None and not stop(self._resting_s()):
            claim = self.ingestion.jobs.claim(self.worker, untried=self._in_hand > 0)
            if claim is None:
                with self._changed:
                    self._changed.wait_for(lambda: self._failure is not None, self.poll_s)
            else:
                self._read_one(claim)
        self._read.close()

    def _read_one(self, claim: Claim) -> None:
        self._count(1)
        reading = self.ingestion.read(claim)
        if reading is None:
            self._count(-1)
        else:
            self._read.put(reading, len(reading.chunks))
        if claim.attempt > 1:
            with self._changed:
                self._changed.wait_for(lambda: self._in_hand == 0 or self._failure is not None)

    def _embed_all(self) -> None:
        while readings := self._read.take(_TOGETHER_CHUNKS):
            found = self.ingestion.embed(readings)
            self._count(len(found) - len(readings))
            for embedded in found:
                self._embedded.put(embedded, len(embedded.vectors))
        self._embedded.close()

    def _commit_all(self) -> None:
        while found := self._embedded.take(0):
            for embedded in found:
                self.ingestion.commit(embedded)
                self._count(-1)

    def _count(self, more: int) -> None:
        with self._changed:
            self._in_hand += more
            self._rests_since = time.monotonic()
            self._changed.notify_all()

    def _resting_s(self) -> float:
        with self._changed:
            return 0.0 if self._in_hand else time.monotonic() - self._rests_since
