"""`zhiwen mcp`: a server for agents, in front of a service that runs."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import CliError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Scope

    from app.guard import Refusal

_PORT = 8765


def mcp(
    http: Annotated[
        bool, typer.Option("--http", help="Serve streamable HTTP at /mcp instead of stdio.")
    ] = False,
    host: Annotated[str, typer.Option(help="Address that --http binds.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of --http.")] = _PORT,
) -> None:
    """Let agents search, read and ask through the Model Context Protocol.

    Over stdio, ZHIWEN_API_KEY is sent to the API. Over HTTP, each caller's own bearer token is.
    """
    from app.config import Settings
    from app.interop.mcp import build_server

    settings = Settings()
    if not http:
        build_server(settings.api_base_url, settings.api_key.get_secret_value()).run("stdio")
        return
    if (refusal := settings.opened_by("--host ", host)) is not None:
        raise CliError(refusal)
    import uvicorn
    from mcp.server.transport_security import TransportSecuritySettings

    from app.guard import Allowed, Guard

    app = build_server(settings.api_base_url).streamable_http_app(
        stateless_http=True,  # any replica may answer; nothing is kept between two calls
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    allowed = Allowed.at(host, settings.allowed_hosts, settings.allowed_origins)
    guarded = Guard(app, allowed, _refuse)  # in place of the package's own
    uvicorn.run(guarded, host=host, port=port, log_level="warning")


def _refuse(_scope: "Scope", refusal: "Refusal") -> "ASGIApp":
    from starlette.responses import PlainTextResponse

    return PlainTextResponse(f"{refusal.code}: {refusal.value[:200]}", refusal.status)
