"""Counts requests and times them to their first byte, without buffering what streams."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.metrics import HTTP_REQUESTS, HTTP_SECONDS


class RequestMetrics:
    """ASGI middleware. The label is the route's template, so ids don't make series."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def timed_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                method = scope["method"]
                HTTP_SECONDS.labels(method, route).observe(time.perf_counter() - began)
                HTTP_REQUESTS.labels(method, route, str(message["status"])).inc()
            await send(message)

        await self._app(scope, receive, timed_send)
