"""Requests that would cost far more than they took to send."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from itertools import repeat

from app.rag.grounding.sentences import split_sentences
from app.rag.language import language_of
from app.rag.prompting.prompt import neutralise
from app.rag.retrieval.follow_up import leans
from app.services.library.paths import clean_path
from tests.redteam.attack import Attack, faults, sends, status
from tests.redteam.world import World
from ui import safe_markdown
from ui.guard import Host, Origin
from ui.sign_in.visits import local_path

REDOS, JSON, SLOW = "slow patterns", "large and deep JSON", "slow bodies"

# Four times the text takes four times as long; with a pattern that goes back, sixteen and more.
_MOST_GROWTH = 12
_NOISE_S = 0.02  # what takes less is not measured well, and hurts nobody

_REPEATED = {
    "brackets": "[", "stars": "*", "backticks": "`", "spaces": " ", "digits": "1", "dots": ".",
    "commas": "1,", "quotes": '"', "colons": ":a", "underscores": "__a", "angles": "<", "bars": "|",
    "control tokens": "<|", "closing tags": "</ ", "years": "2024年", "dashes": "-", "dollars": "$",
}  # fmt: skip


def _grows(name: str, work: Callable[[str], object], *, start: int = 2000) -> Attack:
    """The processor's time for a text and for one four times as long."""

    def took_s(text: str) -> float:
        began = time.process_time()
        work(text)
        return time.process_time() - began

    def act(_: World) -> str:
        for what, part in _REPEATED.items():
            short, long = (part * (n // len(part)) for n in (start, 4 * start))
            for text_of in (lambda t: t, lambda t: t + "!x"):
                slow = min(took_s(text_of(long)) for _ in range(2))
                if slow < _NOISE_S:
                    continue
                quick = min(took_s(text_of(short)) for _ in range(3))
                if slow / max(quick, 1e-6) > _MOST_GROWTH:
                    return f"{what}: {quick:.3f} s, then {slow:.3f} s"
        return ""

    return Attack(REDOS, name, act)


_PATTERNS = [
    _grows("a path of a file", lambda text: clean_path(text[:1900] + "x.md")),
    _grows("control tokens", neutralise, start=8000),
    _grows("sentences", split_sentences),
    _grows("the language", language_of),
    _grows("a follow-up", leans),
    _grows("an answer's Markdown", lambda text: safe_markdown.answer(text, 3, "s")),
    _grows("a name's Markdown", safe_markdown.plain),
    _grows("a Host header", Host.parse, start=8000),
    _grows("an Origin header", Origin.parse, start=8000),
    _grows("where to go after signing in", local_path, start=8000),
]


def _asked(name: str, path: str, body: Callable[[World, str], object]) -> Attack:
    """The same over HTTP: the service runs in this process, so its time is counted."""

    def act(world: World) -> str:
        for what in ("brackets", "years", "control tokens", "digits", "spaces"):
            times = []
            for size in (1500, 6000):
                part = _REPEATED[what]
                text = "年假" + part * (size // len(part)) + "!"
                began = time.process_time()
                answer = world.send("stranger", "POST", path, json=body(world, text))
                times.append(time.process_time() - began)
                if found := faults(world, answer):
                    return found
            if times[1] > 10 * _NOISE_S and times[1] / max(times[0], _NOISE_S) > _MOST_GROWTH:
                return f"{what}: {times[0]:.3f} s, then {times[1]:.3f} s"
        return ""

    return Attack(REDOS, name, act)


_OVER_HTTP = [
    _asked("a question", "/api/chat", lambda w, t: {"question": t, "base_ids": [w.ids["own_id"]]}),
    _asked("a search", "/api/search", lambda w, t: {"query": t, "base_ids": [w.ids["own_id"]]}),
    _asked("an OpenAI message", "/v1/chat/completions",
           lambda _, t: {"model": "zhiwen", "messages": [{"role": "user", "content": t}]}),
]  # fmt: skip


def _body(
    name: str, path: str, text: bytes | Callable[[], bytes], *, who: str = "stranger"
) -> Attack:
    """Refused without an internal error, and the next request is answered."""

    def act(world: World) -> str:
        content = text if isinstance(text, bytes) else text()
        headers = {"content-type": "application/json"}
        answer = world.send(who, "POST", path, content=content, headers=headers)
        accepted = "" if answer.status_code >= 400 else f"status {answer.status_code}"
        after = world.send("stranger", "GET", "/api/bases")
        return faults(world, answer) or accepted or faults(world, after, status(200))

    return Attack(JSON, name, act)


class _Many:
    """64 MB, a megabyte at a time."""

    def __iter__(self) -> Iterator[bytes]:
        return repeat(b" " * (1 << 20), 64)


def _deep(depth: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return b'{"query": "x", "base_ids": ' + opening * depth + closing * depth + b"}"


_BODIES = [
    _body("100,000 brackets", "/api/search", _deep(100_000)),
    _body("100,000 brackets without end", "/api/search", b"[" * 100_000),
    _body("100,000 objects", "/api/search", _deep(100_000, b'{"a":', b"}")),
    _body("100,000 brackets before signing in", "/api/session", _deep(100_000), who="nobody"),
    _body("100,000 brackets to the OpenAI route", "/v1/chat/completions", _deep(100_000)),
    _body("a number of 100,000 digits", "/api/search", lambda: (
        b'{"query": "x", "base_ids": ["x"], "top_k": ' + b"9" * 100_000 + b"}")),
    _body("a number without bounds", "/api/search",
          b'{"query": "x", "base_ids": ["x"], "top_k": 1e999999}'),
    _body("not a number", "/api/search", b'{"query": "x", "base_ids": ["x"], "top_k": NaN}'),
    _body("a question of 8 MB", "/api/chat", lambda: json.dumps(
        {"question": "年" * (8 << 20), "base_ids": ["{own_id}"]}).encode()),
    _body("a query of 8 MB", "/api/search", lambda: json.dumps(
        {"query": "年" * (1 << 20), "base_ids": ["x"]}).encode()),
    _body("a million bases", "/api/search", lambda: json.dumps(
        {"query": "x", "base_ids": ["x"] * 1_000_000}).encode()),
    _body("the same field 100,000 times", "/api/search", lambda: (
        b"{" + b'"a": 1,' * 100_000 + b'"query": ""}')),
    _body("a body of no JSON", "/api/search", b"\xff\xfe\x00"),
    _body("an empty body", "/api/search", b""),
    *(
        sends(JSON, name, "nobody", "POST", path, status(413), content=_Many(), headers=headers)
        for name, path, headers in (
            ("a sign-in of 64 MB", "/api/session", {"content-length": str(64 << 20)}),
            ("a sign-in without a length", "/api/session", {"content-type": "application/json"}),
            ("a question of 64 MB as a form", "/api/chat", {"content-type": "multipart/form-data"}),
        )
    ),
    sends(JSON, "6,000 known files", "stranger", "POST", "/api/bases/{own_id}/known", status(422),
          json={"files": [{"path": "x", "sha256": "0" * 64}] * 6000}),
    sends(JSON, "a form of 100,000 fields", "ui nobody", "POST", "/login", status(401, 422, 429),
          content="a=1&" * 100_000,
          headers={"content-type": "application/x-www-form-urlencoded"}),
]  # fmt: skip


def _held(name: str, head: str, sent: bytes, *, to: str = "API", count: int = 60) -> Attack:
    """Many connections that never finish keep nobody else from being answered."""

    def act(world: World) -> str:
        url = world.api if to == "API" else world.ui
        own = url.removeprefix("http://")
        port = int(own.rpartition(":")[2])
        cookie = world.people["stranger"].cookies.get("zhiwen_session") or ""
        opening = head.format(host=own, base=world.ids["own_id"], cookie=cookie)
        held = []
        try:
            for _ in range(count):
                connection = socket.create_connection(("127.0.0.1", port), timeout=10)
                connection.sendall(opening.replace("\n", "\r\n").encode() + sent)
                held.append(connection)
            who, path = ("stranger", "/api/bases") if to == "API" else ("ui nobody", "/login")
            answer = world.send(who, "GET", path, timeout=20)
            return faults(world, answer, status(200))
        finally:
            for connection in held:
                connection.close()

    return Attack(SLOW, name, act)


_HELD = [
    _held("headers without end", "GET /api/bases HTTP/1.1\nHost: {host}\nX-A: ", b"b"),
    _held("a sign-in without end",
          "POST /api/session HTTP/1.1\nHost: {host}\nContent-Type: application/json\n"
          "Content-Length: 1000\n\n", b"{"),
    _held("a search without end",
          "POST /api/search HTTP/1.1\nHost: {host}\nCookie: zhiwen_session={cookie}\n"
          "Content-Type: application/json\nContent-Length: 1000\n\n", b'{"query":'),
    _held("an upload without end",
          "POST /api/bases/{base}/documents HTTP/1.1\nHost: {host}\n"
          "Cookie: zhiwen_session={cookie}\nContent-Type: multipart/form-data; boundary=b\n"
          "Content-Length: 90000\n\n",
          b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.md"\r\n\r\nx'),
    _held("chunks without end",
          "POST /api/search HTTP/1.1\nHost: {host}\nCookie: zhiwen_session={cookie}\n"
          "Content-Type: application/json\nTransfer-Encoding: chunked\n\n", b"1\r\n{\r\n"),
    _held("a login without end at the interface",
          "POST /login HTTP/1.1\nHost: {host}\nContent-Length: 1000\n\n", b"n", to="interface"),
]  # fmt: skip

ATTACKS = [*_PATTERNS, *_OVER_HTTP, *_BODIES, *_HELD]
