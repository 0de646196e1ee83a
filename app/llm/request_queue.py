"""A bounded queue in front of an engine; requests beyond it are rejected with a retry time."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from app.llm.chat_model import EngineBusy

_FIRST_GUESS_S = 5.0  # assumed length of an answer before the first one
_WEIGHT = 0.2  # of the latest answer in the running mean


@dataclass(slots=True)
class RequestQueue:
    """For a single event loop. `running` and `waiting` return to 0 when all streams are closed."""

    max_running: int
    max_waiting: int
    running: int = 0
    waiting: int = 0
    _mean_s: float = _FIRST_GUESS_S
    _free: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.max_running)

    @property
    def retry_after_s(self) -> float:
        """Estimated seconds until a slot is free: rounds of answers ahead times their mean time."""
        waves = (self.waiting + 1) / self.max_running
        return float(max(1, math.ceil(waves * self._mean_s)))

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Waits for a slot. Raises EngineBusy if too many requests wait already."""
        if self._free.locked() and self.waiting >= self.max_waiting:
            raise EngineBusy(
                f"{self.running} answers are running and {self.waiting} waiting",
                self.retry_after_s,
            )
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        self.running += 1
        began = time.monotonic()
        try:
            yield
        finally:
            self.running -= 1
            self._free.release()
            self._mean_s += _WEIGHT * (time.monotonic() - began - self._mean_s)
