"""The connection to a Ray cluster, and readers on its nodes."""

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from app.worker.on_ray.errors import NoCluster, RayMissing, ReaderLost
from app.worker.on_ray.reader import Known, Making, NodeReader
from ingest.embedding.embedder import Vectors
from ingest.errors import IngestError
from ingest.types import Chunk, Document

LOCAL = "local"
_MIB = 1 << 20
_OBJECTS_BYTES = 256 * _MIB  # shared memory of a local Ray: a few files and their vectors
_DEATHS = 3  # of nodes that a document may see, as of workers
_START_S = 180.0  # in which one reader after another has to start
_LOOPBACK = "127.0.0.1"
_ENDED = (
    f"Reading this file ended {_DEATHS + 1} readers on the cluster. "
    "The file may be damaged or too large; convert or split it and try again."
)


@dataclass(frozen=True, slots=True)
class Node:
    """A reader somewhere on the cluster. Threads may share it; it does one thing after another."""

    actor: Any

    def read(self, data: bytes, name: str) -> tuple[Document, list[Chunk]]:
        """Raises IngestError about the file, ReaderLost."""
        read: tuple[Document, list[Chunk]] = self._ask("read", data, name)
        return read

    def embed(self, texts: list[str]) -> Vectors:
        """Raises IngestError about the texts, ReaderLost."""
        vectors: Vectors = self._ask("embed", texts)
        return vectors

    def pid(self) -> int:
        pid: int = self._ask("pid")
        return pid

    def _ask(self, method: str, *given: Any) -> Any:
        import ray
        from ray.exceptions import RayActorError

        try:
            found = ray.get(getattr(self.actor, method).remote(*given))
        except RayActorError as error:
            if error.actor_init_failed:  # Ray does not try again
                raise ReaderLost(
                    f"A reader that died cannot start again: {_reason(error)}"
                ) from error
            # started again and asked again as often as is allowed
            raise IngestError(_ENDED, code="worker_died") from error
        if isinstance(found, IngestError):
            raise found
        return found


@contextmanager
def connected(address: str, cpus: int | None = None) -> Iterator[int]:
    """Connect to a cluster, or start Ray on this machine with `cpus` where the address is `local`;
    the number of processors. Raises RayMissing, NoCluster."""
    # Ray reads these when it is imported.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    local: dict[str, Any] = {}
    if address == LOCAL:
        # Despite its name it decides everywhere whether Ray listens on loopback only.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        local = {
            "num_cpus": cpus,
            "object_store_memory": _OBJECTS_BYTES,
            "include_dashboard": False,
            "_node_ip_address": _LOOPBACK,
        }
    try:
        ray = importlib.import_module("ray")
    except ImportError as error:
        raise RayMissing from error
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error", **local)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise NoCluster(f"No Ray cluster at {address}: {error}") from error
    try:
        yield int(ray.cluster_resources().get("CPU", 0))
    finally:
        ray.shutdown()


def start_nodes(
    count: int,
    make: Callable[[], Making],
    asking: Known,
    *,
    cpus: float = 1.0,
    start_s: float = _START_S,
) -> list[Node]:
    """`count` readers with `cpus` each, wherever the cluster has room; one that dies is started
    again. Raises NoCluster where one cannot start, or none did for `start_s`."""
    import ray
    from ray.exceptions import RayError

    remote = ray.remote(num_cpus=cpus, max_restarts=-1, max_task_retries=_DEATHS)(NodeReader)
    nodes = [Node(remote.remote(make, asking)) for _ in range(count)]
    waiting = [node.actor.pid.remote() for node in nodes]
    while waiting:
        started, waiting = ray.wait(waiting, timeout=start_s)
        if not started:
            raise NoCluster(
                f"Only {count - len(waiting)} of {count} readers found room on the cluster and "
                f"started; the last {start_s:.0f} s none did. Choose fewer with --ray-readers."
            )
        try:
            ray.get(started)
        except RayError as error:
            raise NoCluster(f"A reader on the cluster did not start: {_reason(error)}") from error
    return nodes


def _reason(error: Exception) -> str:
    """What stands below the traceback of the node."""
    return str(error).strip().splitlines()[-1]
