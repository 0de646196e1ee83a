"""How long each stage of an answer took."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Clock:
    """Milliseconds of each stage in their order, and last the `total` since the question came."""

    timings_ms: dict[str, float] = field(default_factory=dict)
    _began: float = field(default_factory=time.perf_counter)
    _last: float = field(default_factory=time.perf_counter)

    def lap(self, stage: str) -> float:
        """End a stage; its milliseconds."""
        now = time.perf_counter()
        self.timings_ms[stage] = (now - self._last) * 1000
        self.timings_ms.pop("total", None)
        self.timings_ms["total"] = (now - self._began) * 1000
        self._last = now
        return self.timings_ms[stage]

    def first(self, stage: str) -> bool:
        """End a stage that ends once; False where it had."""
        if stage in self.timings_ms:
            return False
        self.lap(stage)
        return True
