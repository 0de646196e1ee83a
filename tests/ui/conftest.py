"""The stand-in API on a real socket, and the app run against it."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from tests.patience import PATIENCE_S
from tests.serving import serving
from tests.ui.stand_in.service import Application, build, sample_application
from ui.client.http import Client, connections
from ui.client.visitor import Visitor
from ui.parts.account import signed_out


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


@pytest.fixture(autouse=True)
def errors_shown_as_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `main.py` gives to Streamlit for the errors of parts that are drawn by themselves."""
    usual = LocalScriptRunner.__init__

    def init(runner: LocalScriptRunner, *args: Any, **options: Any) -> None:
        usual(runner, *args, **options)
        runner._on_script_error = signed_out.shown_instead_of

    monkeypatch.setattr(LocalScriptRunner, "__init__", init)


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
    with serving(build(application)) as url:
        yield url


def script(url: str, token: str = "") -> None:
    from ui.client.visitor import Visitor
    from ui.script import run

    run(url, Visitor(token))


def client_for(url: str, token: str = "") -> Client:
    return Client(connections(url), Visitor(token))


@pytest.fixture
def app(api_url: str) -> AppTest:
    """The whole interface on its first run, in Chinese."""
    at = AppTest.from_function(script, args=(api_url,), default_timeout=PATIENCE_S)
    at.query_params["lang"] = "zh"
    return at.run()


def until(condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    """Waits for what another thread does; fails when it does not happen."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            pytest.fail("waited in vain")
        time.sleep(0.02)
