"""Brings engines to what the registry says shall be served, again and again.

Each API process does it for its own clients of the engines. SQL is the truth: a promotion or a
rollback by any process, and an engine that was started again, are noticed within `_POLL_S`. A
question is answered with the champion as soon as the engine has it, and as before until then.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

import anyio.to_thread
import httpx

from app.db.errors import DatabaseBusy, StorageFull
from app.llm.adapters import BARE, AdapterFiles, AdapterHost
from app.llm.wire.openai_chat import OpenAIChatModel
from app.services.improvement.adapters import Adapters, Alias

log = logging.getLogger(__name__)

_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Hosted:
    """An engine that takes adapters. `base_model` is its model's name in the registry."""

    base_model: str
    model: OpenAIChatModel
    host: AdapterHost


@dataclass(slots=True)
class Serving:
    """`engines` by name. `state`: of each, the adapter that answers; empty for the bare model."""

    adapters: Adapters
    engines: Mapping[str, Hosted]
    state: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.bring_all()
            await asyncio.sleep(_POLL_S)

    async def bring_all(self) -> None:
        """Bring every engine one step nearer; what fails is tried again the next time."""
        for name, engine in self.engines.items():
            try:
                if not await anyio.to_thread.run_sync(self.adapters.has_moves, engine.base_model):
                    continue  # no adapter was ever served: nothing is asked of the engine
                served = await anyio.to_thread.run_sync(self.adapters.served, engine.base_model)
                await self._bring(name, engine, served)
            except Exception as error:  # whatever a server says; the others are brought on
                problem = str(error) or type(error).__name__
                if self.problems.get(name) != problem:
                    expected = isinstance(error, httpx.HTTPError | DatabaseBusy | StorageFull)
                    log.warning("the adapters of %s: %s", name, problem, exc_info=not expected)
                self.problems[name] = problem
            else:
                self.problems.pop(name, None)

    async def _bring(self, name: str, engine: Hosted, served: Mapping[Alias, str]) -> None:
        files = [AdapterFiles(each, self.adapters.path(each)) for each in served.values()]
        ways = await engine.host.bring(files)
        wanted = served.get("champion", BARE)
        if wanted not in ways:  # still being loaded
            wanted = self.state.get(name, BARE)
            if wanted not in ways:
                wanted = BARE
        engine.model.answer_with(wanted, ways[wanted])
        if self.state.get(name, BARE) != wanted:
            log.info("%s answers with %s", name, wanted or "no adapter")
        self.state[name] = wanted
