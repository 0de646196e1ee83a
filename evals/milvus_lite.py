"""Milvus Lite as a server: a package that speaks Milvus's protocol, for benchmarks and tests.

It is one process in Python, for one client at a time that writes into a collection: what it
measures is Zhiwen's client and itself, not Milvus.
"""

import multiprocessing
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection

_THREADS = 10
# pymilvus pings every 10 s, which gRPC's servers take for an attack unless told otherwise.
_PINGS = [
    ("grpc.http2.min_ping_interval_without_data_ms", 5000),
    ("grpc.keepalive_permit_without_calls", 1),
]
_MESSAGES = [
    ("grpc.max_receive_message_length", 1 << 28),
    ("grpc.max_send_message_length", 1 << 28),
]


@contextmanager
def milvus_lite() -> Iterator[str]:
    """The URL of a server in a process of its own."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join()


@contextmanager
def milvus_lite_here() -> Iterator[str]:
    """The same in threads of this process."""
    import grpc
    from milvus_lite import MilvusLite
    from milvus_lite.adapter.grpc.servicer import MilvusServicer
    from pymilvus.grpc_gen.milvus_pb2_grpc import add_MilvusServiceServicer_to_server

    folder = tempfile.mkdtemp(prefix="zhiwen-milvus-")
    database = MilvusLite(folder)
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=[*_PINGS, *_MESSAGES])
    add_MilvusServiceServicer_to_server(MilvusServicer(database), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop(grace=1).wait()
        database.close()
        shutil.rmtree(folder, ignore_errors=True)


def _serve(ready: Connection) -> None:
    with milvus_lite_here() as url:
        ready.send(url)
        ready.recv()
