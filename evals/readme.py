"""The README's table of figures, written from runs."""

import re
from collections.abc import Sequence
from pathlib import Path

from evals.errors import BadData
from evals.runs import Run
from evals.ways import WAYS

_BETWEEN = re.compile(r"(<!-- eval-table -->).*?(<!-- /eval-table -->)", re.DOTALL)
_RETRIEVAL = ("R@1", "R@5", "nDCG@10", "evidence@5", "evidence@1500")
_ANSWERS = (
    "contains_gold",
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
    head = " | ".join(f"{run.name}, {run.chat_model}, {len(run.records)} questions" for run in runs)
    rows = [
        f"| {metric.replace('_', ' ')} | "
        + " | ".join(_digits(run.metrics[metric]) if metric in run.metrics else "" for run in runs)
        + " |"
        for metric in names
    ]
    return "\n".join([f"| answers | {head} |", "|---" * (len(runs) + 1) + "|", *rows, ""])


def _digits(value: float) -> str:
    return f"{value:.3f}".removeprefix("0") if 0 < value < 1 else f"{value:g}"
