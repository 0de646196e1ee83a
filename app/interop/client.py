"""The HTTP client behind the adapters, sync and async.

ZhiwenError   the service refused, failed or was not reached; `code` is the one of its problem,
              or `connection`, or `broken_off`
"""

import json
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from httpx_sse import ServerSentEvent, aconnect_sse, connect_sse

DEFAULT_URL = "http://127.0.0.1:8000"

_CONNECT_TIMEOUT_S = 5.0


class ZhiwenError(Exception):
    """What the service said."""

    def __init__(self, detail: str, code: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Service:
    """Each call has a connection of its own: nothing to close, and any event loop may call.

    `timeout_s` is the longest silence that is waited for. All methods raise ZhiwenError.
    """

    base_url: str = DEFAULT_URL
    timeout_s: float = 120.0

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of the response."""
        with _told(), self._client() as http:
            return _checked(http.request(method, path, json=body)).json()

    async def acall(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of the response."""
        with _told():
            async with self._async_client() as http:
                return _checked(await http.request(method, path, json=body)).json()

    def events(self, path: str, body: object) -> Iterator[tuple[str, Any]]:
        """Name and data of each event of an answer, `done` last."""
        name = ""
        with (
            _told(),
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
        with _told():
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
        return httpx.Client(base_url=self.base_url, timeout=self._timeout(), trust_env=False)

    def _async_client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.base_url, timeout=self._timeout(), trust_env=False)

    def _timeout(self) -> httpx.Timeout:
        return httpx.Timeout(self.timeout_s, connect=_CONNECT_TIMEOUT_S)


def base_ids(known: Sequence[dict[str, Any]], wanted: Sequence[str]) -> list[str]:
    """Ids of the bases named, by name or id, among those of `GET /api/bases`; all if none is named.

    Raises ZhiwenError for a name that is not there.
    """
    if not wanted:
        return [str(base["id"]) for base in known]
    ids = {str(base["id"]): str(base["id"]) for base in known}
    by_name = {**{str(base["name"]): str(base["id"]) for base in known}, **ids}
    for name in wanted:
        if name not in by_name:
            names = ", ".join(repr(base["name"]) for base in known) or "none yet"
            raise ZhiwenError(
                f"There is no knowledge base {name!r}. There are: {names}.", "no_base"
            )
    return [by_name[name] for name in wanted]


def _read(event: ServerSentEvent) -> tuple[str, Any]:
    data = json.loads(event.data)
    if event.event == "error":
        raise ZhiwenError(str(data["detail"]), str(data["code"]))
    return event.event, data


def _require_done(last_event: str) -> None:
    if last_event != "done":
        raise ZhiwenError("The answer broke off: the service has ended.", "broken_off")


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    try:
        problem = response.json()
        raise ZhiwenError(str(problem["detail"]), str(problem["code"]))
    except (ValueError, KeyError, TypeError):
        raise ZhiwenError(f"HTTP {response.status_code}", "http") from None


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise ZhiwenError(f"Zhiwen was not reached: {error!r}", "connection") from error
