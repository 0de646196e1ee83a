"""How the house is: each component and engine with what to do about it, and signs of life."""

import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
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
from app.services.jobs.workers import heartbeats, is_alive

_DISK_LOW_GB = 1.0
_PACKAGES = ("zhiwen", "xllamacpp", "faiss-cpu", "openvino", "torch", "streamlit")


@dataclass(frozen=True, slots=True)
class Component:
    """`since`: when it went down, as far as this process has seen. `facts`: the numbers of
    `detail`, for those who say it in another language."""

    name: str
    ok: bool
    detail: str
    since: datetime | None = None
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EngineView:
    """An engine as it is now. `todo`: what to do where it is not ok."""

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
    embedder_ready: Callable[[], bool]
    unsaved_indexes: Mapping[str, str]  # id of the base to the reason
    _down_since: dict[str, datetime] = field(default_factory=dict)

    async def engines(self) -> list[EngineView]:
        """All engines in the order of fallback, each asked whether it answers."""
        engines = list(self.gateway.engines.values())
        answers = [False] * len(engines)

        async def look(number: int) -> None:
            answers[number] = await engines[number].back()

        async with anyio.create_task_group() as tasks:
            for number in range(len(engines)):
                tasks.start_soon(look, number)
        return [self._view(e, ready) for e, ready in zip(engines, answers, strict=True)]

    async def components(self, engines: Sequence[EngineView]) -> list[Component]:
        """All components, always in the same order."""
        found = [
            await anyio.to_thread.run_sync(self._database),
            _engine(engines),
            self._embedder(),
            await anyio.to_thread.run_sync(self._worker),
            await anyio.to_thread.run_sync(self._disk),
            self._indexes(),
        ]
        return [self._with_since(component) for component in found]

    async def ready(self) -> bool:
        """Whether documents can be searched: database and embedder answer."""
        database = await anyio.to_thread.run_sync(self._database)
        return database.ok and self.embedder_ready()

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
                f"It answers, but failed {breaker.failures} times in a row and is left alone for "
                f"{breaker.wait_s:.0f} s. Look at its last error and its log."
            )
        else:
            todo = f"Nothing answers at {engine.spec.url}. Start it, or correct its base_url."
        return EngineView(engine, ready, ok=False, todo=todo, since=since)

    def _embedder(self) -> Component:
        ok = self.embedder_ready()
        return Component("embedder", ok, self.embedder_name if ok else "It is being loaded.")

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
            return Component("disk", False, f"Only {detail}. Make room, or uploads will fail.")
        return Component("disk", True, detail, facts={"free_gb": free_gb})

    def _indexes(self) -> Component:
        if self.unsaved_indexes:
            reason = next(iter(self.unsaved_indexes.values()))
            detail = (
                f"Search works from memory, but its indexes cannot be saved ({reason}); the next "
                "start builds them anew. Make the folder `indexes` writable and free some disk."
            )
            return Component("indexes", False, detail)
        return Component("indexes", True, "saved every minute where they changed")

    def _with_since(self, component: Component) -> Component:
        if component.ok:
            self._down_since.pop(component.name, None)
            return component
        since = component.since or self._down_since.setdefault(component.name, utc_now())
        return Component(component.name, False, component.detail, since)


@cache
def versions() -> dict[str, str]:
    """Of what an answer depends on; without what is not installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def _engine(engines: Sequence[EngineView]) -> Component:
    """Whether anything can write answers; which of several does not."""
    down = [view.engine.spec.name for view in engines if not view.ok]
    if len(down) == len(engines):
        names = ", ".join(down)
        detail = f"The engine of {names} does not answer; it is tried again by itself."
        return Component("engine", False, detail)
    up = ", ".join(view.engine.spec.name for view in engines if view.ok)
    return Component("engine", True, f"{up} (without {', '.join(down)})" if down else up)
