"""How long a prompt may be: on a processor, reading it is what an answer waits for."""

from dataclasses import dataclass

WITHIN_S = 6.0  # from the question to the first token

_NEWEST = 0.3  # weight of the last answer in the mean speed
_STEP = 50  # tokens, so that small changes in speed change no prompt


@dataclass(slots=True)
class PromptBudget:
    """`most` tokens. With `least`, fewer where the engine would not read them `WITHIN_S` seconds,
    at the speed that was measured over the last answers."""

    most: int
    least: int | None = None
    _speed: float | None = None  # tokens a second

    def tokens(self, cached: int) -> int:
        """For a prompt that begins with `cached` tokens that the engine has read before."""
        if self.least is None or self._speed is None:
            return self.most
        affordable = cached + int(self._speed * WITHIN_S) // _STEP * _STEP
        return max(self.least, min(self.most, affordable))

    def learn(self, tokens: int, seconds: float) -> None:
        """That so many tokens, those in the cache left out, were read in that time."""
        if tokens <= 0 or seconds <= 0:
            return
        speed = tokens / seconds
        known = self._speed if self._speed is not None else speed
        self._speed = known + _NEWEST * (speed - known)
