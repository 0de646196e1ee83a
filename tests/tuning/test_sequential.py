"""Tests that may be looked at after every answer."""

import math

import numpy as np

from app.tuning.sequential import Count, worse, worse_in_pairs

ALPHA = 0.05


def test_nothing_is_found_where_nothing_got_worse() -> None:
    assert worse(Count(0, 0), Count(5, 5)) == 0
    assert worse(Count(3, 10), Count(3, 10)) == 0
    assert worse(Count(3, 10), Count(1, 10)) == 0
    assert worse_in_pairs(4, 4) == 0


def test_by_hand() -> None:
    # Own shares: B(1½, ½)/B(½, ½) = ½ for one bad of one, ½ for one good of one. Both: ½ · ½.
    assert math.isclose(worse(Count(0, 1), Count(1, 1)), 1.0)
    # One pair that differs: ½ by any share, ½ by chance.
    assert math.isclose(worse_in_pairs(0, 1), 1.0)
    assert worse(Count(0, 20), Count(20, 20)) > 1e6
    assert worse_in_pairs(0, 20) > 1e4


def looked_at_all_the_time(before: float, after: float, share: float, runs: int) -> float:
    """How often 1/ALPHA is reached within 500 answers."""
    random, found = np.random.default_rng(7), 0
    for _ in range(runs):
        bad, of = [0, 0], [0, 0]
        for draw, luck in zip(random.random(500), random.random(500), strict=True):
            new = int(draw < share)
            of[new] += 1
            bad[new] += luck < (after if new else before)
            if worse(Count(bad[0], of[0]), Count(bad[1], of[1])) >= 1 / ALPHA:
                found += 1
                break
    return found / runs


def test_looking_after_every_answer_raises_no_more_false_alarms_than_promised() -> None:
    assert looked_at_all_the_time(0.15, 0.15, 0.5, runs=100) <= ALPHA
    assert looked_at_all_the_time(0.3, 0.3, 0.1, runs=100) <= ALPHA


def test_what_is_much_worse_is_found() -> None:
    assert looked_at_all_the_time(0.15, 0.5, 0.5, runs=20) == 1
