"""Runs many streams at once against an OpenAI-compatible server and times each.

Uses plain asyncio connections: a load generator shares the cores with the tested server, and an
HTTP client such as httpx, or gevent in Locust, takes several times as long per token.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from app.llm.wire.chunks import DONE, read_chunk

_LIMIT_BYTES = 2**22  # per line: the last event includes the citations
_TIMEOUT_S = 300.0


@dataclass(slots=True)
class Stream:
    """One received answer. `error` is empty if it is complete."""

    first_ms: float = 0.0
    whole_ms: float = 0.0
    first_at_us: int = 0  # by the monotonic clock
    pieces: list[str] = field(default_factory=list)
    tokens: int = 0
    error: str = ""

    @property
    def text(self) -> str:
        return "".join(self.pieces)


Body = Callable[[int], dict[str, Any]]  # request body by number


async def stream(url: str, body: dict[str, Any]) -> Stream:
    """Posts `body` and reads events until `[DONE]`. Server errors are returned, not raised."""
    found = Stream()
    began = time.perf_counter()
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await _read(url, body, found, began)
    except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError) as error:
        found.error = found.error or f"{type(error).__name__}: {error}"
    found.whole_ms = (time.perf_counter() - began) * 1000
    return found


async def _read(url: str, body: dict[str, Any], found: Stream, began: float) -> None:
    parts = urlsplit(url)
    payload = json.dumps(body, ensure_ascii=False).encode()
    # HTTP/1.0: the body has no chunk headers and ends with the connection.
    head = (
        f"POST {parts.path} HTTP/1.0\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(payload)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=_LIMIT_BYTES)
    try:
        writer.write(head.encode() + payload)
        status = (await reader.readline()).decode()
        if " 200 " not in status:
            while (await reader.readline()).strip():
                pass  # headers
            found.error = f"{status.strip()} {(await reader.read(500)).decode(errors='replace')}"
            return
        async for line in reader:
            if not line.startswith(b"data: "):
                continue
            data = line[6:].decode().strip()
            if data == DONE:
                return
            chunk = read_chunk(data)
            if chunk.error is not None:
                found.error = chunk.error.message
                return
            if chunk.text:
                if not found.pieces:
                    found.first_ms = (time.perf_counter() - began) * 1000
                    found.first_at_us = time.monotonic_ns() // 1000
                found.pieces.append(chunk.text)
            found.tokens = chunk.tokens.completion if chunk.tokens else found.tokens
        found.error = "the stream ended without [DONE]"
    finally:
        writer.close()


async def closed_loop(
    url: str, body: Body, *, streams: int, requests: int, ramp_s: float
) -> list[Stream]:
    """Sends `requests` in total over `streams` concurrent loops.

    The loops start spread over `ramp_s`, so that they do not all send at the same moment.
    """
    numbers = iter(range(requests))
    found: list[Stream] = []

    async def ask_on(place: int) -> None:
        await asyncio.sleep(ramp_s * place / streams)
        for number in numbers:
            found.append(await stream(url, body(number)))

    await asyncio.gather(*(ask_on(place) for place in range(streams)))
    return found


def quantile(values: Sequence[float], share: float) -> float:
    """Quantile by nearest rank."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
