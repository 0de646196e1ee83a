"""The stand-in API on a real socket, and the app run against it."""

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import pytest
import uvicorn
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from tests.ui.stand_in.service import Application, build, sample_application
from ui.client.http import Client, connections
from ui.client.visitor import Visitor


@pytest.fixture(scope="session", autouse=True)
def packages_scanned_once() -> Iterator[None]:
    """Each AppTest looks for components in the metadata of all packages: 0.3 s of CPU time."""
    scan = cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(autouse=True)
def main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit leaves its script as `__main__`, which processes that are spawned later import."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def application() -> Application:
    return sample_application()


@pytest.fixture
def api_url(application: Application) -> Iterator[str]:
    with served(application) as url:
        yield url


@contextmanager
def served(application: Application) -> Iterator[str]:
    """Serves `application` in a thread. Yields its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(build(application), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(10)
        listener.close()


def script(url: str, token: str = "") -> None:
    from ui.client.visitor import Visitor
    from ui.script import run

    run(url, Visitor(token))


def client_for(url: str, token: str = "") -> Client:
    return Client(connections(url), Visitor(token))


@pytest.fixture
def app(api_url: str) -> AppTest:
    """The whole interface on its first run, in Chinese."""
    at = AppTest.from_function(script, args=(api_url,), default_timeout=20)
    at.query_params["lang"] = "zh"
    return at.run()


def until(condition: Callable[[], bool], timeout_s: float = 15.0) -> None:
    """Waits for what another thread does; fails when it does not happen."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            pytest.fail("waited in vain")
        time.sleep(0.02)
