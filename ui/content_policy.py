"""What a browser may load, run and reach in the pages that Streamlit serves.

Answers and documents are shown as text. Should markup of theirs get through all the same, it may
run nothing, and no image, font, frame, form or connection leads to another address. No policy
covers where the page itself goes, nor names that a browser looks up ahead.
"""

import base64
import hashlib
import re
from pathlib import Path

import streamlit as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_NAME = b"content-security-policy"


class ContentPolicy:
    """ASGI middleware: adds the policy to responses that have none of their own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._header = (_NAME, content_policy().encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                if all(name.lower() != _NAME for name, _ in headers):
                    message = {**message, "headers": [*headers, self._header]}
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)


def content_policy() -> str:
    """The strictest one under which Streamlit works. Who may frame the pages is said by `Guard`."""
    allowed = {
        "default-src": "'none'",
        "script-src": " ".join(["'self'", "blob:", *_inline_scripts()]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in allowed.items())


def _inline_scripts() -> list[str]:
    """Hashes of the scripts in Streamlit's own page."""
    page = Path(st.__file__).with_name("static") / "index.html"
    scripts = _INLINE_SCRIPT.findall(page.read_text("utf-8"))
    digests = [hashlib.sha256(script.encode()).digest() for script in scripts]
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
