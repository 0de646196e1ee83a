from datetime import UTC, datetime

import numpy as np
import pytest

from evals.errors import BadRun
from evals.reports.compare import compare, interval
from evals.runs import Record, Run


def run(name: str, values: dict[str, float], metric: str = "f1") -> Run:
    records = [Record(qid=q, question=q, scores={metric: value}) for q, value in values.items()]
    return Run(
        name=name, kind="answers", started_at=datetime(2026, 1, 1, tzinfo=UTC), records=records
    )


def test_the_interval_of_known_numbers() -> None:
    """The bootstrap mean of 400 coin flips has a standard error of 0.5 / 20."""
    flips = np.array([0.0, 1.0] * 200)
    low, high = interval(flips)
    assert low == pytest.approx(0.5 - 1.96 * 0.025, abs=0.004)
    assert high == pytest.approx(0.5 + 1.96 * 0.025, abs=0.004)
    assert interval(flips) == (low, high)  # the seed is fixed


def test_the_interval_of_constant_differences_is_a_point() -> None:
    assert interval(np.zeros(5)) == (0, 0)
    assert interval(np.array([0.25])) == (0.25, 0.25)


def test_questions_that_got_better_and_worse() -> None:
    before = run("a", {"1": 0.0, "2": 0.5, "3": 1.0, "gone": 1.0})
    after = run("b", {"1": 1.0, "2": 0.5, "3": 0.75, "new": 0.0})
    found = compare(before, after)
    assert [(c.after.qid, c.by) for c in found.better] == [("1", 1.0)]
    assert [(c.after.qid, c.by) for c in found.worse] == [("3", -0.25)]
    (difference,) = found.differences
    assert (difference.questions, difference.before, difference.mean) == (3, 0.5, 0.25)
    assert difference.low <= difference.mean <= difference.high
    assert not difference.certain


def test_a_large_difference_is_certain() -> None:
    before = run("a", {str(n): 0.0 for n in range(30)})
    after = run("b", {str(n): float(n % 3 > 0) for n in range(30)})
    assert compare(before, after).differences[0].certain


def test_runs_with_nothing_in_common_are_refused() -> None:
    with pytest.raises(BadRun, match="no question"):
        compare(run("a", {"1": 0}), run("b", {"2": 0}))
    with pytest.raises(BadRun, match="no metric"):
        compare(run("a", {"1": 0}), run("b", {"1": 0}, "em"))
    with pytest.raises(BadRun, match="is not a metric"):
        compare(run("a", {"1": 0}), run("b", {"1": 0}), by="em")
