"""The guard by itself, in both places where it is kept."""

from pathlib import Path
from types import ModuleType

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

import app.guard
import ui.guard

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=[app.guard, ui.guard], ids=["app", "ui"])
def guard(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


def test_the_two_files_are_one() -> None:
    assert (ROOT / "app/guard.py").read_bytes() == (ROOT / "ui/guard.py").read_bytes()


class Served:
    """What an application behind the guard gets, and the messages that leave the guard."""

    def __init__(self, guard: ModuleType, scope: Scope) -> None:
        self.reached = False
        self.sent: list[Message] = []
        self._scope = scope
        allowed = guard.Allowed.at("127.0.0.1")
        self._guard = guard.Guard(self._app, allowed=allowed, refuse=self._refuse)

    async def run(self) -> "Served":
        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message) -> None:
            self.sent.append(message)

        await self._guard(self._scope, receive, send)
        return self

    async def _app(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Sends a stream; each part has left before the next is made."""
        self.reached = True
        await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
        for part in range(3):
            body = str(part).encode()
            await send({"type": "http.response.body", "body": body, "more_body": True})
            assert self.sent[-1]["body"] == body

    @staticmethod
    def _refuse(_scope: Scope, refusal: tuple[int, str, str]) -> PlainTextResponse:
        return PlainTextResponse(refusal[1], refusal[0])


def scope_of(kind: str, *headers: tuple[str, str], **more: object) -> Scope:
    raw = [(name.encode(), value.encode()) for name, value in headers]
    return {"type": kind, "path": "/", "headers": raw, **more}


async def test_a_stream_passes_part_by_part(guard: ModuleType) -> None:
    served = await Served(guard, scope_of("http", ("host", "localhost"))).run()
    assert [message["type"] for message in served.sent][1:] == ["http.response.body"] * 3
    headers = served.sent[0]["headers"]
    assert headers[0] == (b"a", b"b")
    assert (b"x-content-type-options", b"nosniff") in headers


@pytest.mark.parametrize("hosts", [(), ("",), ("a b",), ("localhost", "localhost"), ("a@b",)])
async def test_anything_but_one_valid_host_is_a_bad_request(
    guard: ModuleType, hosts: tuple[str, ...]
) -> None:
    served = await Served(guard, scope_of("http", *(("host", host) for host in hosts))).run()
    assert not served.reached
    assert served.sent[0]["status"] == 400


async def test_a_foreign_websocket_is_closed_before_it_opens(guard: ModuleType) -> None:
    foreign = (("host", "localhost"), ("origin", "https://evil.example"))
    plain = await Served(guard, scope_of("websocket", *foreign)).run()
    assert plain.sent == [{"type": "websocket.close", "code": 1008}]

    extensions: dict[str, object] = {"websocket.http.response": {}}
    told = await Served(guard, scope_of("websocket", *foreign, extensions=extensions)).run()
    assert not told.reached
    start = told.sent[0]
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 403)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost", "http://localhost"),
        ("localhost:80", "http://localhost"),
        ("localhost:443", "https://localhost"),
        ("LOCALHOST:8501", "http://localhost:8501"),
        ("[::1]:8501", "http://[::1]:8501"),
    ],
)
def test_a_page_of_the_same_server_is_known(guard: ModuleType, host: str, origin: str) -> None:
    headers = [(b"host", host.encode()), (b"origin", origin.encode())]
    assert guard.Allowed.at("127.0.0.1").refusal(headers) is None


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost", "http://localhost:8501"),
        ("localhost:8501", "http://localhost"),
        ("127.0.0.1:8501", "http://localhost:8501"),
        ("localhost", "http://localhost.evil.example"),
        ("localhost", "http://localhost@evil.example"),
        ("localhost", "http://evil.example/localhost"),
        ("localhost", "file://"),
        ("localhost", ""),
    ],
)
def test_any_other_page_is_foreign(guard: ModuleType, host: str, origin: str) -> None:
    headers = [(b"host", host.encode()), (b"origin", origin.encode())]
    refusal = guard.Allowed.at("127.0.0.1").refusal(headers)
    assert (refusal.status, refusal.code) == (403, "origin_not_allowed")


@pytest.mark.parametrize(
    ("address", "host", "passes"),
    [
        ("zhiwen.lan", "zhiwen.lan:8000", True),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8:0::7", "[2001:db8::7]:8000", True),
        ("::", "192.0.2.8", True),
        ("", "192.0.2.8", True),
        ("::", "machine", True),
        ("0.0.0.0", "machine.lan", True),  # noqa: S104  # what is tested
        ("0.0.0.0", "machine.local", True),  # noqa: S104  # what is tested
        ("127.0.0.1", "machine", False),
        ("0.0.0.0", "2130706433", False),  # noqa: S104  # browsers send 127.0.0.1 for it
    ],
)
def test_the_address_decides_which_hosts_pass(
    guard: ModuleType, monkeypatch: pytest.MonkeyPatch, address: str, host: str, passes: bool
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Machine.lan")
    refusal = guard.Allowed.at(address).refusal([(b"host", host.encode())])
    assert (refusal is None) is passes


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_change_that_another_site_asks_for_is_refused_without_an_origin_too(
    guard: ModuleType, site: str
) -> None:
    allowed = guard.Allowed.at("127.0.0.1", origins=["https://portal.example"])
    headers = [(b"host", b"127.0.0.1:8000"), (b"sec-fetch-site", site.encode())]
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert allowed.refusal(headers, method) == (403, "origin_not_allowed", site)
    assert allowed.refusal(headers, "GET") is None, "a link from elsewhere"
    known = [*headers, (b"origin", b"https://portal.example")]
    assert allowed.refusal(known, "POST") is None
    own = [(b"host", b"127.0.0.1:8000"), (b"sec-fetch-site", b"same-origin")]
    assert allowed.refusal(own, "POST") is None


def test_a_star_lets_every_name_pass_and_no_foreign_page(guard: ModuleType) -> None:
    allowed = guard.Allowed.at("127.0.0.1", guard.read_hosts("*"))
    assert allowed.refusal([(b"host", b"any.example")]) is None
    foreign = [(b"host", b"any.example"), (b"origin", b"http://other.example")]
    assert allowed.refusal(foreign).status == 403
