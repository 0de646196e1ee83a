"""The interface as `zhiwen up` starts it refuses what a web page of somebody else sends it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from app.models.store import ModelStore
from app.supervisor import children
from evals.speed.processes import free_ports
from tests.application import test_settings as settings_for
from tests.guard.handshake import handshake
from tests.processes.zhiwen_up import eventually

PORTAL = "https://portal.example"
PATHS = ["/", "/_stcore/health", "/_stcore/host-config", "/_stcore/upload_file/a/b", "/media/x"]
PATHS += ["/zhiwen/pages/0123456789abcdef/1"]


@contextmanager
def interface(folder: Path, **changes: object) -> Iterator[str]:
    """Its address. There is no API: the pages say so."""
    ui_port, api_port = free_ports(2)
    given = {"ui_port": ui_port, "api_port": api_port, "engine_url": "http://127.0.0.1:9/v1"}
    settings = settings_for(folder, **{**given, **changes})
    ui_port = settings.ui_port
    (child,) = (c for c in children(settings, ModelStore(folder)) if c.name == "ui")
    url = f"http://127.0.0.1:{ui_port}"
    child.ready_url = f"{url}/_stcore/health"
    child.start()
    try:
        eventually(child.ready)
        yield url
    finally:
        child.terminate()
        child.wait_or_kill(0)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    allowed = {"allowed_hosts": "zhiwen.example", "allowed_origins": PORTAL}
    with interface(tmp_path_factory.mktemp("ui"), **allowed) as address:
        yield address


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        yield client


def first_run(url: str) -> list[str]:
    """The kinds of message that a browser gets for its first visit."""
    stream = f"ws{url.removeprefix('http')}/_stcore/stream"
    kinds: list[str] = []
    streamlit = [Subprotocol("streamlit")]
    with connect(stream, origin=Origin(url), subprotocols=streamlit, proxy=None) as websocket:
        visit = BackMsg()
        visit.rerun_script.query_string = ""
        websocket.send(visit.SerializeToString())
        while "script_finished" not in kinds:
            message = ForwardMsg.FromString(websocket.recv(timeout=60))
            kinds.append(message.WhichOneof("type") or "")
    return kinds


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8501", "203.0.113.9"])
def test_a_foreign_host_is_not_answered(http: httpx.Client, url: str, host: str) -> None:
    for path in PATHS:
        answer = http.get(path, headers={"Host": host})
        assert answer.status_code == 421, path
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert "不能通过主机名" in answer.text
        assert "is not allowed" in answer.text
    assert handshake(url, host=host) == 421
    assert handshake(url, host=host, origin=f"http://{host}") == 421


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:3000"])
def test_a_foreign_page_is_refused(http: httpx.Client, url: str, origin: str) -> None:
    """Streamlit by itself takes a websocket from every page of this machine."""
    assert handshake(url, origin=origin) == 403
    upload = http.put(PATHS[3], files={"file": ("a.md", b"a")}, headers={"Origin": origin})
    assert upload.status_code == 403
    assert "ZHIWEN_ALLOWED_ORIGINS" in upload.text
    assert http.get("/", headers={"Origin": origin}).status_code == 403


def test_its_own_page_runs(url: str) -> None:
    kinds = first_run(url)
    assert "new_session" in kinds
    assert "delta" in kinds


def test_its_own_page_has_its_files(http: httpx.Client, url: str) -> None:
    assert "<title>Streamlit</title>" in http.get("/").text
    assert http.get("/documents", headers={"Host": "localhost"}).status_code == 200
    assert handshake(url, origin=url) == 101
    assert handshake(url, host="localhost:9000", origin="http://localhost:9000") == 101
    assert handshake(url) == 101  # a program


def test_names_and_pages_in_the_settings_pass(http: httpx.Client, url: str) -> None:
    behind_proxy = {"host": "zhiwen.example", "origin": "https://zhiwen.example"}
    assert handshake(url, **behind_proxy) == 101
    assert http.get("/", headers={"Host": "zhiwen.example"}).status_code == 200
    assert handshake(url, origin=PORTAL) == 101  # a proxy that changes Host
    assert handshake(url, origin="http://portal.example") == 403


def test_answers_are_neither_framed_nor_sniffed(http: httpx.Client) -> None:
    for path in PATHS:
        for headers in ({}, {"Host": "evil.example"}):
            answer = http.get(path, headers=headers)
            assert answer.headers.get_list("x-content-type-options") == ["nosniff"], path
            assert answer.headers["x-frame-options"] == "SAMEORIGIN"
            policies = answer.headers.get_list("content-security-policy")
            assert f"frame-ancestors 'self' {PORTAL}" in policies


def test_bound_to_all_addresses_any_address_passes_and_no_foreign_name(tmp_path: Path) -> None:
    with interface(tmp_path, ui_host="0.0.0.0") as url:  # noqa: S104  # what is tested
        for host in ("192.0.2.7:8501", "[2001:db8::7]:8501", "localhost:8501"):
            assert handshake(url, host=host, origin=f"http://{host}") == 101
        assert handshake(url, host="evil.example:8501", origin="http://evil.example:8501") == 421
        assert handshake(url, host="192.0.2.7:8501", origin="http://192.0.2.8:8501") == 403
