"""A websocket's opening handshake, byte by byte: client libraries write Host themselves."""

import socket
from urllib.parse import urlsplit

_PATH = "/_stcore/stream"


def handshake(url: str, *, host: str | None = None, origin: str | None = None) -> int:
    """The status the server at `url` answers; 101 where it opens the websocket.

    `host` is that of the URL where none is given; no Origin is sent where none is given.
    """
    address = urlsplit(url)
    lines = [
        f"GET {_PATH} HTTP/1.1",
        f"Host: {host or address.netloc}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",  # of RFC 6455
    ]
    if origin is not None:
        lines.append(f"Origin: {origin}")
    with socket.create_connection((address.hostname, address.port or 80), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        status_line = connection.makefile("rb").readline()
    return int(status_line.split()[1])
