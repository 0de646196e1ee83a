"""`python -m app.api`: serves the API as configured."""

import sys

import uvicorn

from app.api.main import create_app
from app.config import Settings
from app.logs import start_logging
from app.wiring.application import build

# Switch interval of the interpreter lock in seconds. With Python's 5 ms, a token would wait for
# each thread that is searching for another question.
_SWITCH_S = 0.0005


def serve() -> None:
    sys.setswitchinterval(_SWITCH_S)
    settings = Settings()
    start_logging(settings)
    app = create_app(build(settings))
    if settings.otlp_endpoint is not None:
        from app.telemetry import instrument, otlp_exporter

        instrument(app, otlp_exporter(str(settings.otlp_endpoint)))
    uvicorn.run(
        app,
        host=settings.api_host,
        port=settings.api_port,
        log_level=settings.log_level,
        log_config=None,  # uvicorn's loggers use our format
        access_log=False,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    serve()
