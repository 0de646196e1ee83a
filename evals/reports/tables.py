"""Runs and comparisons as terminal tables."""

from rich.markup import escape
from rich.table import Table

from evals.quality.ways import WAYS
from evals.reports.compare import Change, Comparison
from evals.runs import Run

_CHANGES = 10


def run_table(run: Run) -> Table:
    """The metrics of a run; for retrieval, a column per search method."""
    title = (
        f"{run.name}: {len(run.records)} questions, {run.documents} documents, "
        f"{run.chunks} chunks, {run.took_s:.0f} s"
    )
    if run.kind == "retrieval":
        ways = (*WAYS, "margin")
        table = Table("metric", *ways, "target", title=title, title_justify="left")
        for name in metric_names(run):
            values = [f"{run.metrics[f'{way}.{name}']:.3f}" for way in ways]
            table.add_row(name, *values, verdict(run, f"fused.{name}"))
    else:
        table = Table("metric", "naive", "measured", "target", title=title, title_justify="left")
        for name, value in run.served.items():
            naive = f"{run.naive[name]:.3f}" if name in run.naive else ""
            table.add_row(name, naive, f"{value:.3f}", verdict(run, name))
    table.caption = "ms, p50/p95: " + ", ".join(
        f"{stage} {run.timings[f'{stage}.p50']:.1f}/{run.timings[f'{stage}.p95']:.1f}"
        for stage in stage_names(run)
    )
    return table


def metric_names(run: Run) -> list[str]:
    """Metric names; for retrieval runs without the search method."""
    return list(dict.fromkeys(key.split(".", 1)[1] for key in run.metrics if "." in key))


def stage_names(run: Run) -> list[str]:
    return [key.removesuffix(".p95") for key in run.timings if key.endswith(".p95")]


def verdict(run: Run, metric: str) -> str:
    """The bound of a metric and whether it holds."""
    for bounds, word in ((run.targets, ""), (run.floors, "floor ")):
        if metric in bounds and metric in run.metrics:
            bound = bounds[metric]
            met = "met" if bound.holds(run.metrics[metric]) else "missed"
            return f"{word}{bound} {met}"
    return ""


def comparison_table(found: Comparison) -> Table:
    """A row per metric; certain differences are bold."""
    title = f"{found.before.label} → {found.after.label}"
    table = Table(title=title)
    for column in ("metric", "before", "after", "difference", "95 % interval", "questions"):
        table.add_column(column, no_wrap=True)
    for each in found.differences:
        table.add_row(
            each.metric,
            f"{each.before:.3f}",
            f"{each.after:.3f}",
            f"{each.mean:+.3f}",
            f"{each.low:+.3f} … {each.high:+.3f}",
            str(each.questions),
            style="bold" if each.certain else "",
        )
    return table


def changes_table(found: Comparison) -> Table:
    """The questions that changed most."""
    title = f"by {found.leading}: {len(found.better)} better, {len(found.worse)} worse"
    table = Table("change", "question", "gold", title=title)
    for change in (*found.worse[:_CHANGES], *found.better[:_CHANGES]):
        table.add_row(f"{change.by:+.2f}", escape(change.after.question), escape(_gold(change)))
    return table


def _gold(change: Change) -> str:
    return " / ".join(change.after.gold)[:80]
