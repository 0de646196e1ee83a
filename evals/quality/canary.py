"""How soon does the guard of a canary notice? `python -m evals.quality.canary`.

Simulated conversations are dealt out by the share, and are bad with the probability of their
adapter; the guard's own rule looks after every fifth. Prints the table of
docs/decisions/2026-11-29-canary.md. The numbers depend on the seed alone.
"""

from dataclasses import dataclass
from statistics import median

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from app.services.improvement.canary.counts import Measure
from app.services.improvement.canary.guard import bad
from app.tuning.sequential import Count, worse

SIMULATIONS, SEED = 200, 7
_LOOKED_AT_EVERY = 5  # conversations


@dataclass(frozen=True, slots=True)
class Case:
    """Probabilities of a bad conversation, and the share of the new adapter."""

    before: float
    after: float
    share: float
    conversations: int = 2000


CASES = (
    Case(0.15, 0.15, 0.5),
    Case(0.15, 0.15, 0.1),
    Case(0.15, 0.3, 0.5),
    Case(0.15, 0.3, 0.1, 4000),
    Case(0.15, 0.5, 0.5),
    Case(0.15, 0.5, 0.1),
    Case(0.15, 0.2, 0.5, 6000),
)


def taken_back_after(case: Case, seed: int) -> int | None:
    """Conversations until the guard takes the adapter back; None where it never does."""
    random = np.random.default_rng(seed)
    new = random.random(case.conversations) < case.share
    is_bad = random.random(case.conversations) < np.where(new, case.after, case.before)
    of = np.cumsum([~new, new], axis=1)
    bad_ones = np.cumsum([is_bad & ~new, is_bad & new], axis=1)
    for last in range(_LOOKED_AT_EVERY - 1, case.conversations, _LOOKED_AT_EVERY):
        old, tuned = (Count(int(bad_ones[arm, last]), int(of[arm, last])) for arm in (0, 1))
        if bad(Measure(old, tuned, worse(old, tuned))):
            return last + 1
    return None


def simulate(case: Case, simulations: int, seed: int) -> tuple[float, float | None]:
    """How often it is taken back, and after how many conversations (median)."""
    found = [taken_back_after(case, seed + n) for n in range(simulations)]
    after = [each for each in found if each is not None]
    return len(after) / simulations, median(after) if after else None


def main(simulations: int = SIMULATIONS, seed: int = SEED) -> None:
    table = Table("bad before → after", "share", "of", "taken back", "after (median)")
    for case in CASES:
        often, after = simulate(case, simulations, seed)
        table.add_row(
            f"{case.before:.0%} → {case.after:.0%}",
            f"{case.share:.0%}",
            f"{case.conversations:,}",
            f"{often:.3f}",
            f"{after:,.0f}" if after else "",
        )
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
