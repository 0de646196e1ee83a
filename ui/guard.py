"""Refuses requests that a web page of somebody else makes through a visitor's browser.

A page can have the browser that shows it send requests to this machine, where nobody logs in.

- DNS rebinding: the attacker's name is pointed at this machine, and the browser takes both for one
  site. `Host` still carries the name, so only known names are answered.
- Cross-site requests: forms and multipart uploads are sent without asking first. Browsers add
  `Origin` to them, so pages other than our own are refused. Programs send no `Origin`.

`app/guard.py` and `ui/guard.py` are one file, kept twice because the interface imports nothing of
the service; a test compares them.
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
    """What an `Origin` header says of a page (RFC 6454). `port` is never the scheme's own."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None where it is no origin, as the `null` of sandboxed pages."""
        found = _ORIGIN.fullmatch(text)
        host = Host.parse(found["host"]) if found else None
        if found is None or host is None:
            return None
        scheme = found["scheme"].lower()
        return cls(scheme, host.name, None if host.port == _PORTS.get(scheme) else host.port)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}" + (f":{self.port}" if self.port else "")

    def is_of(self, host: Host) -> bool:
        """Whether a request to `host` comes from a page of the same server.

        The scheme doesn't count: a proxy may speak TLS for us.
        """
        port = None if host.port == _PORTS.get(self.scheme) else host.port
        return (self.host, self.port) == (host.name, port)


class Refusal(NamedTuple):
    """`status` as RFC 9110 has it; `value` is the header that is refused."""

    status: int
    code: str
    value: str


@dataclass(frozen=True, slots=True)
class Allowed:
    """The names a server answers to and the pages that may use it besides its own.

    `names` may hold `*.example.com` for all subdomains and `*` for any name. `any_address`: every
    IP address passes as a host; a page cannot have one pointed elsewhere as it can with a name.
    """

    names: frozenset[str]
    origins: tuple[Origin, ...] = ()
    any_address: bool = False

    @classmethod
    def at(cls, address: str, names: Iterable[str] = (), origins: Iterable[str] = ()) -> Self:
        """For a server bound to `address`, with more names and origins from the settings.

        Loopback always passes, and so does `address`. Where it stands for all of the machine's
        addresses (0.0.0.0, ::), any address and the machine's own name do.
        """
        everywhere, name = _read_address(address)
        known = {"localhost", name, *(name.lower() for name in names)}
        parsed = tuple(map(_origin, origins))
        if everywhere:
            machine = socket.gethostname().lower()
            short = machine.partition(".")[0]
            known |= {machine, short, f"{short}.local"}  # the last is its name in mDNS
        return cls(frozenset(known), parsed, everywhere)

    def refusal(self, headers: Iterable[tuple[bytes, bytes]]) -> Refusal | None:
        """Why a request with these (lower-case) headers is refused; None where it passes."""
        hosts, origins = [], []
        for name, value in headers:
            if name == b"host":
                hosts.append(value.decode("latin-1"))
            elif name == b"origin":
                origins.append(value.decode("latin-1"))
        host = Host.parse(hosts[0]) if len(hosts) == 1 else None
        if host is None:
            return Refusal(400, "host_invalid", ", ".join(hosts))
        if not self._has(host.name):
            return Refusal(421, "host_not_allowed", host.name)
        for text in origins:
            origin = Origin.parse(text)
            if origin is None or not (origin.is_of(host) or origin in self.origins):
                return Refusal(403, "origin_not_allowed", text)
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
        """What every response says: no other page may frame it, and its type is what it says."""
        ancestors = " ".join(["'self'", *map(str, self.origins)])
        return [
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"SAMEORIGIN"),  # for browsers that don't know the next one
            (b"content-security-policy", f"frame-ancestors {ancestors}".encode()),
        ]


class Guard:
    """ASGI middleware. `refuse` makes the response to a refused request; nothing is buffered."""

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

        refusal = self._allowed.refusal(scope["headers"])
        if refusal is None:
            await self._app(scope, receive, guarded_send)
            return
        log.warning("refused a request: %s %r", refusal.code, refusal.value[:200])
        if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
            await self._refuse(scope, refusal)(scope, receive, guarded_send)
        else:
            await send({"type": "websocket.close", "code": 1008})  # policy violation


def read_hosts(given: str | Iterable[str]) -> tuple[str, ...]:
    """The names of a setting, where they are separated by commas. Raises ValueError."""
    return tuple(map(_host_pattern, _parts(given)))


def read_origins(given: str | Iterable[str]) -> tuple[str, ...]:
    """The origins of a setting, in the form in which browsers send them. Raises ValueError."""
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
    """Whether it stands for all addresses of the machine, and how it is written as a host."""
    try:
        address = ip_address(text)
    except ValueError:
        return not text, text.lower()  # asyncio binds all addresses for an empty text
    return address.is_unspecified, f"[{address}]" if address.version == 6 else str(address)
