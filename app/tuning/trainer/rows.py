"""The rows as a trainer takes them, and those that would lose words of their target.

A prompt and its target are tokenised apart, as they are when they are served: there the model goes
on where the prompt ends. TRL would cut what is longer than its `max_length` at the end, which is
where the target stands, and train on nothing; here such a row is refused and counted.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.tuning.trainer.errors import NothingToTrain
from app.tuning.trainer.plan import ROWS, Method

Tokenise = Callable[[str], list[int]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """`longest`: tokens of the longest row that is left."""

    rows: list[dict[str, Any]]
    longest: int
    too_long: int


def prepare(folder: Path, method: Method, tokenise: Tokenise, max_tokens: int) -> Prepared:
    """Raises NothingToTrain."""
    rows, longest, too_long = [], 0, 0
    with (folder / ROWS).open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            prompt = tokenise(row["prompt"])
            targets = [tokenise(row[n]) for n in ("completion", "chosen", "rejected") if n in row]
            size = len(prompt) + max(map(len, targets))
            if size > max_tokens:
                too_long += 1
                continue
            longest = max(longest, size)
            rows.append(_tokens(prompt, targets[0]) if method == "sft" else row)
    if not rows:
        raise NothingToTrain(f"No row has at most {max_tokens} tokens ({too_long} have more).")
    return Prepared(rows, longest, too_long)


def _tokens(prompt: Sequence[int], target: Sequence[int]) -> dict[str, Any]:
    """The loss is of the target alone."""
    mask = [0] * len(prompt) + [1] * len(target)
    return {"input_ids": [*prompt, *target], "completion_mask": mask}
