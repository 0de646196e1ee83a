"""The API. `create_app` builds it from the application; `python -m app.api` serves it."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable

from fastapi import FastAPI

from app.api import description, problems
from app.api.bodies import Bodies
from app.api.characters import Characters
from app.api.doors import Doors
from app.api.observe import Observed
from app.api.routes import (
    approved,
    bases,
    chat,
    conversations,
    document_pages,
    document_tables,
    documents,
    embeddings,
    evaluation,
    export,
    feedback,
    health,
    jobs,
    messages,
    openai,
    search,
)
from app.api.routes.channels import ROUTES as CHANNELS
from app.api.routes.improving import adapters, changes, datasets
from app.api.routes.operating import ROUTES as OPERATING
from app.api.routes.people import ROUTES as PEOPLE
from app.services.answers.generations import sweep_interrupted
from app.services.insight.noting import EVERY_S as NOTING_S
from app.services.operations.run_time import REFRESH_S as SETTINGS_S
from app.services.people.sign_in.last_seen import WRITE_EVERY_S as LAST_SEEN_S
from app.services.people.usage import WRITE_EVERY_S as USAGE_S
from app.version import VERSION
from app.wiring.application import Zhiwen

log = logging.getLogger(__name__)

ROUTERS = (
    *(bases, documents, document_pages, document_tables, jobs, search, chat, messages),
    *(conversations, feedback, approved, export, evaluation, health, openai, embeddings),
    *(changes, datasets, adapters),
    *OPERATING,
    *PEOPLE,
    *CHANNELS,
)
_SWEEP_S = 10.0
_SAVE_S = 60.0
_ORPHANS_S = 900.0
_TIDY_S = 30.0
_RETENTION_S = 3600.0


def create_app(zhiwen: Zhiwen, *, save_every_s: float = _SAVE_S) -> FastAPI:
    """Builds the API over `zhiwen`, saving its indexes every `save_every_s`."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(zhiwen.prepare)
        tasks = [
            asyncio.create_task(asyncio.to_thread(zhiwen.warm_up)),
            asyncio.create_task(zhiwen.warm_engine()),
            asyncio.create_task(zhiwen.serving.run()),
            asyncio.create_task(zhiwen.shadow.run()),
            asyncio.create_task(_every(_SWEEP_S, lambda: sweep_interrupted(zhiwen.db))),
            asyncio.create_task(_every(save_every_s, zhiwen.indexes.save)),
            asyncio.create_task(_every(save_every_s, _Aside(zhiwen.indexes.optimise))),
            asyncio.create_task(_every(_ORPHANS_S, zhiwen.reconciliation.drop_orphans)),
            asyncio.create_task(_every(_TIDY_S, zhiwen.pages.tidy)),
            asyncio.create_task(_every(LAST_SEEN_S, zhiwen.last_seen.write)),
            asyncio.create_task(_every(USAGE_S, zhiwen.usage.write)),
            asyncio.create_task(_every(_RETENTION_S, zhiwen.retention.sweep)),
            asyncio.create_task(_every(SETTINGS_S, zhiwen.run_time.refresh)),
            asyncio.create_task(_every(NOTING_S, zhiwen.insight.noting.catch_up)),
        ]
        yield
        for task in tasks:
            task.cancel()
        await zhiwen.close()

    app = FastAPI(
        title="Zhiwen",
        version=VERSION,
        summary="Question answering over private documents",
        lifespan=lifespan,
        openapi_url=None,  # `description` serves it to whom it is for
    )
    app.state.zhiwen = zhiwen
    app.add_middleware(Characters)
    app.add_middleware(Bodies)
    app.add_middleware(Doors, settings=zhiwen.settings)
    app.add_middleware(Observed)
    problems.install(app)
    app.include_router(description.router)
    for module in ROUTERS:
        app.include_router(module.router)
    return app


class _Aside:
    """Work in a thread that nobody waits for, not even the end of the process; one at a time."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._thread: threading.Thread | None = None

    def __call__(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except Exception:  # the next run may succeed
            log.exception("a periodic task failed")


async def _every(seconds: float, work: Callable[[], object]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(work)
        except Exception:  # the next run may succeed; the service continues either way
            log.exception("a periodic task failed")
