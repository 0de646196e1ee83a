"""Which web pages may call what, by their origin.

Pages of ZHIWEN_ALLOWED_ORIGINS may call everything. Pages of ZHIWEN_WIDGET_ORIGINS may call the
chat widget's route and nothing else: a public website needs no more.
"""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.observe import TRACE_HEADER
from app.api.problems import refuse
from app.config import Settings
from app.guard import Allowed, Guard

_WIDGET = ("/api/widget/", "/widget.js")


class Doors:
    """ASGI middleware: two guards before the same application. Buffers nothing."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        usual, widget = settings.allowed_origins, settings.widget_origins
        self._usual = _door(app, settings, usual)
        self._widget = _door(app, settings, (*usual, *widget)) if widget else self._usual

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        of_widget = scope["type"] == "http" and scope["path"].startswith(_WIDGET)
        await (self._widget if of_widget else self._usual)(scope, receive, send)


def _door(app: ASGIApp, settings: Settings, origins: tuple[str, ...]) -> ASGIApp:
    """Accepts only our own host names and origins, and those given."""
    if origins:
        app = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["*"],
            allow_headers=["*"],
            allow_private_network=True,  # a public page that the settings name, and we inside
            expose_headers=[TRACE_HEADER.decode()],
        )
    names = list(settings.allowed_hosts)
    if settings.api_url is not None and settings.api_url.host is not None:
        names.append(settings.api_url.host)  # interface and shell use this name
    return Guard(app, Allowed.at(settings.api_host, names, origins), refuse)
