"""A Milvus server that is slow or refuses ends each call in time, with an error of the package."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from pymilvus.exceptions import MilvusException

from tests.milvus import Faults, faulty_server
from tests.vectorstore.contract import DIM, unit_rows
from vectorstore import EngineFailed
from vectorstore.milvus import collections
from vectorstore.milvus.engine import MilvusEngine
from vectorstore.milvus.server import Server, _import_quietly
from vectorstore.milvus.stores import StoreList

_NAMES = {
    "DEADLINE_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
}


@pytest.fixture
def faulty() -> Iterator[tuple[str, Faults]]:
    with faulty_server() as there:
        yield there


@pytest.mark.parametrize("status", sorted(_NAMES))
def test_each_refusal_is_an_error_of_the_package(faulty: tuple[str, Faults], status: str) -> None:
    url, faults = faulty
    faults.refuses["DescribeCollection"] = grpc.StatusCode[status]
    with pytest.raises(EngineFailed, match=f"Milvus at {url} failed"):
        MilvusEngine(Server(url, timeout_s=2.0), "test").names()
    assert "DescribeCollection" in faults.calls


@pytest.mark.parametrize("method", ["Connect", "GetVersion"])
def test_a_token_that_is_refused_is_named_as_such(faulty: tuple[str, Faults], method: str) -> None:
    url, faults = faulty
    faults.refuses[method] = grpc.StatusCode.UNAUTHENTICATED
    with pytest.raises(EngineFailed, match="ZHIWEN_MILVUS_TOKEN"):
        MilvusEngine(Server(url, "root:wrong"), "test").check()


def test_an_error_of_the_server_that_is_its_own_cause_ends(faulty: tuple[str, Faults]) -> None:
    """As pymilvus raises it where the answer, not the call, is a failure."""
    url, _faults = faulty
    server = Server(url)
    with pytest.raises(EngineFailed, match="no such field"), server.client():
        error = MilvusException(message="no such field")
        raise error from error


def there(server: Server) -> StoreList:
    """A list whose collection was looked at."""
    return StoreList(server, "test", _is_there=True)


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("Connect", lambda server: there(server).entries()),
        ("DescribeCollection", lambda server: there(server).entries()),
        ("DescribeIndex", lambda server: collections.have_list(server, "test_stores")),
        ("GetVersion", lambda server: MilvusEngine(server, "test").check()),
    ],
)
def test_no_call_waits_without_an_end(
    faulty: tuple[str, Faults], method: str, call: Callable[[Server], object]
) -> None:
    url, faults = faulty
    faults.stalls.add(method)
    with pytest.raises(EngineFailed, match="failed"):
        call(Server(url, timeout_s=1.0))
    assert faults.calls[-1] == method


def test_after_a_call_that_was_not_answered_others_fail_at_once(
    faulty: tuple[str, Faults],
) -> None:
    url, faults = faulty
    faults.stalls.add("DescribeCollection")
    server = Server(url, timeout_s=1.0, pause_s=3600.0)
    with pytest.raises(EngineFailed, match="failed"):
        there(server).entries()
    before = len(faults.calls)
    with pytest.raises(EngineFailed, match="did not answer some seconds ago"):
        there(server).entries()
    assert len(faults.calls) == before
    server._away_until = -1.0
    with pytest.raises(EngineFailed, match="failed"):
        there(server).entries()
    assert len(faults.calls) > before, "it is asked again"


def test_a_look_that_was_not_answered_keeps_nobody_from_asking(
    faulty: tuple[str, Faults],
) -> None:
    url, faults = faulty
    faults.stalls.add("GetVersion")
    server = Server(url, pause_s=3600.0)
    with pytest.raises(EngineFailed, match="failed"):
        MilvusEngine(server, "test").check(within_s=1.0)
    faults.stalls.clear()
    MilvusEngine(server, "test").check()


def test_a_refusal_keeps_nobody_from_asking(faulty: tuple[str, Faults]) -> None:
    url, faults = faulty
    faults.refuses["Search"] = grpc.StatusCode.RESOURCE_EXHAUSTED
    server = Server(url, pause_s=3600.0)
    for _ in range(2):
        with pytest.raises(EngineFailed, match="failed"), server.client() as client:
            client.search("test", data=unit_rows(1, 0), anns_field="vector", limit=DIM)


def test_the_environment_stays_as_it_is_while_threads_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PYTHON_DOTENV_DISABLED", raising=False)
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        for _ in range(2000):
            _import_quietly()

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(ask) for _ in range(8)]:
            done.result()
    assert "PYTHON_DOTENV_DISABLED" not in os.environ
