"""Bodies of requests, but for uploads, are read up to a limit, whoever sends them.

FastAPI reads a body before it asks who sent it, so a limit inside of a route comes too late. An
upload has its own, while it arrives (`upload.py`).
"""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import answer_with, problem_of
from app.metrics import ERRORS
from app.services.errors import TooLarge

MAX_BODY_BYTES = 8 << 20  # a chat's front end sends its whole history
_UPLOADS = re.compile(r"/api/bases/[^/]+/documents/?")


class Bodies:
    """ASGI middleware. What is inside receives the body at once, then what follows as it comes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_upload(scope):
            await self._app(scope, receive, send)
            return
        first = await _whole(scope, receive)
        if first is None:
            error = TooLarge(f"A request has at most {MAX_BODY_BYTES >> 20} MB.")
            ERRORS.labels("http", error.code).inc()
            problem = problem_of(error, scope["path"])
            refusal = answer_with(problem, openai=scope["path"].startswith("/v1/"))
            await refusal(scope, receive, send)
            return
        waiting = [first]

        async def received() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, received, send)


async def _whole(scope: Scope, receive: Receive) -> Message | None:
    """The body in one message, or that the client has left; None where the body is too large."""
    announced = next((v for name, v in scope["headers"] if name == b"content-length"), b"0")
    if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return message
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return {**message, "body": bytes(body), "more_body": False}


def _is_upload(scope: Scope) -> bool:
    return scope["method"] == "POST" and _UPLOADS.fullmatch(scope["path"]) is not None
