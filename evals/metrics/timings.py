"""Aggregates the stage timings of many questions."""

import statistics
from collections.abc import Mapping, Sequence

from evals.figures import percentile_95
from evals.runs import Scores


def stages(timings_ms: Sequence[Mapping[str, float]]) -> Scores:
    """`<stage>.p50` and `<stage>.p95` over the questions that have the stage."""
    values: dict[str, list[float]] = {}
    for timings in timings_ms:
        for stage, ms in timings.items():
            values.setdefault(stage, []).append(ms)
    found: Scores = {}
    for stage, all_ms in values.items():
        found[f"{stage}.p50"] = statistics.median(all_ms)
        found[f"{stage}.p95"] = percentile_95(all_ms)
    return found
