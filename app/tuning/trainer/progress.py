"""Progress of a training, one JSON object a line.

    {"step": 4, "steps": 12, "loss": 1.31, "seconds_left": 88}

A process that was killed may have left half a line, and steps that the next one makes again from
its checkpoint: of a step the last line counts.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Clock = Callable[[], float]


@dataclass(slots=True)
class ProgressFile:
    """`first` step of this process, from which the time that is left is reckoned."""

    path: Path
    clock: Clock = time.monotonic
    _first: int = 0
    _began: float = field(default=0.0)

    def begin(self, step: int) -> None:
        self._first, self._began = step, self.clock()
        with self.path.open("a", encoding="utf-8") as file:
            file.write("\n")  # after half a line

    def write(self, step: int, steps: int, loss: float) -> None:
        made = step - self._first
        left = (self.clock() - self._began) / made * (steps - step) if made else None
        line = {"step": step, "steps": steps, "loss": round(loss, 4)}
        if left is not None:
            line["seconds_left"] = round(left)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def read_progress(path: Path) -> list[dict[str, Any]]:
    """The steps in order; empty where there are none yet."""
    found: dict[int, dict[str, Any]] = {}
    try:
        text = path.read_text("utf-8")
    except OSError:
        return []
    for line in text.splitlines():
        try:
            step = json.loads(line)
        except ValueError:
            continue
        found[step["step"]] = step
    return [found[number] for number in sorted(found)]
