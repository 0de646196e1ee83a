"""A server that speaks Milvus's protocol, Milvus Lite, and one that fails.

`from tests.milvus import milvus_server` in a conftest makes the fixture known there; each test
takes a prefix of its own with `fresh_prefix`.
"""

import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest

from evals.milvus_lite import milvus_lite_here


@pytest.fixture(scope="session")
def milvus_server() -> Iterator[str]:
    """The URL of a server that ends with the session."""
    with milvus_lite_here() as url:
        yield url


def fresh_prefix() -> str:
    """Of collections that no other test has."""
    return f"test_{secrets.token_hex(6)}"


class Faults(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """What a server does that is not well: `refuses` names a status for each method, and `stalls`
    methods that it answers when the test is over. It answers nothing but connections."""

    def __init__(self) -> None:
        self.refuses: dict[str, grpc.StatusCode] = {}
        self.stalls: set[str] = set()
        self.calls: list[str] = []
        self.over = threading.Event()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        method = handler_call_details.method.rpartition("/")[2]

        def answer(_request: bytes, context: grpc.ServicerContext) -> bytes:
            self.calls.append(method)
            if method in self.stalls or "*" in self.stalls:
                self.over.wait()
            status = self.refuses.get(method) or self.refuses.get("*")
            if status is not None:
                context.abort(status, "a word of the server's")
            return b""  # of any message: all fields as they are by default

        return grpc.unary_unary_rpc_method_handler(answer)


@contextmanager
def faulty_server() -> Iterator[tuple[str, Faults]]:
    """Its URL, and what it is to do."""
    faults = Faults()
    with ThreadPoolExecutor(16) as threads:
        server = grpc.server(threads, handlers=[faults])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"http://127.0.0.1:{port}", faults
        finally:
            faults.over.set()
            server.stop(0).wait()
