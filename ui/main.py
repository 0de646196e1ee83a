"""The interface: `streamlit run ui/main.py -- --api-url http://127.0.0.1:8000`.

Streamlit serves the `app` defined here, which runs `script.py` on each visit and each click.
"""

import sys

import streamlit as st
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ui import passed_on
from ui.arguments import read_arguments
from ui.content_policy import ContentPolicy
from ui.guard import Allowed, Guard, Refusal
from ui.parts.account import signed_out
from ui.sign_in import routes as sign_in
from ui.sign_in.api import SessionApi
from ui.sign_in.gate import Gate
from ui.words.texts import LANGUAGES, words


class WithoutOrigin:
    """ASGI middleware inside `Guard`: removes the accepted Origin header from websocket requests.

    Streamlit would check it again, and to do so would ask a server on the internet for this
    machine's address (`streamlit.net_util.get_external_ip`).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            headers = [header for header in scope["headers"] if header[0] != b"origin"]
            scope = {**scope, "headers": headers}
        await self._app(scope, receive, send)


def refuse(_scope: Scope, refusal: Refusal) -> PlainTextResponse:
    """Gives the reason in every language, since there is no session with a chosen one yet."""
    lines = [words(language)[f"refused.{refusal.code}"] for language in LANGUAGES]
    text = "\n".join(line.format(value=refusal.value[:200]) for line in lines)
    return PlainTextResponse(text + "\n", refusal.status)


_arguments = read_arguments(sys.argv[1:])
_allowed = Allowed.at(
    st.get_option("server.address") or "", _arguments.allowed_hosts, _arguments.allowed_origins
)
_sessions = SessionApi(_arguments.api_url)
# `streamlit run` finds this assignment by parsing the source, so it must be a plain call of st.App.
app = st.App(
    "script.py",
    routes=[*passed_on.routes(_arguments.api_url), *sign_in.routes(_sessions)],
    middleware=[
        Middleware(Guard, allowed=_allowed, refuse=refuse),
        Middleware(ContentPolicy),
        Middleware(WithoutOrigin),
        Middleware(Gate, api=_sessions),
    ],
    on_script_error=signed_out.shown_instead_of,
)
