"""What the request of a browser says: who sends it, in which language, where it wants to go."""

import re
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from ui.client.visitor import Visitor
from ui.words.texts import LANGUAGES

_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_OWN_PAGES = ("login", "logout", "welcome")


def visitor_of(connection: HTTPConnection) -> Visitor:
    scheme = str(connection.scope.get("scheme", ""))
    return Visitor.of(connection.cookies, connection.headers, _peer(connection), scheme)


def _peer(connection: HTTPConnection) -> str:
    """The address that the request came from.

    For a proxy on this machine, uvicorn puts the address that it has forwarded, with port 0.
    """
    if connection.client is None:
        return ""
    host, port = connection.client
    return "127.0.0.1" if port == 0 and "x-forwarded-for" in connection.headers else host


def language_of(connection: HTTPConnection) -> str:
    """The one chosen with `lang`, else the browser's first that we have, else Chinese."""
    chosen = connection.query_params.get("lang", "")
    if chosen in LANGUAGES:
        return chosen
    wanted = (
        part.split(";")[0].strip().lower().partition("-")[0]
        for part in connection.headers.get("accept-language", "").split(",")
    )
    return next((language for language in wanted if language in LANGUAGES), "zh")


def local_path(given: str) -> str:
    """`given`, where it is a path of ours that can be opened after signing in; else `/`.

    Browsers take `//host` and `/\\host` for other hosts, and drop tabs and line breaks first.
    """
    if not given.startswith("/") or given.startswith("//") or _UNSAFE.search(given):
        return "/"
    parts = urlsplit(given)
    if parts.scheme or parts.netloc or parts.path.split("/")[1] in _OWN_PAGES:
        return "/"
    return given
