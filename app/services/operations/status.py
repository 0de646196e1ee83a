"""Status of all components and engines, with what to do if one is down, and heartbeats."""

import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import anyio
import anyio.to_thread

from app.db.engine import Database
from app.db.errors import DatabaseUnavailable
from app.db.tables import utc_now
from app.llm.gateway import Engine, Gateway
from app.services.calibration.calibrator import Calibrator
from app.services.calibration.said import said_of
from app.services.jobs.workers import heartbeats, is_alive
from app.services.library.vector_stores import MILVUS
from app.services.operations.warm_up import WarmUp
from app.services.search.vector_indexes import VectorIndexes
from vectorstore import VectorStoreError

_DISK_LOW_GB = 1.0
_PACKAGES = ("zhiwen", "xllamacpp", "faiss-cpu", "openvino", "torch", "streamlit")


@dataclass(frozen=True, slots=True)
class Component:
    """`since`: when this process first saw it down. `facts`: the numbers in `detail`, for
    interfaces in other languages."""

    name: str
    ok: bool
    detail: str
    since: datetime | None = None
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EngineView:
    """Current state of an engine. `todo`: what to do if it is not ok."""

    engine: Engine
    ready: bool
    ok: bool
    todo: str
    since: datetime | None = None


@dataclass(slots=True)
class Status:
    db: Database
    data_dir: Path
    gateway: Gateway
    embedder_name: str
    warm: WarmUp  # of the embedder
    indexes: VectorIndexes
    calibrator: Calibrator  # of the embedder
    # why the server of a served model gives no vectors, empty if it does
    embedder_down: Callable[[], str] = str
    _down_since: dict[str, datetime] = field(default_factory=dict)

    async def engines(self) -> list[EngineView]:
        """Checks all engines, in fallback order."""
        engines = list(self.gateway.engines.values())
        answers = [False] * len(engines)

        async def look(number: int) -> None:
            answers[number] = await engines[number].back()

        async with anyio.create_task_group() as tasks:
            for number in range(len(engines)):
                tasks.start_soon(look, number)
        return [self._view(e, ready) for e, ready in zip(engines, answers, strict=True)]

    async def components(self, engines: Sequence[EngineView]) -> list[Component]:
        """All components in a fixed order."""
        found = [
            await anyio.to_thread.run_sync(self._database),
            _engine(engines),
            await anyio.to_thread.run_sync(self._embedder),
            await anyio.to_thread.run_sync(self._worker),
            await anyio.to_thread.run_sync(self._disk),
            await anyio.to_thread.run_sync(self._indexes),
        ]
        return [self._with_since(component) for component in found]

    async def ready(self) -> bool:
        """Whether the database is there and the embedder was ready once.

        An embedding server that is away later is the status page's to report: all API processes
        would leave their balancer for it, and with them sign-in, documents and the status page.
        """
        if not self.warm.ready:
            return False
        return (await anyio.to_thread.run_sync(self._database)).ok

    def _database(self) -> Component:
        try:
            self.db.check()
        except DatabaseUnavailable as error:
            return Component("database", False, f"{error}. Start it or check ZHIWEN_DATABASE_URL.")
        return Component("database", True, self.db.dialect)

    def _view(self, engine: Engine, ready: bool) -> EngineView:
        name, breaker = f"engine {engine.spec.name}", engine.breaker
        if ready and breaker.state != "open":
            self._down_since.pop(name, None)
            return EngineView(engine, ready, ok=True, todo="")
        since = self._down_since.setdefault(name, utc_now())
        if ready:
            todo = (
                f"It responds, but failed {breaker.failures} times in a row and is paused for "
                f"{breaker.wait_s:.0f} s. See its last error and its log."
            )
        else:
            todo = f"Nothing responds at {engine.spec.url}. Start it, or correct its base_url."
        return EngineView(engine, ready, ok=False, todo=todo, since=since)

    def _embedder(self) -> Component:
        if reason := self.embedder_down():
            detail = f"{reason} Questions fail and uploads wait until it gives vectors."
            return Component("embedder", False, detail, facts={"unreachable": 1})
        if self.warm.ready:
            calibrated, facts = said_of(self.calibrator)
            detail = f"{self.embedder_name} ({calibrated})" if calibrated else self.embedder_name
            return Component("embedder", True, detail, facts=facts)
        error = self.warm.error
        if not error:
            return Component("embedder", False, "The model is loading.")
        detail = (
            f"The model could not be loaded ({error}). Retrying within {self.warm.pause_s:.0f} s. "
            f"If its files are damaged: zhiwen models pull {self.embedder_name}"
        )
        return Component("embedder", False, detail, facts={"failures": self.warm.failures})

    def _worker(self) -> Component:
        seen = heartbeats(self.db)
        alive = [heartbeat for heartbeat in seen if is_alive(heartbeat)]
        if not alive:
            detail = "No worker is running, so uploads wait. Start one with `zhiwen worker`."
            return Component("worker", False, detail, seen[0].seen_at if seen else None)
        busy = sum(heartbeat.state == "busy" for heartbeat in alive)
        return Component("worker", True, f"{len(alive)} running, {busy} busy")

    def _disk(self) -> Component:
        free_gb = shutil.disk_usage(self.data_dir).free / 1024**3
        detail = f"{free_gb:.1f} GB free"
        if free_gb < _DISK_LOW_GB:
            return Component("disk", False, f"Only {detail}. Free up space, or uploads will fail.")
        return Component("disk", True, detail, facts={"free_gb": free_gb})

    def _indexes(self) -> Component:
        engine = self.indexes.engine_name
        try:
            self.indexes.check()
        except VectorStoreError as error:
            return Component("indexes", False, f"{error}. Until it is back, searches fail.")
        if unsaved := self.indexes.unsaved:
            reason = next(iter(unsaved.values()))
            detail = (
                f"Search works from memory, but indexes cannot be saved ({reason}), so the next "
                "start rebuilds them. Make the folder `indexes` writable and free up space."
            )
            return Component("indexes", False, detail)
        if engine == "pgvector":
            return Component("indexes", True, "pgvector, in the database")
        if engine == MILVUS:
            return Component("indexes", True, "milvus, on its server")
        return Component("indexes", True, f"{engine}, changes are saved every minute")

    def _with_since(self, component: Component) -> Component:
        if component.ok:
            self._down_since.pop(component.name, None)
            return component
        since = component.since or self._down_since.setdefault(component.name, utc_now())
        return replace(component, since=since)


@cache
def versions() -> dict[str, str]:
    """Versions of Python and the installed packages that affect answers."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _engine(engines: Sequence[EngineView]) -> Component:
    """Down only if all engines are down; otherwise names those that are."""
    down = [view.engine.spec.name for view in engines if not view.ok]
    if len(down) == len(engines):
        names = ", ".join(down)
        detail = f"No engine responds ({names}). They are retried automatically."
        return Component("engine", False, detail)
    up = ", ".join(view.engine.spec.name for view in engines if view.ok)
    return Component("engine", True, f"{up} (without {', '.join(down)})" if down else up)
