"""Lets only those in who have signed in, where that is needed."""

import time
from urllib.parse import urlencode

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.client import renewed
from ui.client.visitor import UNASKED
from ui.sign_in.api import SessionApi, Unreachable
from ui.sign_in.visits import visitor_of

# Without a session: signing in, Streamlit's own program, and whether the server is up.
_OPEN_PATHS = {"/login", "/logout", "/welcome", "/favicon.png"}
_OPEN_PATHS |= {"/_stcore/health", "/_stcore/host-config"}
_OPEN_FOLDERS = ("/login/", "/static/")

_SEEN_S = 10.0  # a page asks for many pictures at once
_MOST_SEEN = 10_000


class Gate:
    """ASGI middleware. Pages without a session lead to the login, everything else is refused.

    The API decides who may see what. The gate keeps strangers away from what Streamlit itself
    holds: scripts that run, uploads, downloads.
    """

    def __init__(self, app: ASGIApp, api: SessionApi) -> None:
        self._app, self._api = app, api
        self._needs_login: bool | None = None  # until the API has said so
        self._seen: dict[str, float] = {}  # tokens of sessions, and until when they pass unasked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            self._needs_login is False
            or scope["type"] not in {"http", "websocket"}
            or scope["path"] in _OPEN_PATHS
            or scope["path"].startswith(_OPEN_FOLDERS)
        ):
            await self._app(scope, receive, send)
            return
        browser = HTTPConnection(scope)
        token = visitor_of(browser).token
        enters = scope["type"] == "websocket" or _is_page(browser)  # asked for each time
        if not enters and self._seen.get(token, 0.0) > time.monotonic():
            await self._app(scope, receive, send)
            return
        if self._needs_login and not token:
            await self._turn_away(browser, receive, send, 401)
            return
        try:
            answer = await self._api.session(browser)
        except Unreachable:
            # The script says that the API is down. It has nothing else to show.
            if self._needs_login is None or enters:
                await self._app(_unasked(scope), receive, send)
            else:
                await self._turn_away(browser, receive, send, 503)
            return
        self._needs_login = answer.body.get("auth") != "none"
        if not self._needs_login:
            await self._app(scope, receive, send)
        elif answer.ok and answer.body.get("person"):
            self._remember(token)
            cookies = await self._renewed(browser) if _is_page(browser) else ()
            await self._app(scope, receive, _with_cookies(send, cookies))
        else:
            await self._turn_away(browser, receive, send, 401)

    def _remember(self, token: str) -> None:
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[token] = time.monotonic() + _SEEN_S

    async def _renewed(self, browser: HTTPConnection) -> tuple[str, ...]:
        """Cookies with the next token of the session, if it is time for one."""
        try:
            answer = await self._api.renew(browser)
        except Unreachable:
            return ()
        renewed.remember(visitor_of(browser).token, answer.token)
        return answer.cookies

    async def _turn_away(
        self, browser: HTTPConnection, receive: Receive, send: Send, status: int
    ) -> None:
        scope = browser.scope
        if _is_page(browser):
            await _to_login(browser)(scope, receive, send)
        elif scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
            response = PlainTextResponse("请先登录。 Please sign in.\n", status)
            await response(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})  # policy violation


def _unasked(scope: Scope) -> Scope:
    """Tells the script that nobody knows whose token this is."""
    return {**scope, "headers": [*scope["headers"], (UNASKED.encode(), b"1")]}


def _is_page(browser: HTTPConnection) -> bool:
    """Whether the browser wants to show what it gets."""
    asks = browser.scope["type"] == "http" and browser.scope["method"] in {"GET", "HEAD"}
    return asks and "text/html" in browser.headers.get("accept", "")


def _to_login(browser: HTTPConnection) -> Response:
    url = browser.url
    parameters = {"next": f"{url.path}?{url.query}" if url.query else url.path}
    if language := browser.query_params.get("lang"):
        parameters["lang"] = language
    headers = {"cache-control": "no-store"}
    return RedirectResponse(f"/login?{urlencode(parameters)}", 303, headers)


def _with_cookies(send: Send, cookies: tuple[str, ...]) -> Send:
    """Gives the browser what the API has set."""
    if not cookies:
        return send
    given = [(b"set-cookie", cookie.encode("latin-1")) for cookie in cookies]

    async def sending(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.accept"}:
            message = {**message, "headers": [*message.get("headers", ()), *given]}
        await send(message)

    return sending
