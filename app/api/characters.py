"""Replaces what is no character in the text of requests.

JSON can carry halves of surrogate pairs (a client cut an emoji in two) and NUL. The former can't be
written as UTF-8, the latter can't be stored by PostgreSQL. Both become U+FFFD, as the Encoding
standard does with the former (https://encoding.spec.whatwg.org) and CommonMark with the latter.
File names in multipart forms are cleaned where they are kept.
"""

import json
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_REPLACEMENT = "\ufffd"
_NO_CHARACTER = re.compile("[\0\ud800-\udfff]")
_HALF = re.compile("[\ud800-\udfff]")
_SUSPICIOUS = re.compile(rb"\\u|\xed[\xa0-\xbf]|\0")  # the last one in UTF-16 and UTF-32 only
# In JSON: a whole pair, an escaped unit, any other escape (a backslash may be escaped itself).
_ESCAPE = re.compile(
    r"(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?P<none>\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2}))"
    r"|\\."
)


class Characters:
    """ASGI middleware for paths, queries and JSON bodies, which `Bodies` gives in one message."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # in place: middleware further out reads there which route was taken
            scope["path"] = _NO_CHARACTER.sub(_REPLACEMENT, scope["path"])
            scope["query_string"] = scope["query_string"].replace(b"%00", b"%EF%BF%BD")
            if _is_json(scope):
                receive = _cleaned(receive)
        await self._app(scope, receive, send)


def _cleaned(receive: Receive) -> Receive:
    async def received() -> Message:
        message = await receive()
        if message.get("body"):
            message = {**message, "body": clean_json(message["body"])}
        return message

    return received


def clean_json(body: bytes) -> bytes:
    """The body with U+FFFD for NUL and halves of surrogate pairs, whether escaped or not; the same
    where there are none, or where it can't be decoded."""
    if _SUSPICIOUS.search(body) is None:
        return body
    try:
        text = body.decode(json.detect_encoding(body), "surrogatepass")
    except UnicodeDecodeError:
        return body
    text = _ESCAPE.sub(lambda found: "\\ufffd" if found["none"] else found[0], text)
    return _HALF.sub(_REPLACEMENT, text).encode()


def _is_json(scope: Scope) -> bool:
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    bare = kind.partition(b";")[0].strip().lower()
    return bool(bare == b"application/json" or bare.endswith(b"+json"))
