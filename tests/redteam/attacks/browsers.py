"""What other websites, links and networks can make a browser do."""

from urllib.parse import quote, urljoin, urlsplit

from tests.api.people.house import PASSWORD
from tests.guard.handshake import handshake
from tests.redteam.attack import Attack, Check, faults, lacks, sends, status
from tests.redteam.world import World, raw

CSRF, REDIRECT, HOST = "cross-site requests", "open redirect", "host header"
HEADERS, SOCKET = "header injection", "websocket without a cookie"
EVIL = "https://evil.example"

_FROM = {
    "another website": {"Origin": EVIL},
    "a sandboxed page": {"Origin": "null"},
    "another port of this machine": {"Origin": "http://127.0.0.1:1"},
    "a name that begins like ours": {"Origin": "http://127.0.0.1.evil.example"},
    "a page without Origin": {"Sec-Fetch-Site": "cross-site"},
    "a subdomain without Origin": {"Sec-Fetch-Site": "same-site"},
}
_CHANGES = {
    "create a base": ("POST", "/api/bases", {"json": {"name": "planted"}}),
    "upload": ("POST", "/api/bases/{own_id}/documents", {"files": {"file": ("a.md", b"planted")}}),
    "sign in as the attacker": ("POST", "/api/session", {"json": {"name": "x", "password": "x"}}),
}


_CROSS_SITE = [
    *(
        sends(CSRF, f"{what} from {where}", "stranger", method, path, status(403),
              headers=headers, **body)
        for what, (method, path, body) in _CHANGES.items()
        for where, headers in _FROM.items()
    ),
    *(
        sends(CSRF, f"interface {path} from {where}", "ui stranger", "POST", path, status(403),
              headers=headers, data={"name": "x", "password": "x"})
        for path in ("/login", "/logout")
        for where, headers in _FROM.items()
    ),
    sends(CSRF, "sign out by a link", "ui stranger", "GET", "/logout", lacks("max-age=0")),
    sends(CSRF, "JSON as a form's text/plain", "stranger", "POST", "/api/bases", status(422),
          content=b'{"name": "planted"}', headers={"content-type": "text/plain"}),
    sends(CSRF, "JSON as a form", "stranger", "POST", "/api/bases", status(422),
          data={"name": "planted"}),
    *(
        sends(CSRF, f"DELETE by {how}", "stranger", "GET", "/api/bases/{own_id}", status(200),
              **request)
        for how, request in (
            ("X-HTTP-Method-Override", {"headers": {"X-HTTP-Method-Override": "DELETE"}}),
            ("_method", {"params": {"_method": "DELETE"}}),
        )
    ),
    sends(CSRF, "the base is still there", "stranger", "GET", "/api/bases/{own_id}", status(200)),
    sends(CSRF, "read from another website's script", "stranger", "GET", "/api/bases", status(403),
          lacks("access-control-allow-origin"), headers={"Origin": EVIL}),
    sends(CSRF, "a preflight of another website", "stranger", "OPTIONS", "/api/bases", status(403),
          lacks("access-control-allow-origin"),
          headers={"Origin": EVIL, "Access-Control-Request-Method": "DELETE"}),
]  # fmt: skip

_TO_EVIL = (
    *(EVIL, "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example"),
    *("/\t/evil.example", "/\n/evil.example", "http:evil.example", "https:/evil.example"),
    *("javascript:alert(1)", "data:text/html,x", "/..//evil.example", "/.//evil.example"),
    *("//evil.example%2f..", "/%09/evil.example", " //evil.example", "@evil.example", "//%5cevil"),
    *(".evil.example", "/login?next=//evil.example", "//evil.example:80@127.0.0.1", "/\x00/evil"),
)


def leads_away(world: World, location: str) -> str:
    """Where a browser goes: it drops tabs and line breaks, and takes a backslash for a slash."""
    read = "".join(c for c in location if c > " ").replace("\\", "/")
    target = urlsplit(urljoin(f"{world.ui}/login", read))
    away = target.netloc != urlsplit(world.ui).netloc
    return f"leads to {location!r}" if away or target.scheme != "http" else ""


def _redirects(world: World, answer: object) -> str:
    location = answer.headers.get("location")  # type: ignore[attr-defined]
    return leads_away(world, location) if location else ""


_REDIRECTS = [
    *(
        sends(REDIRECT, f"next={where!r} when signed in", "ui stranger", "GET",
              f"/login?next={quote(where)}", _redirects)
        for where in _TO_EVIL
    ),
    *(
        sends(REDIRECT, f"next={where!r} after signing in", "ui victim", "POST", "/login",
              _redirects, data={"name": "victim", "password": PASSWORD, "next": where})
        for where in _TO_EVIL[:8]
    ),
    *(
        sends(REDIRECT, f"path {path}", "ui nobody", "GET", path, _redirects)
        for path in ("//evil.example/%2f..", "/%5cevil.example", "/login//evil.example/callback")
    ),
]  # fmt: skip

_NAMES = (
    *("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:80"),
    *("127.0.0.1@evil.example", "127.0.0.1 evil.example", "127.0.0.1/evil.example", ""),
    *("evil.example#127.0.0.1", "[::1].evil.example", "0x7f.1.evil.example"),
)


def _with_host(server: str, name: str) -> Attack:
    def act(world: World) -> str:
        url = world.api if server == "API" else world.ui
        path = "/api/session" if server == "API" else "/login"
        answer = raw(url, [f"GET {path} HTTP/1.1", f"Host: {name}", "Connection: close"])
        return faults(world, answer, status(400, 421))

    return Attack(HOST, f"{server} with {name!r}", act)


def _two_hosts(world: World) -> str:
    own = world.api.removeprefix("http://")
    lines = ["GET /api/session HTTP/1.1", f"Host: {own}", "Host: evil.example"]
    return faults(world, raw(world.api, [*lines, "Connection: close"]), status(400, 421))


def _link_of_invitation(world: World) -> str:
    """The link goes to the address of the settings, not to one that a request names."""
    headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    path = f"/api/people/{world.house.person_id('victim')}/link"
    answer = world.people["boss"].post(path, headers=headers)
    return faults(world, answer, lacks("evil.example"), status(200))


_HOSTS = [
    *(_with_host(server, name) for server in ("API", "interface") for name in _NAMES),
    Attack(HOST, "two names", _two_hosts),
    Attack(HOST, "a forwarded name in the link of an invitation", _link_of_invitation),
]


def _no_header(_: World, answer: object) -> str:
    headers = answer.headers  # type: ignore[attr-defined]
    injected = "evil" in headers or "evil=1" in headers.get("set-cookie", "")
    return "sets a header" if injected else ""


_CRLF = "\r\nevil: 1\r\nSet-Cookie: evil=1\r\n\r\n"
_INJECTIONS: list[Attack] = [
    *(
        sends(HEADERS, f"line breaks in {name} of the login", "ui nobody", "GET", "/login",
              _no_header, params={name: f"/x{_CRLF}"})
        for name in ("next", "lang", "out")
    ),
    *(
        sends(HEADERS, f"line breaks in {name} when signing in", "ui nobody", "POST", "/login",
              _no_header, data={"name": "x", "password": "x", "next": "/", name: f"/x{_CRLF}"})
        for name in ("name", "next", "lang")
    ),
    sends(HEADERS, "line breaks in the token of a link", "ui nobody", "GET", "/welcome",
          _no_header, params={"token": _CRLF}),
    sends(HEADERS, "line breaks in a provider", "ui nobody", "GET",
          f"/login/{quote(_CRLF, safe='')}", _no_header),
    sends(HEADERS, "line breaks in the format of an export", "keeper", "GET", "/api/export",
          _no_header, status(422), params={"format": f"messages{_CRLF}"}),
    sends(HEADERS, "line breaks in the page that one wants", "ui nobody", "GET",
          f"/{quote(_CRLF, safe='')}", _no_header),
]  # fmt: skip


def _bytes(name: str, *lines: str | bytes, to: str = "API") -> Attack:
    def act(world: World) -> str:
        url = world.api if to == "API" else world.ui
        own = f"Host: {url.removeprefix('http://')}"
        checks: tuple[Check, ...] = (_no_header,)  # type: ignore[assignment]
        answer = raw(url, [lines[0], own, *lines[1:], "Connection: close"])
        return faults(world, answer, *checks)

    return Attack(HEADERS, name, act)


_RAW = [
    _bytes("a trace id that is not one", "GET /api/session HTTP/1.1", b"traceparent: \xff\x00evil"),
    _bytes("a cookie of raw bytes", "GET /api/session HTTP/1.1",
           b"Cookie: zhiwen_session=\xff\xfe\xed\xa0\x80"),
    _bytes("a key of raw bytes", "GET /api/bases HTTP/1.1", b"Authorization: Bearer zk_\xff\xfe"),
    _bytes("a forwarded address that is none", "GET /api/session HTTP/1.1",
           b"X-Forwarded-For: \xff'; evil, x"),
    _bytes("a cookie of raw bytes at the interface", "GET /login HTTP/1.1",
           b"Cookie: zhiwen_session=\xff\xfe; zhiwen_x=a\tb", to="interface"),
    _bytes("a language of raw bytes", "GET /login HTTP/1.1", b"Accept-Language: \xff,\xfe;q=x",
           to="interface"),
    _bytes("an agent of raw bytes", "GET /login HTTP/1.1", b"User-Agent: \xff\xfe\x01",
           to="interface"),
    _bytes("two lengths", "POST /api/session HTTP/1.1", "Content-Length: 3",
           "Transfer-Encoding: chunked"),
    _bytes("a negative length", "POST /api/session HTTP/1.1", "Content-Length: -1"),
]  # fmt: skip


def _websocket(name: str, **given: str) -> Attack:
    """Nothing of Streamlit runs for somebody without a session."""

    def act(world: World) -> str:
        opened = handshake(world.ui, **given)  # type: ignore[arg-type]
        return "opens" if opened == 101 else ""

    return Attack(SOCKET, name, act)


def _websocket_with(name: str, cookie: str, path: str = "/_stcore/stream") -> Attack:
    def act(world: World) -> str:
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {world.ui.removeprefix('http://')}",
            *("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
            *("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", f"Cookie: {cookie}"),
        ]
        return "opens" if raw(world.ui, lines).status_code == 101 else ""

    return Attack(SOCKET, name, act)


_SOCKETS = [
    _websocket("no cookie"),
    _websocket("no cookie, of another website", origin=EVIL),
    _websocket("no cookie, by another name", host="evil.example"),
    _websocket_with("a made-up cookie", "zhiwen_session=" + "a" * 43),
    _websocket_with("an empty cookie", "zhiwen_session="),
    _websocket_with("a cookie of another service", "_streamlit_user=admin"),
    _websocket_with("a key as cookie", "zhiwen_session=zk_" + "a" * 43),
    *(
        _websocket_with(f"by the path {path}", "x=y", path)
        for path in (
            *("/login/_stcore/stream", "/static/../_stcore/stream", "/login/%2e%2e/_stcore/stream"),
            *("//_stcore/stream", "/static/_stcore/stream", "/login/..%2f_stcore/stream"),
        )
    ),
    *(
        sends(SOCKET, f"{method} {path} without a session", "ui nobody", method, path,
              status(401, 403, 404, 405, 303), headers={"accept": "*/*"})
        for method, path in (
            *(("PUT", "/_stcore/upload_file/x/y"), ("DELETE", "/_stcore/upload_file/x/y")),
            *(("GET", "/media/x"), ("GET", "/zhiwen/pages/0123/1"), ("GET", "/_stcore/metrics")),
            *(("POST", "/_stcore/bidi-components"), ("GET", "/component/x/index.html")),
            *(("GET", "/_stcore/agent/openapi.json"), ("GET", "/login/../media/x")),
        )
    ),
]  # fmt: skip

ATTACKS = [*_CROSS_SITE, *_REDIRECTS, *_HOSTS, *_INJECTIONS, *_RAW, *_SOCKETS]
