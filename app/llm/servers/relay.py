"""Passes connections on to a server that may be exchanged for another one meanwhile.

New connections go to the present server. Those to an earlier one go on until their response is
complete: once a client that has had a response sends another request, the connection is closed, as
any server closes one that was idle, and the client opens a new one. So no request is lost and none
is answered by two servers.
"""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field

_HOST = "127.0.0.1"
_PIECE_BYTES = 1 << 16


@dataclass(slots=True)
class Relay:
    """`target`: the present server's port."""

    target: int = 0
    _open: Counter[int] = field(default_factory=Counter)  # connections by port

    async def listen(self, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._connected, _HOST, port)

    def connections(self, port: int) -> int:
        """How many still lead to that server."""
        return self._open[port]

    async def _connected(
        self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter
    ) -> None:
        port = self.target
        try:
            server_in, server_out = await asyncio.open_connection(_HOST, port)
        except OSError:  # the client sees a closed connection and tries again
            client_out.close()
            return
        self._open[port] += 1
        line = _Line(self, port)
        back = asyncio.create_task(line.respond(server_in, client_out))
        try:
            await line.request(client_in, server_out)
            if not line.ended:
                await back
        finally:
            back.cancel()
            self._open[port] -= 1
            for writer in (client_out, server_out):
                writer.close()


@dataclass(slots=True)
class _Line:
    """One connection. `responded`: bytes have gone back since the last request."""

    relay: Relay
    port: int
    responded: bool = False
    ended: bool = False

    async def request(self, client: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await client.read(_PIECE_BYTES):
                if self.responded and self.relay.target != self.port:
                    self.ended = True
                    return
                self.responded = False
                server.write(data)
                await server.drain()
            self.ended = True  # the client is gone: nobody reads the rest

    async def respond(self, server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await server.read(_PIECE_BYTES):
                self.responded = True
                client.write(data)
                await client.drain()
            client.close()
