"""Refuses requests that other websites send through a visitor's browser.

Any page can make the browser that shows it send requests to loopback and to the local network.

- DNS rebinding: the attacker points their own name at this machine, so that the browser sees one
  site and lets the page read the responses. `Host` still carries that name: unknown names are
  refused.
- Cross-site requests: browsers send forms and multipart uploads without a preflight, but always
  with the `Origin` of the page: origins other than our own are refused. Programs send none. Where
  a browser leaves it out, `Sec-Fetch-Site` still tells that another site asks for a change.

`app/guard.py` and `ui/guard.py` are the same file, kept twice because the interface imports nothing
of the service. A test compares them.
"""

import logging
import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

_NAME = r"\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?"
_HOST = re.compile(rf"(?P<name>{_NAME})\.?(:(?P<port>\d{{1,5}}))?", re.IGNORECASE)
_ORIGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[^/]+)", re.IGNORECASE)
_PATTERN = re.compile(rf"\*|(\*\.)?({_NAME})", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_RESPONSE_STARTS = {"http.response.start", "websocket.http.response.start"}


class Host(NamedTuple):
    """A `Host` header. `name` in lower case, without a final dot; an IPv6 address in brackets."""

    name: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        found = _HOST.fullmatch(text)
        if found is None:
            return None
        return cls(found["name"].lower(), int(found["port"]) if found["port"] else None)


class Origin(NamedTuple):
    """An `Origin` header (RFC 6454). `port` is None where it is the scheme's default."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None for anything else, such as the `null` of sandboxed pages."""
        found = _ORIGIN.fullmatch(text)
        host = Host.parse(found["host"]) if found else None
        if found is None or host is None:
            return None
        scheme = found["scheme"].lower()
        return cls(scheme, host.name, None if host.port == _PORTS.get(scheme) else host.port)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}" + (f":{self.port}" if self.port else "")

    def is_of(self, host: Host) -> bool:
        """Whether a page of this origin was served by `host`.

        The scheme doesn't count, since a proxy may terminate TLS.
        """
        port = None if host.port == _PORTS.get(self.scheme) else host.port
        return (self.host, self.port) == (host.name, port)


class Refusal(NamedTuple):
    """`status` follows RFC 9110; `value` is that of the refused header."""

    status: int
    code: str
    value: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """The host names that a server answers to, and the other websites that may use it.

    `names` may contain `*.example.com` for all subdomains and `*` for any name. `any_address`
    accepts every IP address as host: DNS rebinding needs a name.
    """

    names: frozenset[str]
    origins: tuple[Origin, ...] = ()
    any_address: bool = False

    @classmethod
    def at(cls, address: str, names: Iterable[str] = (), origins: Iterable[str] = ()) -> Self:
        """For a server bound to `address`, with more names and origins from the settings.

        Loopback and `address` always pass. If it is a wildcard (0.0.0.0, ::), so do all IP
        addresses and the machine's own name.
        """
        everywhere, name = _read_address(address)
        known = {"localhost", name, *(name.lower() for name in names)}
        parsed = tuple(map(_origin, origins))
        if everywhere:
            machine = socket.gethostname().lower()
            short = machine.partition(".")[0]
            known |= {machine, short, f"{short}.local"}  # the last one is for mDNS
        return cls(frozenset(known), parsed, everywhere)

    def refusal(
        self, headers: Iterable[tuple[bytes, bytes]], method: str = "GET"
    ) -> Refusal | None:
        """Why a request with these (lower-case) headers is refused; None where it passes."""
        hosts, origins, site = [], [], ""
        for name, value in headers:
            if name == b"host":
                hosts.append(value.decode("latin-1"))
            elif name == b"origin":
                origins.append(value.decode("latin-1"))
            elif name == b"sec-fetch-site":
                site = value.decode("latin-1")
        host = Host.parse(hosts[0]) if len(hosts) == 1 else None
        if host is None:
            return Refusal(400, "host_invalid", ", ".join(hosts))
        if not self._has(host.name):
            return Refusal(421, "host_not_allowed", host.name)
        for text in origins:
            origin = Origin.parse(text)
            if origin is None or not (origin.is_of(host) or origin in self.origins):
                return Refusal(403, "origin_not_allowed", text)
        if not origins and method not in _SAFE_METHODS and site in {"cross-site", "same-site"}:
            return Refusal(403, "origin_not_allowed", site)
        return None

    def _has(self, name: str) -> bool:
        if name in self.names or "*" in self.names:
            return True
        try:
            address = ip_address(name.strip("[]"))
        except ValueError:
            return any(p.startswith("*.") and name.endswith(p[1:]) for p in self.names)
        return address.is_loopback or self.any_address

    def headers(self) -> list[tuple[bytes, bytes]]:
        """For every response: no framing by other websites, no guessing of content types."""
        ancestors = " ".join(["'self'", *map(str, self.origins)])
        return [
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"SAMEORIGIN"),  # for browsers that don't know the next one
            (b"content-security-policy", f"frame-ancestors {ancestors}".encode()),
        ]


class Guard:
    """ASGI middleware. `refuse` makes the response to a refused request. Buffers nothing."""

    def __init__(
        self, app: "ASGIApp", allowed: Allowed, refuse: "Callable[[Scope, Refusal], ASGIApp]"
    ) -> None:
        self._app = app
        self._allowed = allowed
        self._refuse = refuse
        self._headers = allowed.headers()

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return

        async def guarded_send(message: "Message") -> None:
            if message["type"] in _RESPONSE_STARTS:
                given = list(message.get("headers", ()))
                named = {name.lower() for name, _ in given if name != b"content-security-policy"}
                added = [header for header in self._headers if header[0] not in named]
                message = {**message, "headers": [*given, *added]}
            await send(message)

        refusal = self._allowed.refusal(scope["headers"], scope.get("method", "GET"))
        if refusal is None:
            await self._app(scope, receive, guarded_send)
            return
        log.warning("refused a request: %s %r", refusal.code, refusal.value[:200])
        if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
            await self._refuse(scope, refusal)(scope, receive, guarded_send)
        else:
            await send({"type": "websocket.close", "code": 1008})  # policy violation


def read_hosts(given: str | Iterable[str]) -> tuple[str, ...]:
    """The names of a comma-separated setting. Raises ValueError."""
    return tuple(map(_host_pattern, _parts(given)))


def read_origins(given: str | Iterable[str]) -> tuple[str, ...]:
    """The origins of a comma-separated setting, as browsers write them. Raises ValueError."""
    return tuple(str(_origin(text.removesuffix("/"))) for text in _parts(given))


def _parts(given: str | Iterable[str]) -> list[str]:
    texts = given.split(",") if isinstance(given, str) else given
    return [part for part in map(str.strip, texts) if part]


def _host_pattern(text: str) -> str:
    if _PATTERN.fullmatch(text) is None:
        raise ValueError(
            f"{text!r} is not a host name; give it without scheme and port, e.g. zhiwen.example.com"
        )
    return text.lower()


def _origin(text: str) -> Origin:
    origin = Origin.parse(text)
    if origin is None:
        raise ValueError(f"{text!r} is not an origin, e.g. https://portal.example.com")
    return origin


def _read_address(text: str) -> tuple[bool, str]:
    """Whether an address to bind is a wildcard, and how it is written in a URL."""
    try:
        address = ip_address(text)
    except ValueError:
        return not text, text.lower()  # servers bind all addresses for an empty text
    return address.is_unspecified, f"[{address}]" if address.version == 6 else str(address)
