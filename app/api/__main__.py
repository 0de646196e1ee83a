"""`python -m app.api`: serves the API as configured."""

import socket
import sys

import uvicorn
from fastapi import FastAPI

from app.api.main import create_app
from app.config import Settings
from app.logs import start_logging
from app.services.answers.generations import Generations
from app.services.channels.bots_file import BotsInvalid
from app.services.errors import ServiceError
from app.shutdown import ANSWERS_S
from app.wiring.application import build
from app.wiring.indexes import check_vectors
from vectorstore import VectorStoreError

# Switch interval of the interpreter lock in seconds. With Python's 5 ms, a token would wait for
# each thread that is searching for another question.
_SWITCH_S = 0.0005


def serve() -> None:
    sys.setswitchinterval(_SWITCH_S)
    settings = Settings()
    if settings.open_door is not None:
        sys.exit(settings.open_door)
    start_logging(settings)
    try:
        check_vectors(settings)
        zhiwen = build(settings)
    except (ServiceError, VectorStoreError, BotsInvalid) as error:
        sys.exit(f"error: {error}")
    app = create_app(zhiwen)
    if settings.otlp_endpoint is not None:
        from app.telemetry import instrument, otlp_exporter

        instrument(app, otlp_exporter(str(settings.otlp_endpoint)))
    Server(config(app, settings), zhiwen.generations).run()


def config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """The server's options. Told to stop, it waits `ANSWERS_S` for responses that are streamed."""
    return uvicorn.Config(
        app,
        host=settings.api_host,
        port=settings.api_port,
        log_level=settings.log_level,
        log_config=None,  # uvicorn's loggers use our format
        access_log=False,
        forwarded_allow_ips=["127.0.0.1", "::1", *settings.trusted_proxies],
        timeout_graceful_shutdown=ANSWERS_S,
    )


class Server(uvicorn.Server):
    """Gives answers that nobody watches the same time as those that are streamed."""

    def __init__(self, config: uvicorn.Config, generations: Generations) -> None:
        super().__init__(config)
        self._generations = generations

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._generations.finish_within(ANSWERS_S)
        await super().shutdown(sockets)


if __name__ == "__main__":
    serve()
