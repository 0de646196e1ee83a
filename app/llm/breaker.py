"""A circuit breaker: an engine that keeps failing is skipped for a while.

    closed ── `threshold` failures in a row, or one `at_once` ──▶ open
    open ── after `open_s` ──▶ half_open, which lets one request through
    half_open ── it succeeds ──▶ closed    ── it fails ──▶ open

Written for streams, which may also be stopped: see docs/decisions/2026-11-22-gateway.md.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from app.llm.chat_model import CircuitOpen

BreakerState = Literal["closed", "open", "half_open"]


@dataclass(slots=True)
class CircuitBreaker:
    """`clock` is monotonic, in seconds. For a single event loop; not thread-safe."""

    threshold: int = 3
    open_s: float = 15.0
    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    _opened_at: float | None = None
    _on_trial: bool = False

    @property
    def state(self) -> BreakerState:
        if self._opened_at is None:
            return "closed"
        return "open" if self.wait_s > 0 else "half_open"

    @property
    def wait_s(self) -> float:
        """Seconds until the next request is allowed; 0 if one is allowed now."""
        if self._opened_at is None:
            return 0.0
        return max(0.0, self._opened_at + self.open_s - self.clock())

    def admits(self) -> bool:
        """Whether a request is allowed now."""
        return self.state == "closed" or (self.state == "half_open" and not self._on_trial)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Wraps one request, which reports `succeeded` or `failed`. A stopped request reports
        neither and leaves the state unchanged. Raises CircuitOpen.
        """
        if not self.admits():
            raise CircuitOpen(f"paused after failures, next try in {self.wait_s:.0f} s")
        trial = self.state == "half_open"
        self._on_trial = self._on_trial or trial
        try:
            yield
        finally:
            if trial:
                self._on_trial = False

    def first_token(self) -> None:
        """A first token arrived: a trial lets other requests through, but one failure reopens."""
        if self.state == "half_open":
            self.failures, self._opened_at = self.threshold - 1, None

    def succeeded(self) -> None:
        self.failures, self._opened_at = 0, None

    def failed(self, *, at_once: bool = False) -> None:
        """`at_once`: open regardless of the number of failures."""
        state = self.state
        self.failures += 1
        if state == "half_open" or (
            state == "closed" and (at_once or self.failures >= self.threshold)
        ):
            self._opened_at = self.clock()
