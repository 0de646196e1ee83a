"""The API's side of signing in, with the cookies that it gives to the browser."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.requests import HTTPConnection

from ui.client.http import no_cookies
from ui.client.visitor import SESSION_COOKIE
from ui.sign_in.visits import visitor_of

_OURS = re.compile(r"zhiwen_\w{1,40}", re.ASCII)
_VALUE = re.compile(r"[\w.~+/=-]{1,4096}", re.ASCII)
# Between two machines, or of a body that the API does not get.
_NOT_PASSED_ON = {"connection", "content-length", "content-type", "host", "origin", "te"}
_NOT_PASSED_ON |= {"transfer-encoding", "upgrade", "accept-encoding", "cookie", "user-agent"}
_NOT_PASSED_ON |= {f"x-forwarded-{what}" for what in ("for", "host", "port", "prefix", "proto")}


class Unreachable(Exception):
    """The API did not respond."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any]
    cookies: tuple[str, ...]  # values of Set-Cookie
    retry_after_s: int = 0

    @property
    def ok(self) -> bool:
        return self.status < 400

    @property
    def token(self) -> str:
        """The new one of the session, if there is one."""
        found = (cookie.partition(";")[0].partition("=") for cookie in self.cookies)
        return next((value for name, _, value in found if name == SESSION_COOKIE), "")

    @property
    def code(self) -> str:
        return str(self.body.get("code", "error"))


class SessionApi:
    """Calls for a browser. Raises Unreachable."""

    def __init__(self, api_url: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=api_url,
            timeout=httpx.Timeout(30.0, connect=3.0),
            trust_env=False,
            cookies=no_cookies(),
        )

    async def session(self, browser: HTTPConnection) -> Answer:
        return await self._call("GET", "/api/session", browser)

    async def renew(self, browser: HTTPConnection) -> Answer:
        """Gives the session another token, if it has had this one for long."""
        return await self._call("POST", "/api/session/renew", browser)

    async def sign_in(self, browser: HTTPConnection, name: str, password: str) -> Answer:
        body = {"name": name, "password": password}
        return await self._call("POST", "/api/session", browser, json=body)

    async def sign_in_by_proxy(self, browser: HTTPConnection) -> Answer:
        """Passes on what a proxy in front of us says of the person."""
        said = [
            (name, value)
            for name, value in browser.headers.raw
            if name.decode("latin-1") not in _NOT_PASSED_ON and not name.startswith(b"sec-")
        ]
        return await self._call("POST", "/api/session/proxy", browser, headers=said)

    async def sign_out(self, browser: HTTPConnection) -> Answer:
        return await self._call("DELETE", "/api/session", browser)

    async def link(self, browser: HTTPConnection, token: str) -> Answer:
        return await self._call("GET", "/api/session/link", browser, params={"token": token})

    async def use_link(self, browser: HTTPConnection, token: str, password: str) -> Answer:
        body = {"token": token, "password": password}
        return await self._call("POST", "/api/session/link", browser, json=body)

    async def begin(self, browser: HTTPConnection, provider: str, next_path: str) -> Answer:
        """Gives the `url` of the provider."""
        path = f"/api/session/providers/{provider}"
        return await self._call("POST", path, browser, json={"next": next_path})

    async def connect(self, browser: HTTPConnection, provider: str, password: str) -> Answer:
        """The same, to connect the account that is signed in, whose password it is."""
        path = f"/api/me/identities/{provider}"
        return await self._call("POST", path, browser, json={"next": "/", "password": password})

    async def finish(
        self, browser: HTTPConnection, provider: str, params: dict[str, str]
    ) -> Answer:
        path = f"/api/session/providers/{provider}/callback"
        return await self._call("POST", path, browser, json={"params": params})

    async def _call(
        self,
        method: str,
        path: str,
        browser: HTTPConnection,
        *,
        headers: Sequence[tuple[bytes, bytes]] = (),
        **options: Any,
    ) -> Answer:
        cookies = [
            f"{name}={value}"
            for name, value in browser.cookies.items()
            if _OURS.fullmatch(name) and _VALUE.fullmatch(value)
        ]
        ours = visitor_of(browser).headers() | ({"cookie": "; ".join(cookies)} if cookies else {})
        passed = [*headers, *((name.encode(), value.encode()) for name, value in ours.items())]
        try:
            response = await self._http.request(method, path, headers=passed, **options)
        except httpx.TransportError as error:
            raise Unreachable from error
        retry_after = response.headers.get("retry-after", "")
        return Answer(
            response.status_code,
            _body(response),
            tuple(response.headers.get_list("set-cookie")),
            int(retry_after) if retry_after.isdecimal() else 0,
        )


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
