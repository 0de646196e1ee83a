"""The HTTP client behind the adapters, sync and async.

ZhiwenError   the service refused, failed or was unreachable; `code` is the API's problem code,
              `connection` or `broken_off`
"""

import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse, connect_sse

DEFAULT_URL = "http://127.0.0.1:8000"

_CONNECT_TIMEOUT_S = 5.0


class ZhiwenError(Exception):
    """A request failed. `code` is machine-readable."""

    def __init__(self, detail: str, code: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Service:
    """Opens a connection per call, so that there is nothing to close and any event loop may call.

    `timeout_s` bounds the time without data. `api_key` is needed where people sign in. All methods
    raise ZhiwenError.
    """

    base_url: str = DEFAULT_URL
    timeout_s: float = 120.0
    api_key: str = field(default="", repr=False)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of the response."""
        with _translated_errors(), self._client() as http:
            return _checked(http.request(method, path, json=body)).json()

    async def acall(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of the response."""
        with _translated_errors():
            async with self._async_client() as http:
                return _checked(await http.request(method, path, json=body)).json()

    def events(self, path: str, body: object) -> Iterator[tuple[str, Any]]:
        """Name and data of each event of an answer, `done` last."""
        name = ""
        with (
            _translated_errors(),
            self._client() as http,
            connect_sse(http, "POST", path, json=body) as source,
        ):
            if source.response.is_error:
                source.response.read()
                _checked(source.response)
            for event in source.iter_sse():
                if event.data:  # not a heartbeat
                    name, data = _read(event)
                    yield name, data
        _require_done(name)

    async def aevents(self, path: str, body: object) -> AsyncGenerator[tuple[str, Any], None]:
        """Name and data of each event of an answer, `done` last."""
        name = ""
        with _translated_errors():
            async with (
                self._async_client() as http,
                aconnect_sse(http, "POST", path, json=body) as source,
            ):
                if source.response.is_error:
                    await source.response.aread()
                    _checked(source.response)
                async for event in source.aiter_sse():
                    if event.data:  # not a heartbeat
                        name, data = _read(event)
                        yield name, data
        _require_done(name)

    def _client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.base_url,
            headers=self._headers(),
            timeout=self._timeout(),
            trust_env=False,
        )

    def _async_client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.base_url,
            headers=self._headers(),
            timeout=self._timeout(),
            trust_env=False,
        )

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}

    def _timeout(self) -> httpx.Timeout:
        return httpx.Timeout(self.timeout_s, connect=_CONNECT_TIMEOUT_S)


def base_ids(known: Sequence[dict[str, Any]], wanted: Sequence[str]) -> list[str]:
    """Ids of the wanted bases, given by name or id; of all bases if none is given.

    `known` is the response of `GET /api/bases`. Raises ZhiwenError for an unknown name, and for one
    that several bases of others have.
    """
    if not wanted:
        return [str(base["id"]) for base in known]
    found = []
    for name in wanted:
        base = base_named(known, name)
        if base is None:
            names = ", ".join(repr(base["name"]) for base in known) or "none yet"
            raise ZhiwenError(
                f"There is no knowledge base named {name!r}. There are: {names}.", "no_base"
            )
        found.append(str(base["id"]))
    return found


def base_named(known: Sequence[dict[str, Any]], name: str) -> dict[str, Any] | None:
    """The base of that id or name, or None. One's own comes first: anybody can share a base under
    any name. Raises ZhiwenError where it could be one of several."""
    for base in known:
        if base["id"] == name:
            return base
    named = [base for base in known if base["name"] == name]
    named = [base for base in named if base.get("own")] or named
    if len(named) > 1:
        each = ", ".join(f"{base['id']} (of {base['owner']})" for base in named)
        raise ZhiwenError(
            f"Several knowledge bases are named {name!r}. Give an id instead: {each}.",
            "ambiguous_base",
        )
    return named[0] if named else None


def _read(event: ServerSentEvent) -> tuple[str, Any]:
    data = json.loads(event.data)
    if event.event == "error":
        raise ZhiwenError(str(data["detail"]), str(data["code"]))
    return event.event, data


def _require_done(last_event: str) -> None:
    if last_event != "done":
        raise ZhiwenError("The answer ended early: the connection was closed.", "broken_off")


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    try:
        problem = response.json()
        raise ZhiwenError(str(problem["detail"]), str(problem["code"]))
    except (ValueError, KeyError, TypeError):
        raise ZhiwenError(f"HTTP {response.status_code}", "http") from None


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise ZhiwenError(f"Zhiwen is unreachable: {error!r}", "connection") from error
