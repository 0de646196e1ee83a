"""`python -m app.api`: serve the API as the settings say."""

import logging

import uvicorn

from app.api.main import create_app
from app.config import Settings
from app.wiring import build


def serve() -> None:
    settings = Settings()
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    uvicorn.run(
        create_app(build(settings)),
        host=settings.api_host,
        port=settings.api_port,
        log_level=settings.log_level,
        access_log=False,
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    serve()
