"""Works through the queue with readers on a cluster."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from itertools import cycle, islice
from typing import Self

from app.config import Settings
from app.db.errors import DatabaseBusy, FilesUnavailable, StorageFull
from app.services.ingestion.ingestion import Ingestion
from app.services.jobs.lease import lease_kept
from app.services.jobs.queue import Claim
from app.services.jobs.workers import beat, forget, new_worker_name
from app.wiring.worker import build_ingestion
from app.worker.on_ray.cluster import LOCAL, Node, connected, start_nodes
from app.worker.on_ray.embedder import NodeEmbedder
from app.worker.on_ray.errors import NoCluster, ReaderLost
from app.worker.on_ray.reader import Known, make_reader, sent_settings
from app.worker.reader import given_back, gives_vectors
from ingest.errors import EmbedderUnavailable
from ingest.pipeline import Progress
from ingest.types import Chunk, Document

log = logging.getLogger(__name__)

_IN_HAND = 2  # documents for each node: the next one is there while the last one is committed
_BEAT_S = 3.0
_POLL_S = 0.3
_PAUSE_S = 2.0
# What is nobody's fault: documents are given back and wait.
_WAITED_FOR = (StorageFull, DatabaseBusy, FilesUnavailable, EmbedderUnavailable)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeIngestion(Ingestion):
    """Reads and embeds on a node; begins and commits here, as ever."""

    node: Node

    @classmethod
    def at(cls, ingestion: Ingestion, node: Node) -> Self:
        own = {each.name: getattr(ingestion, each.name) for each in fields(ingestion)}
        return cls(**{**own, "embedder": NodeEmbedder(ingestion.embedder, node)}, node=node)

    def chunks_of(
        self, data: bytes, name: str, on_progress: Progress
    ) -> tuple[Document, list[Chunk]]:
        on_progress("parsing", 0, 1)
        return self.node.read(data, name)


@dataclass(slots=True)
class Bulk:
    """For one `run`."""

    ingestion: Ingestion
    nodes: Sequence[Node]
    worker: str
    poll_s: float = _POLL_S
    _claiming: threading.Lock = field(default_factory=threading.Lock)
    _in_hand: int = 0
    _alone: bool = False  # what is in hand ended a worker before
    _failure: BaseException | None = None

    def run(self, stopped: Callable[[], bool]) -> None:
        """Until `stopped`; what is in hand then is finished. Raises as `ReadingAhead.run`."""
        ingestions = [NodeIngestion.at(self.ingestion, node) for node in self.nodes]
        threads = [
            threading.Thread(target=self._guarded, args=(each, stopped), daemon=True)
            for each in islice(cycle(ingestions), _IN_HAND * len(ingestions))
        ]
        with lease_kept(self.ingestion.jobs, self.worker):
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    self._beat()
                    thread.join(_BEAT_S)
        if self._failure is not None:
            raise self._failure

    def _guarded(self, ingestion: NodeIngestion, stopped: Callable[[], bool]) -> None:
        """The first failure ends all threads."""
        try:
            while self._failure is None and not stopped():
                if (claim := self._claim()) is None:
                    time.sleep(self.poll_s)
                    continue
                try:
                    ingestion.bring(claim)
                finally:
                    self._release()
        except BaseException as error:
            self._failure = self._failure or error

    def _claim(self) -> Claim | None:
        """The next document; one that ended a worker only while nothing else is in hand."""
        with self._claiming:
            if self._alone:
                return None
            try:
                claim = self.ingestion.jobs.claim(self.worker, untried=self._in_hand > 0)
            except DatabaseBusy as error:
                log.warning("%s", error)
                return None
            if claim is not None:
                self._in_hand += 1
                self._alone = claim.attempt > 1
            return claim

    def _release(self) -> None:
        with self._claiming:
            self._in_hand -= 1
            self._alone = False

    def _beat(self) -> None:
        try:
            beat(self.ingestion.db, self.worker, "busy")
        except (StorageFull, DatabaseBusy) as error:
            log.warning("%s", error)


def work_on_ray(
    settings: Settings,
    address: str,
    stopped: Callable[[], bool],
    *,
    readers: int = 0,
    ready: Callable[[int], object] = lambda _: None,
) -> None:
    """Read what waits in the queue until `stopped`, with `readers` on the cluster, or one for each
    of its processors. `ready` gets how many there are. Raises BulkError."""
    ingestion = build_ingestion(settings)
    known = Known.of(ingestion.embedder)
    sent = sent_settings(settings, known.embedder)
    make = partial(make_reader, sent, settings.models_path.absolute())
    with connected(address, cpus=readers or None) as cpus:
        if not (count := readers or cpus):
            raise NoCluster(f"The Ray cluster at {address} has no processors.")
        nodes = start_nodes(count, make, known)
        log.info("%s readers on %s", count, "this machine" if address == LOCAL else address)
        ready(count)
        work_with(ingestion, nodes, stopped)


def work_with(ingestion: Ingestion, nodes: Sequence[Node], stopped: Callable[[], bool]) -> None:
    """The same with readers that are there. Raises ReaderLost."""
    worker = new_worker_name()
    try:
        while not stopped():
            try:
                Bulk(ingestion, nodes, worker).run(stopped)
            except ReaderLost:  # nothing brings it back
                raise
            except _WAITED_FOR as error:
                log.error("%s", error)
                time.sleep(_PAUSE_S)
            while not given_back(ingestion.jobs, worker):
                time.sleep(_PAUSE_S)
            while not stopped() and not gives_vectors(ingestion.embedder):
                time.sleep(_PAUSE_S)
    finally:
        given_back(ingestion.jobs, worker)
        forget(ingestion.db, worker)
