"""Brings engines to what the registry says shall be served, again and again.

Each API process does it for its own clients of the engines. SQL is the truth: a promotion or a
rollback by any process, and an engine that was started again, are noticed within `_POLL_S`. A
question is answered with the champion as soon as the engine has it, and as before until then; the
challenger answers its share of conversations once it is there.

Nothing moves most of the time, so one number is read: that of the last move. Engines that have what
they shall have are asked again every `_CHECK_S`, in case they were started anew.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import anyio.to_thread
import httpx

from app.db.errors import DatabaseBusy, StorageFull
from app.llm.adapters import BARE, AdapterFiles, AdapterHost, Challenger
from app.llm.wire.openai_chat import OpenAIChatModel
from app.services.improvement.adapters import Adapters, Trial

log = logging.getLogger(__name__)

_POLL_S = 0.5
_CHECK_S = 2.0


@dataclass(frozen=True, slots=True)
class Hosted:
    """An engine that takes adapters. `base_model` is its model's name in the registry."""

    base_model: str
    model: OpenAIChatModel
    host: AdapterHost


@dataclass(slots=True)
class Serving:
    """`engines` by name. `state`: of each, the adapter that answers; empty for the bare model.
    `trials`: of each, the challenger that it has, and how."""

    adapters: Adapters
    engines: Mapping[str, Hosted]
    state: dict[str, str] = field(default_factory=dict)
    trials: dict[str, Trial] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    _settled: int = 0  # the last move that all engines were brought to
    _checked_at: float = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_POLL_S)

    async def look(self) -> None:
        """Bring the engines on where something moved, is still on its way, or was not asked for
        `_CHECK_S`."""
        try:
            newest = await anyio.to_thread.run_sync(self.adapters.newest_move)
        except (DatabaseBusy, StorageFull):  # the next look finds it
            return
        now = time.monotonic()
        if newest != self._settled or (newest and now - self._checked_at > _CHECK_S):
            self._settled = newest if await self.bring_all() else -1
            self._checked_at = now

    async def bring_all(
        self, names: Collection[str] | None = None, *, challengers: bool = True
    ) -> bool:
        """Bring every engine, or those of these names, one step nearer; what fails is tried again
        the next time. Whether all are there, with their challengers unless these are not wanted."""
        arrived = True
        for name, engine in self.engines.items():
            if names is not None and name not in names:
                continue
            try:
                arrived &= await self._bring(name, engine, challengers)
            except Exception as error:  # whatever a server says; the others are brought on
                problem = str(error) or type(error).__name__
                if self.problems.get(name) != problem:
                    expected = isinstance(error, httpx.HTTPError | DatabaseBusy | StorageFull)
                    log.warning("the adapters of %s: %s", name, problem, exc_info=not expected)
                self.problems[name] = problem
                arrived = False
            else:
                self.problems.pop(name, None)
        return arrived

    def writers(self, conversation_id: str) -> dict[str, str]:
        """Of each engine that has adapters, the one that answers in this conversation."""
        found = dict(self.state)
        for name, trial in self.trials.items():
            if Challenger(trial.name, share=trial.share).takes(conversation_id):
                found[name] = trial.name
        return {name: adapter for name, adapter in found.items() if adapter}

    def by_model(self) -> dict[str, list[str]]:
        """The names of the engines that serve each model."""
        found: dict[str, list[str]] = {}
        for name, engine in self.engines.items():
            found.setdefault(engine.base_model, []).append(name)
        return found

    async def _bring(self, name: str, engine: Hosted, challengers: bool) -> bool:
        served = await anyio.to_thread.run_sync(self.adapters.served, engine.base_model)
        if not served and name not in self.state:
            return True  # no adapter was ever served: nothing is asked of the engine
        trial = None
        if challengers:
            trial = await anyio.to_thread.run_sync(self.adapters.trial, engine.base_model)
        files = [
            AdapterFiles(each, self.adapters.path(each))
            for alias, each in served.items()
            if challengers or alias == "champion"
        ]
        ways = await engine.host.bring(files)
        champion = served.get("champion", BARE)
        wanted = champion
        if wanted not in ways:  # still being loaded
            wanted = self.state.get(name, BARE)
            if wanted not in ways:
                wanted = BARE
        challenger = None
        if trial is not None and trial.name in ways:
            challenger = Challenger(trial.name, ways[trial.name], trial.share)
            self.trials[name] = trial
        else:
            self.trials.pop(name, None)
        engine.model.answer_with(wanted, ways[wanted], challenger)
        if self.state.get(name, BARE) != wanted:
            log.info("%s answers with %s", name, wanted or "no adapter")
        self.state[name] = wanted
        return wanted == champion and (trial is None or challenger is not None)
