"""How long a prompt may be: on a processor, reading it is what an answer waits for."""

from dataclasses import dataclass, field

WITHIN_S = 6.0  # from the question to the first token

_NEWEST = 0.3  # weight of the last answer in the mean speed
_STEP = 50  # tokens, so that small changes in speed change no prompt


@dataclass(slots=True)
class PromptBudget:
    """`most` tokens. With `least`, fewer where the engine would not read them in `WITHIN_S`
    seconds, at the speed that was measured over its last answers. Waiting for other answers counts
    as well: where many ask at once, shorter prompts serve all of them sooner."""

    most: int
    least: int | None = None
    _speed: dict[str, float | None] = field(default_factory=dict)  # by engine, tokens a second

    def tokens(self, engine: str, cached: int) -> int:
        """For a prompt that begins with `cached` tokens that the engine has read before."""
        speed = self._speed.get(engine)
        if self.least is None or speed is None:
            return self.most
        affordable = cached + int(speed * WITHIN_S) // _STEP * _STEP
        return max(self.least, min(self.most, affordable))

    def learn(self, engine: str, tokens: int, seconds: float) -> None:
        """That so many tokens, those in the cache left out, were read in that time. The first
        answer teaches nothing: nothing was in the cache, and the weights came from the disk."""
        if tokens <= 0 or seconds <= 0:
            return
        if engine not in self._speed:
            self._speed[engine] = None
            return
        speed = tokens / seconds
        known = self._speed[engine] or speed
        self._speed[engine] = known + _NEWEST * (speed - known)
