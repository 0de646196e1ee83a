"""Many documents at once: the next ones are read while earlier ones are embedded and stored.

    claim, read → embed, many documents in turn → commit       each in a thread of its own

Chunks of many documents are embedded together, so that small documents fill batches, too, and in
turn, so that a long document holds up no short one. While a file takes long to read, a second
thread reads small ones. A document whose last worker died is read again with nothing else in hand:
should it end this one as well, that counts against no other.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from app.db.errors import DatabaseBusy
from app.services.ingestion.embedding import Embedding
from app.services.ingestion.handover import Handover
from app.services.ingestion.ingestion import Ingestion
from app.services.ingestion.turns import Turns
from app.services.jobs.lease import lease_kept
from app.services.jobs.queue import Claim

log = logging.getLogger(__name__)

_WAITING_CHUNKS = 1024  # before the commit
SMALL_BYTES = 1 << 20
_LONG_S = 1.0  # that a file is being read, until others are read beside it


@dataclass(slots=True)
class ReadingAhead:
    """Works through the queue as `worker`. For one `run`.

    `beside`: the same ingestion with a parser of its own, for small files beside a long one.
    """

    ingestion: Ingestion
    worker: str
    poll_s: float = 0.3
    beside: Ingestion | None = None
    long_s: float = _LONG_S
    _turns: Turns = field(default_factory=Turns)
    _embedded: Handover[Embedding] = field(default_factory=lambda: Handover(_WAITING_CHUNKS))
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _claiming: threading.Lock = field(default_factory=threading.Lock)
    _in_hand: int = 0  # documents claimed and not finished
    _alone: bool = False  # what is in hand may end this process
    _reading_since: float | None = None  # of the first thread's file
    _read_all_done: bool = False
    _rests_since: float = field(default_factory=time.monotonic)
    _failure: BaseException | None = None

    def run(self, stop: Callable[[float], bool]) -> None:
        """Until `stop`, which gets for how many seconds nothing was in hand, says so; what is in
        hand then is finished.

        Raises what a step raises, StorageFull, DatabaseBusy and EmbedderUnavailable above all: then
        jobs may still be claimed.
        """
        steps: list[tuple[str, Callable[[], None]]] = [
            ("reading", lambda: self._read_all(stop)),
            ("storing", self._commit_all),
        ]
        if self.beside is not None:
            beside = self.beside
            steps.append(("reading beside", lambda: self._read_beside(beside)))
        threads = [
            threading.Thread(target=self._guarded, args=(step,), name=name, daemon=True)
            for name, step in steps
        ]
        with lease_kept(self.ingestion.jobs, self.worker):
            for thread in threads:
                thread.start()
            self._guarded(self._embed_all)
            for thread in threads:
                thread.join()
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
            self._turns.close(drop=True)
            self._embedded.close(drop=True)

    def _read_all(self, stop: Callable[[float], bool]) -> None:
        while self._failure is None and not stop(self._resting_s()):
            if (claim := self._claim()) is None:
                self._wait(lambda: False, self.poll_s)
                continue
            self._set_reading(time.monotonic())
            self._read_one(self.ingestion, claim)
            self._set_reading(None)
            if claim.attempt > 1:
                self._wait(lambda: self._in_hand == 0)
                self._alone = False
        with self._changed:
            self._read_all_done = True
            self._changed.notify_all()
        if self.beside is None:
            self._turns.close()

    def _read_beside(self, ingestion: Ingestion) -> None:
        """Read small files for as long as the first thread is at a long one."""
        while not self._read_all_done and self._failure is None:
            since = self._reading_since
            if since is None:
                self._wait(lambda: self._read_all_done or self._reading_since is not None)
            elif (left_s := since + self.long_s - time.monotonic()) > 0:
                self._wait(partial(self._reads_another, since), left_s)
            elif (claim := self._claim(small=True)) is None:
                self._wait(partial(self._reads_another, since), self.poll_s)
            else:
                self._read_one(ingestion, claim)
        self._turns.close()

    def _reads_another(self, since: float) -> bool:
        return self._reading_since != since

    def _claim(self, *, small: bool = False) -> Claim | None:
        """The next document. None where none waits, or the database is busy."""
        with self._claiming:
            if self._alone and small:
                return None
            try:
                claim = self.ingestion.jobs.claim(
                    self.worker,
                    untried=small or self._in_hand > 0,
                    max_bytes=SMALL_BYTES if small else None,
                )
            except DatabaseBusy as error:
                log.warning("%s", error)
                return None
            if claim is not None:
                self._alone = claim.attempt > 1
                self._count(1)
            return claim

    def _read_one(self, ingestion: Ingestion, claim: Claim) -> None:
        reading = ingestion.read(claim)
        if reading is None:
            self._count(-1)
        else:
            self._turns.put(ingestion.begin(reading))

    def _embed_all(self) -> None:
        while parts := self._turns.take():
            over = self.ingestion.embed(parts)
            for embedding in over:
                self._turns.drop(embedding)
            self._count(-len(over))
            for part in parts:
                embedding = part.embedding
                if embedding.is_whole and embedding not in over:
                    self._embedded.put(embedding, len(embedding.order))
        self._embedded.close()

    def _commit_all(self) -> None:
        while found := self._embedded.take(0):
            for embedding in found:
                self.ingestion.commit(embedding)
                self._count(-1)

    def _count(self, more: int) -> None:
        with self._changed:
            self._in_hand += more
            self._rests_since = time.monotonic()
            self._changed.notify_all()

    def _set_reading(self, since: float | None) -> None:
        with self._changed:
            self._reading_since = since
            self._changed.notify_all()

    def _wait(self, changed: Callable[[], bool], timeout_s: float | None = None) -> None:
        """Until that is so, at most that long, or until a step failed."""
        with self._changed:
            self._changed.wait_for(lambda: changed() or self._failure is not None, timeout_s)

    def _resting_s(self) -> float:
        with self._changed:
            return 0.0 if self._in_hand else time.monotonic() - self._rests_since
