"""A bounded queue in front of an engine that takes turns between people; requests beyond it are
rejected with a retry time."""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from app.llm.chat_model import EngineBusy

_FIRST_GUESS_S = 5.0  # assumed length of an answer before the first one
_WEIGHT = 0.2  # of the latest answer in the running mean

# Whose request the current task works on: a person's id, empty where nobody asks.
ASKER: ContextVar[str] = ContextVar("asker", default="")

_Line = deque["asyncio.Future[None]"]


@dataclass(slots=True)
class RequestQueue:
    """For a single event loop. `running` and `waiting` return to 0 when all streams are closed.

    Free slots go round: one request of each person who waits, then the next one of each. Within
    a person's requests, the first comes first.
    """

    max_running: int
    max_waiting: int
    running: int = 0
    _mean_s: float = _FIRST_GUESS_S
    # What waits, by person, in the order of their turns. Nobody has an empty line.
    _lines: dict[str, _Line] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        return sum(map(len, self._lines.values()))

    @property
    def retry_after_s(self) -> float:
        """Estimated seconds until a slot is free: rounds of answers ahead times their mean time."""
        waves = (self.waiting + 1) / self.max_running
        return float(max(1, math.ceil(waves * self._mean_s)))

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Waits for a slot. Raises EngineBusy if too many requests wait already; among them, the
        latest of who has most gives way to somebody with fewer."""
        if self.running < self.max_running:
            self.running += 1
        else:
            await self._wait(ASKER.get())
        began = time.monotonic()
        try:
            yield
        finally:
            self._pass_on()
            self._mean_s += _WEIGHT * (time.monotonic() - began - self._mean_s)

    def yields_to(self, asker: str) -> bool:
        """Whether a waiting request would give way to one of `asker`."""
        longest = max(map(len, self._lines.values()), default=0)
        return longest > len(self._lines.get(asker, ())) + 1

    async def _wait(self, asker: str) -> None:
        """Until the slot of another request is handed over, with which `running` stays the same."""
        if self.waiting >= self.max_waiting:
            if not self.yields_to(asker):
                raise self._busy()
            self._evict()
        turn = asyncio.get_running_loop().create_future()
        self._lines.setdefault(asker, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():  # it still waits in its line
                self._leave(asker, turn)
            elif turn.exception() is None:  # it was handed a slot meanwhile
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Hands a slot to the person whose turn it is; their next request comes after everybody
        else's."""
        if not self._lines:
            self.running -= 1
            return
        asker = next(iter(self._lines))
        line = self._lines.pop(asker)
        turn = line.popleft()
        if line:
            self._lines[asker] = line
        if turn.cancelled():  # its task has not run since
            self._pass_on()
        else:
            turn.set_result(None)

    def _evict(self) -> None:
        asker = max(self._lines, key=lambda name: len(self._lines[name]))
        turn = self._lines[asker].pop()
        if not turn.cancelled():
            turn.set_exception(self._busy())

    def _leave(self, asker: str, turn: "asyncio.Future[None]") -> None:
        line = self._lines.get(asker)
        if line is not None and turn in line:
            line.remove(turn)
            if not line:
                del self._lines[asker]

    def _busy(self) -> EngineBusy:
        return EngineBusy(
            f"{self.running} answers are running and {self.waiting} waiting", self.retry_after_s
        )
