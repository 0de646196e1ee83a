"""Compares two runs question by question: mean differences with 95% intervals."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from evals.errors import BadRun
from evals.runs import Record, Run

RESAMPLES = 10_000
_BATCH = 500  # resamples in memory at a time
_SEED = 0

# Metrics that decide better or worse: the first one in both runs.
_LEADING = (
    "fused.evidence@1500",
    "found.RR",
    "fused.RR",
    "f1",
    "attack_success",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """`after - before` of one metric; `low` and `high` bound the mean with 95% confidence."""

    metric: str
    before: float
    after: float
    mean: float
    low: float
    high: float
    questions: int

    @property
    def certain(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Change:
    """One question whose leading metric changed."""

    before: Record
    after: Record
    by: float


@dataclass(frozen=True, slots=True)
class Comparison:
    before: Run
    after: Run
    leading: str
    differences: tuple[Difference, ...]
    better: tuple[Change, ...]
    worse: tuple[Change, ...]

    def to_json(self) -> str:
        """Without the runs themselves."""
        changes = {
            name: [
                {
                    "question": change.after.question,
                    "before": change.before.scores[self.leading],
                    "after": change.after.scores[self.leading],
                }
                for change in found
            ]
            for name, found in (("better", self.better), ("worse", self.worse))
        }
        differences = [asdict(difference) for difference in self.differences]
        document = {"leading": self.leading, "differences": differences, **changes}
        return json.dumps(document, ensure_ascii=False)


def compare(before: Run, after: Run, by: str = "") -> Comparison:
    """Compares the questions of both runs. `by`: the metric that decides better or worse.

    Raises BadRun if they have no question or no metric in common.
    """
    old = {record.qid: record for record in before.records}
    pairs = [(old[new.qid], new) for new in after.records if new.qid in old]
    if not pairs:
        raise BadRun("The two runs have no question in common.")
    metrics = list(dict.fromkeys(m for a, b in pairs for m in a.scores if m in b.scores))
    if not metrics:
        raise BadRun("The two runs have no metric in common.")
    leading = by or next((m for m in _LEADING if m in metrics), metrics[0])
    if leading not in metrics:
        raise BadRun(f"{leading!r} is not a metric of both runs; there are {', '.join(metrics)}.")
    changes = [
        Change(a, b, b.scores[leading] - a.scores[leading])
        for a, b in pairs
        if leading in a.scores and leading in b.scores
    ]
    return Comparison(
        before,
        after,
        leading,
        tuple(_difference(metric, pairs) for metric in metrics),
        tuple(sorted((c for c in changes if c.by > 0), key=lambda c: -c.by)),
        tuple(sorted((c for c in changes if c.by < 0), key=lambda c: c.by)),
    )


def _difference(metric: str, pairs: Sequence[tuple[Record, Record]]) -> Difference:
    values = [
        (a.scores[metric], b.scores[metric])
        for a, b in pairs
        if metric in a.scores and metric in b.scores
    ]
    old, new = (np.array(column) for column in zip(*values, strict=True))
    low, high = interval(new - old)
    mean = float((new - old).mean())
    return Difference(metric, float(old.mean()), float(new.mean()), mean, low, high, len(values))


def interval(differences: "np.typing.NDArray[np.float64]") -> tuple[float, float]:
    """The 95% bootstrap percentile interval of the mean: 10,000 resamples of the questions with a
    fixed seed (Efron 1979)."""
    from scipy.stats import bootstrap

    if len(differences) < 2 or not differences.any():
        mean = float(differences.mean())
        return mean, mean
    found = bootstrap(
        (differences,),
        np.mean,
        n_resamples=RESAMPLES,
        batch=_BATCH,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)
