"""Gives every request a trace id, notes who sent it, counts it and measures the time to its first
byte, without buffering streams."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import tracing
from app.metrics import HTTP_REQUESTS, HTTP_SECONDS
from app.services.people.visitor import VISITOR, Visitor

TRACE_HEADER = b"x-trace-id"

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Observed:
    """ASGI middleware. Labels are the route template and a known method, so that neither ids nor
    arbitrary client input create new series."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        given = next((v for k, v in scope["headers"] if k == b"traceparent"), b"")
        trace_id = tracing.begin(given.decode("ascii", errors="replace"))
        agent = next((v for k, v in scope["headers"] if k == b"user-agent"), b"")
        # The server has put the visitor's address in place of a trusted proxy's.
        address = scope["client"][0] if scope.get("client") else ""
        VISITOR.set(Visitor(address, agent.decode("latin-1")))

        async def observed_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                method = scope["method"] if scope["method"] in _METHODS else "other"
                HTTP_SECONDS.labels(method, route).observe(time.perf_counter() - began)
                HTTP_REQUESTS.labels(method, route, str(message["status"])).inc()
                headers = [*message.get("headers", ()), (TRACE_HEADER, trace_id.encode())]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, observed_send)
