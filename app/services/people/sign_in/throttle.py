"""How often somebody may try to sign in. Counted in memory, in each process for itself.

Only signing in is counted: who is signed in stays so, whatever others try with their name.
"""

import math
import time
from dataclasses import dataclass, field

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from app.services.errors import TooManyAttempts

# Attempts in 15 minutes. The first stops guessing; the second, guessing from many addresses; the
# third, trying many names. An office may share an address.
BY_NAME_AND_ADDRESS = RateLimitItemPerMinute(10, 15)
BY_NAME = RateLimitItemPerMinute(50, 15)
BY_ADDRESS = RateLimitItemPerMinute(100, 15)
# Sign-ins by a provider, which does the guarding: each asks it something and writes a row.
BY_PROVIDER = RateLimitItemPerMinute(300, 15)
BY_PERSON = RateLimitItemPerMinute(10, 15)  # for the old password, when one changes it
_NEWS = RateLimitItemPerMinute(1, 15)


@dataclass(slots=True, eq=False)
class Throttle:
    """Thread-safe."""

    _limiter: MovingWindowRateLimiter = field(
        default_factory=lambda: MovingWindowRateLimiter(MemoryStorage())
    )

    def attempt(self, name: str, address: str) -> None:
        """Counts an attempt. Raises TooManyAttempts where there were too many."""
        for limit, *of in self._limits(name, address):
            self._hit(limit, *of)

    def attempt_own(self, person_id: str) -> None:
        """Counts an attempt to change one's own password; it keeps nobody from signing in. Raises
        TooManyAttempts."""
        self._hit(BY_PERSON, "own", person_id)

    def arrive(self, address: str) -> None:
        """Counts a step of a sign-in by a provider. Raises TooManyAttempts."""
        self._hit(BY_PROVIDER, "provider", address)

    def _hit(self, limit: RateLimitItem, *of: str) -> None:
        if not self._limiter.hit(limit, *of):
            reset_at, _ = self._limiter.get_window_stats(limit, *of)
            raise TooManyAttempts(max(1, math.ceil(reset_at - time.time())))

    def is_news(self, address: str) -> bool:
        """Whether it is worth an audit entry that attempts from `address` are refused: once in 15
        minutes, so that nobody fills the disk with entries."""
        return self._limiter.hit(_NEWS, "news", address)

    def succeeded(self, name: str, address: str) -> None:
        """Forgets the attempts of this name from this address."""
        self._limiter.clear(BY_NAME_AND_ADDRESS, "both", name, address)

    def _limits(self, name: str, address: str) -> list[tuple[RateLimitItem, *tuple[str, ...]]]:
        return [
            (BY_ADDRESS, "address", address),
            (BY_NAME_AND_ADDRESS, "both", name, address),
            (BY_NAME, "name", name),
        ]
