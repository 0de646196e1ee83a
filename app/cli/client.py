"""The HTTP client of the command line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import httpx
from httpx_sse import SSEError, connect_sse

from app.cli.errors import CliError, ServiceDown
from app.interop.client import ZhiwenError, base_ids, base_named

if TYPE_CHECKING:
    from app.config import Settings

_TIMEOUT = httpx.Timeout(60, connect=3)


class ServiceClient:
    """`base_url` has no trailing slash; `api_key` is needed where people sign in. All methods raise
    CliError with the service's message."""

    def __init__(self, base_url: str, api_key: str = "") -> None:
        self._base_url = base_url
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=_TIMEOUT,
            trust_env=False,
        )

    def get(self, path: str, **params: Any) -> Any:
        given = {name: value for name, value in params.items() if value is not None}
        with self._translated_errors():
            return _checked(self._http.get(path, params=given)).json()

    def text(self, path: str, **params: Any) -> str:
        given = {name: value for name, value in params.items() if value is not None}
        with self._translated_errors():
            return _checked(self._http.get(path, params=given)).text

    def post(self, path: str, body: Any, *, slow: bool = False) -> Any:
        """`slow`: no read timeout, for responses that a model generates."""
        timeout = httpx.Timeout(None, connect=3) if slow else _TIMEOUT
        with self._translated_errors():
            return _checked(self._http.post(path, json=body, timeout=timeout)).json()

    def delete(self, path: str, params: dict[str, str] | None = None) -> None:
        with self._translated_errors():
            _checked(self._http.delete(path, params=params))

    def upload(self, base_id: str, path: Path, place: str = "") -> dict[str, Any]:
        """Uploads a file and returns the document. `place`: its path in the base, else its name."""
        with self._translated_errors(), _open_file(path) as file:
            answer = self._http.post(
                f"/api/bases/{base_id}/documents",
                params={"path": place or path.name},
                files={"file": (path.name, file)},
            )
            document: dict[str, Any] = _checked(answer).json()
            return document

    def base_named(self, name: str) -> dict[str, Any] | None:
        """The base with this name or id, one's own before those of others; None if there is none.
        Raises CliError where it could be one of several."""
        try:
            return base_named(self.get("/api/bases"), name)
        except ZhiwenError as error:
            raise CliError(str(error)) from error

    def chat(self, body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """Yields name and data of each event of an answer."""
        with (
            self._translated_errors(),
            connect_sse(
                self._http, "POST", "/api/chat", json=body, timeout=httpx.Timeout(None, connect=3)
            ) as source,
        ):
            if source.response.is_error:
                source.response.read()
                _checked(source.response)
            for event in source.iter_sse():
                if not event.data:  # a heartbeat
                    continue
                yield event.event, json.loads(event.data)

    def base_id(self, name: str) -> str:
        """Id of the base with this name or id. Raises CliError if there is none, or several."""
        return self.base_ids([name])[0]

    def base_ids(self, names: list[str]) -> list[str]:
        """Ids of the named bases, or of all bases if none is named."""
        try:
            ids = base_ids(self.get("/api/bases"), names)
        except ZhiwenError as error:
            raise CliError(str(error)) from error
        if not ids:
            raise CliError(
                "There are no knowledge bases yet. Create one: zhiwen ingest FILE --kb NAME"
            )
        return ids

    @contextmanager
    def _translated_errors(self) -> Iterator[None]:
        try:
            yield
        except httpx.ConnectError as error:
            raise ServiceDown(self._base_url) from error
        except (httpx.HTTPError, SSEError) as error:
            reason = str(error) or type(error).__name__
            raise CliError(f"The connection to Zhiwen failed: {reason}") from error


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_error:
        try:
            detail = response.json()["detail"]
        except (ValueError, KeyError, TypeError):
            detail = f"{response.url} returned HTTP {response.status_code}"
        if response.status_code == httpx.codes.UNAUTHORIZED:
            detail = (
                "Zhiwen needs a valid API key. Create one with `zhiwen keys add NAME` or on your "
                "account page, and set ZHIWEN_API_KEY."
            )
        raise CliError(str(detail))
    return response


@contextmanager
def _open_file(path: Path) -> Iterator[BinaryIO]:
    """Opens the file. Errors while it is read become CliError, too."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:  # connection errors are httpx errors
        raise CliError(f"The file cannot be read: {error.strerror}.") from error


def service() -> ServiceClient:
    """Client of the service at the address in the settings."""
    from app.config import Settings

    return client_of(Settings())


def client_of(settings: "Settings") -> ServiceClient:
    """Client of the service that these settings describe."""
    return ServiceClient(settings.api_base_url, settings.api_key.get_secret_value())
