"""Which chat model answers on this machine's processors, remembered in the data folder.

docs/decisions/2026-11-29-cpu-default.md explains the rule and its numbers.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

log = logging.getLogger(__name__)

MEASUREMENTS = 3  # at the first starts; the best counts, since others may have used the cores
_FILE = "chat-model.json"
_ABLE_SPEED = 0.5  # at which the 1.5B reads, of the 0.5B's speed: 61 and 124 tokens/s


@dataclass(frozen=True, slots=True)
class CpuChoice:
    """`tokens_per_s`: how fast the smallest model has read a prompt here, at each measurement.
    `chosen`: the model that was chosen by `zhiwen models use`, or because the machine is fast
    enough for it; empty for the default."""

    tokens_per_s: tuple[float, ...] = ()
    chosen: str = ""

    def able_first_token_s(self, prompt_tokens: int) -> float:
        """Until the first token of the more able model, after a prompt of that length."""
        return prompt_tokens / (max(self.tokens_per_s) * _ABLE_SPEED)


def read_choice(data_dir: Path) -> CpuChoice:
    """What is remembered; nothing if the file is missing or damaged."""
    try:
        found = json.loads((data_dir / _FILE).read_text("utf-8"))
        return CpuChoice(tuple(map(float, found["tokens_per_s"])), str(found["chosen"]))
    except FileNotFoundError:
        return CpuChoice()
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("%s cannot be read and is ignored: %s", data_dir / _FILE, error)
        return CpuChoice()


def change_choice(data_dir: Path, change: Callable[[CpuChoice], CpuChoice]) -> CpuChoice:
    """Remembers what `change` makes of what is remembered, which it returns. One at a time, of all
    processes: each sees what the one before chose. Raises OSError."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(data_dir / f"{_FILE}.lock"):
        choice = change(read_choice(data_dir))
        write_choice(data_dir, choice)
    return choice


def write_choice(data_dir: Path, choice: CpuChoice) -> None:
    """Raises OSError."""
    data_dir.mkdir(parents=True, exist_ok=True)
    new = data_dir / f"{_FILE}.new"
    new.write_text(json.dumps(asdict(choice)), "utf-8")
    new.replace(data_dir / _FILE)
