"""The README's table of figures, written from runs."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from evals.errors import BadData
from evals.quality.ways import WAYS
from evals.runs import Run, Scores

_BETWEEN = re.compile(r"(<!-- eval-table -->).*?(<!-- /eval-table -->)", re.DOTALL)
_RETRIEVAL = ("R@1", "R@5", "nDCG@10", "evidence@5", "evidence@1500")
_ANSWERS = (
    "contains_gold",
    "contains_wrong",
    "f1",
    "em",
    "citation_precision",
    "citation_recall",
    "markers_nowhere",
    "roc_auc",
    "refused_unanswerable",
    "false_refusal",
    "attack_success",
    "blocked_lookalikes",
    "blocked_users",
)


def rewrite(path: Path, runs: Sequence[Run]) -> None:
    """Replace what stands between `<!-- eval-table -->` and `<!-- /eval-table -->`.

    Raises BadData where the marks are missing.
    """
    text = path.read_text(encoding="utf-8")
    table = markdown(runs)
    new, count = _BETWEEN.subn(lambda marks: f"{marks[1]}\n{table}{marks[2]}", text)
    if not count:
        raise BadData(f"{path.name} has no <!-- eval-table --> … <!-- /eval-table -->.")
    path.write_text(new, encoding="utf-8")


def markdown(runs: Sequence[Run]) -> str:
    """A table of search by set and way, and one of answers by metric and run."""
    retrieval = [run for run in runs if run.kind == "retrieval"]
    answers = [run for run in runs if run.kind != "retrieval"]
    parts = [part for part in (_search_table(retrieval), _answer_table(answers)) if part]
    return "\n".join(parts)


def _search_table(runs: Sequence[Run]) -> str:
    rows = []
    for run in runs:
        for metric in _RETRIEVAL:
            values = [run.metrics.get(f"{way}.{metric}") for way in WAYS]
            if None not in values:
                cells = " | ".join(_digits(value) for value in values if value is not None)
                rows.append(f"| {run.name}, {len(run.records)} questions | {metric} | {cells} |")
    head = ["| search | metric | dense | lexical | RRF, k = 60 | **as served** |"]
    return "\n".join([*head, "|---|---|---|---|---|---|", *rows, ""]) if rows else ""


def _answer_table(runs: Sequence[Run]) -> str:
    if not runs:
        return ""
    names = [metric for metric in _ANSWERS if any(metric in run.metrics for run in runs)]
    columns = [column for run in runs for column in _columns(run)]
    rows = [
        [metric.replace("_", " "), *(_digits(found.get(metric)) for _, found in columns)]
        for metric in names
    ]
    head = ["answers", *(title for title, _ in columns)]
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:], ""])


def _columns(run: Run) -> Iterator[tuple[str, Scores]]:
    """The baseline of the same run, where it has one, and the run itself."""
    title = f"{run.name}, {run.chat_model}, {len(run.records)} questions"
    if run.naive:
        yield f"the usual way, {run.asked_naively} of these →", run.naive
        title = f"**{title}**"
    yield title, run.served


def _digits(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}".removeprefix("0") if 0 < value < 1 else f"{value:g}"
