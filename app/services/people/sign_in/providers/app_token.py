"""The token of an app, which providers and messengers want to be kept, not asked for each time."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_EARLIER_S = 300.0  # than it ends, another one is got


@dataclass(slots=True, eq=False)
class AppToken:
    """`get` asks for a token: itself, and for how many seconds it lasts. `clock` gives seconds, as
    `time.monotonic`. Thread-safe."""

    get: Callable[[], tuple[str, float]]
    clock: Callable[[], float] = time.monotonic
    _token: str = ""
    _until: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> str:
        with self._lock:
            if self.clock() >= self._until:
                self._token, lasts_s = self.get()
                self._until = self.clock() + lasts_s - _EARLIER_S
            return self._token

    def forget(self, token: str) -> None:
        """It ended before its time. Another one, which somebody else has got since, stays."""
        with self._lock:
            if token == self._token:
                self._until = float("-inf")
