"""Serves an ASGI application on a free loopback port, in a thread."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import uvicorn

PAUSE_S = 0.005


@contextmanager
def serving(app: Any, port: int = 0, lifespan: Literal["off", "on"] = "off") -> Iterator[str]:
    """The address, without a trailing slash. `port` 0: a free one."""
    with listening_socket(port) as listener, serving_on(listener, app, lifespan) as address:
        yield address


@contextmanager
def serving_on(
    listener: socket.socket, app: Any, lifespan: Literal["off", "on"] = "off"
) -> Iterator[str]:
    """As `serving`. Without a lifespan, requests that still run at the end are dropped."""
    server = _Server(uvicorn.Config(app, log_level="warning", lifespan=lifespan))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the server did not start; its log says why")
            time.sleep(PAUSE_S)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit, server.force_exit = True, lifespan == "off"
        thread.join(20)


@contextmanager
def listening_socket(port: int = 0) -> Iterator[socket.socket]:
    """A bound socket on loopback, on a free port unless one is given."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        yield listener


class _Server(uvicorn.Server):
    """Stops within milliseconds; uvicorn looks ten times a second and takes 0.16 s."""

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # noqa: ASYNC110  a thread sets it
            await asyncio.sleep(PAUSE_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        state = self.server_state
        while (state.connections or state.tasks) and not self.force_exit:  # noqa: ASYNC110
            await asyncio.sleep(PAUSE_S)
        if not self.force_exit:
            await self.lifespan.shutdown()
