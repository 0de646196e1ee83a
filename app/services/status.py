"""How the house is: each component with what to do about it, and signs of life of processes."""

import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import anyio.to_thread

from app.db.engine import Database
from app.db.errors import DatabaseUnavailable
from app.db.tables import Heartbeat, utc_now
from app.services.jobs import Jobs

WORKER = "worker"
ALIVE_S = 10.0
_DISK_LOW_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class Component:
    """`since`: when it went down, as far as this process has seen."""

    name: str
    ok: bool
    detail: str
    since: datetime | None = None


def beat(db: Database, process: str, state: str) -> None:
    """Say that a process is alive."""
    with db.write() as session:
        session.merge(Heartbeat(process=process, state=state, seen_at=utc_now()))


@dataclass(slots=True)
class Status:
    db: Database
    jobs: Jobs
    data_dir: Path
    engine_name: str
    engine_ready: Callable[[], Awaitable[bool]]
    embedder_name: str
    embedder_ready: Callable[[], bool]
    unsaved_indexes: Mapping[str, str]  # id of the base to the reason
    _down_since: dict[str, datetime] = field(default_factory=dict)

    async def components(self) -> list[Component]:
        """All components, always in the same order."""
        found = [
            await anyio.to_thread.run_sync(self._database),
            await self._engine(),
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

    async def _engine(self) -> Component:
        if await self.engine_ready():
            return Component("engine", True, self.engine_name)
        detail = f"The engine of {self.engine_name} does not answer; it is tried again by itself."
        return Component("engine", False, detail)

    def _embedder(self) -> Component:
        ok = self.embedder_ready()
        return Component("embedder", ok, self.embedder_name if ok else "It is being loaded.")

    def _worker(self) -> Component:
        with self.db.read() as session:
            seen = session.get(Heartbeat, WORKER)
        if seen is None or utc_now() - seen.seen_at > timedelta(seconds=ALIVE_S):
            detail = "No ingestion worker runs: uploads wait. Start one with `zhiwen worker`."
            return Component("worker", False, detail, seen.seen_at if seen else None)
        return Component("worker", True, seen.state)

    def _disk(self) -> Component:
        free = shutil.disk_usage(self.data_dir).free
        detail = f"{free / 1024**3:.1f} GB free"
        if free < _DISK_LOW_BYTES:
            return Component("disk", False, f"Only {detail}. Make room, or uploads will fail.")
        return Component("disk", True, detail)

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
