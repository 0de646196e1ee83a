"""Reading answers as a client does."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
from httpx_sse import connect_sse


def events(http: httpx.Client, method: str, path: str, **request: Any) -> Iterator[tuple[str, Any]]:
    """Name and data of each event."""
    with connect_sse(http, method, path, **request) as source:
        source.response.raise_for_status()
        for event in source.iter_sse():
            if event.data:
                yield event.event, json.loads(event.data)


def ask(http: httpx.Client, question: str, base_id: str, **more: Any) -> dict[str, list[Any]]:
    """All events of one answer by name."""
    body = {"question": question, "base_ids": [base_id], **more}
    found: dict[str, list[Any]] = {}
    for name, data in events(http, "POST", "/api/chat", json=body):
        found.setdefault(name, []).append(data)
    return found
