"""Tries many cases: `python -m tests.services.people.run --cases 10000 --seed 1`."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.services.people.house import house
from tests.services.people.leaks import CASES_AT_ONCE, check_cases


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    dice = random.Random(arguments.seed)
    reached = 0
    with tempfile.TemporaryDirectory() as folder, house(Path(folder)) as world:
        for case in range(CASES_AT_ONCE, arguments.cases + 1, CASES_AT_ONCE):
            reached += check_cases(world, dice)
            if case % 500 == 0:
                sys.stdout.write(f"{case} cases, no leak; the document was theirs in {reached}\n")


if __name__ == "__main__":
    main()
