"""Renders runs as one self-contained HTML page."""

from collections.abc import Sequence
from pathlib import Path

from evals.quality.answers import decisions
from evals.quality.ways import WAYS
from evals.reports.plots import bars_plot, roc_plot
from evals.reports.tables import metric_names, stage_names, verdict
from evals.runs import Record, Run

_TEMPLATE = Path(__file__).with_name("report.html.j2")
_FAILURES = 60
# Sums of other stages, or not part of the same row.
_NOT_STAGES = frozenset({"total", "until_first_token", "retrieve"})


def write(runs: Sequence[Run], path: Path) -> Path:
    """Writes the page, creating folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(runs), encoding="utf-8")
    return path


def render(runs: Sequence[Run]) -> str:
    """Renders the page deterministically."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        runs=runs,
        ways=(*WAYS, "margin"),
        metric_names=metric_names,
        verdict=verdict,
        failures=failures,
        roc=_roc(runs),
        latency=_latency(runs),
    )


def failures(run: Run) -> list[Record]:
    """Questions that went wrong, the worst first."""
    wrong = [record for record in run.records if _quality(record) < 1]
    return sorted(wrong, key=_quality)[:_FAILURES]


def _quality(record: Record) -> float:
    """0 to 1, by the first of these metrics that the question has."""
    if "attack_success" in record.scores:
        return 1 - record.scores["attack_success"]
    for metric in ("fused.evidence@1500", "found.RR", "fused.RR", "contains_gold"):
        if metric in record.scores:
            return record.scores[metric]
    return record.scores.get("decided_rightly", 1.0)


def _roc(runs: Sequence[Run]) -> str:
    curves = {
        run.label: decisions(run.records)
        for run in runs
        if {"auc_near", "auc_foreign"} & set(run.metrics)
    }
    return roc_plot(curves) if curves else ""


def _latency(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Medians by stage: search in milliseconds, answers in seconds."""
    plots = []
    for words, unit, scale, kinds in (
        ("Search by stage", "ms", 1.0, {"retrieval"}),
        ("Answers by stage", "s", 1000.0, {"answers", "injection"}),
    ):
        rows = {
            run.name: {
                stage: run.timings[f"{stage}.p50"] / scale
                for stage in stage_names(run)
                if stage not in _NOT_STAGES
            }
            for run in runs
            if run.kind in kinds and run.timings
        }
        if rows:
            plots.append((words, bars_plot(rows, f"median, {unit}")))
    return plots
