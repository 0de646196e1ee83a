"""Connections to an engine that may die in the moment they open."""

import httpx


class Connections(httpx.AsyncHTTPTransport):
    """An httpx transport that fails with httpx.ConnectError where the engine closes a connection
    while anyio still asks its socket for the peer: AttributeError, which no caller expects."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except AttributeError as error:
            raise httpx.ConnectError("the connection was closed as it opened") from error
