"""Where messengers deliver what people write to a bot. Each request is signed; see
`app/services/channels`."""

import time

from fastapi import APIRouter, Request, Response

from app.api.deps import App
from app.services.channels.messenger import Delivery
from app.services.errors import TooLarge

router = APIRouter(prefix="/api/bots", tags=["bots"])

_MAX_BODY_BYTES = 256 * 1024  # messengers send some KB


@router.get("/{name}", response_class=Response)
async def verify_bot(name: str, request: Request, app: App) -> Response:
    """The messenger checks the address of a bot; signed as its events are."""
    return await _receive(name, request, app)


@router.post("/{name}", response_class=Response)
async def deliver_to_bot(name: str, request: Request, app: App) -> Response:
    """The messenger delivers an event. The answer goes back by its own API."""
    return await _receive(name, request, app)


async def _receive(name: str, request: Request, app: App) -> Response:
    delivery = Delivery(
        dict(request.headers), dict(request.query_params), await _body(request), time.time()
    )
    handshake = app.bots.receive(name, delivery)
    if handshake is None:
        return Response(status_code=200)
    return Response(handshake.body, media_type=handshake.media_type)


async def _body(request: Request) -> bytes:
    """Raises TooLarge before more than that is read."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise TooLarge(f"An event has at most {_MAX_BODY_BYTES} bytes.")
    return body
