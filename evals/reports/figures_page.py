"""Generates the tables of the figures page in the documentation."""

import re
from collections.abc import Sequence
from pathlib import Path

from evals.errors import BadData
from evals.quality.ways import WAYS
from evals.runs import Run

_HELD_OUT = "held_out."
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
    "words_hold",
    "passages_hold",
    "raw.contains_gold",
    "raw.f1",
    "refused_foreign",
    "refused_near",
    "false_refusal",
    "auc_foreign",
    "auc_near",
    "near@6%",
    "support_auc",
    "true_rejected",
    "caught.number",
    "caught.date",
    "caught.name",
    "caught.negation",
    "caught.near",
    "attack_success",
    "blocked_lookalikes",
    "blocked_users",
)


def rewrite(path: Path, runs: Sequence[Run]) -> None:
    """Replaces the text between `<!-- eval-table -->` and `<!-- /eval-table -->`.

    Raises BadData if the marks are missing.
    """
    text = path.read_text(encoding="utf-8")
    tables = markdown(runs)
    new, count = _BETWEEN.subn(lambda marks: f"{marks[1]}\n{tables}\n{marks[2]}", text)
    if not count:
        raise BadData(f"{path.name} has no <!-- eval-table --> … <!-- /eval-table -->.")
    path.write_text(new, encoding="utf-8")


def markdown(runs: Sequence[Run]) -> str:
    """A table per run: search by method, answers beside their baseline."""
    search = [_search_table(run) for run in runs if run.kind == "retrieval"]
    answers = [_answer_table(run) for run in runs if run.kind != "retrieval"]
    parts = [
        ["## Search\n", *search] if search else [],
        ["## Answers\n", *answers] if answers else [],
    ]
    return "\n".join(part for several in parts for part in several)


def _search_table(run: Run) -> str:
    rows = [["metric", "dense", "lexical", "RRF, k = 60", "**as served**"]]
    for metric in _RETRIEVAL:
        values = [run.metrics.get(f"{way}.{metric}") for way in WAYS]
        if None not in values:
            rows.append([metric, *(_digits(value) for value in values)])
    return f"{_heading(run)}\n{_table(rows)}"


def _answer_table(run: Run) -> str:
    """Has a column of figures for the baseline and for what was held out, if the run has them."""
    head = ["metric", "**Zhiwen**"]
    if run.naive:
        head.append(f"the usual way, {run.asked_naively} of these questions")
    rows = [head]
    apart = any(name.startswith(_HELD_OUT) for name in run.served)
    if apart:
        head.append("held out")
    for metric in _ANSWERS:
        if metric in run.served:
            shown = [_digits(run.served[metric])]
            if run.naive:
                shown.append(_digits(run.naive.get(metric)))
            if apart:
                shown.append(_digits(run.served.get(_HELD_OUT + metric)))
            rows.append([metric.replace("_", " "), *shown])
    return f"{_heading(run)}\n{_table(rows)}"


def _heading(run: Run) -> str:
    asked = ", ".join(filter(None, (f"{len(run.records):,} questions", run.chat_model)))
    about = f"{run.about[:1].upper()}{run.about[1:]}" if run.about else run.set
    return f"### {run.name}\n\n{about} ({asked}).\n"


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:], ""])


def _digits(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}".removeprefix("0") if 0 < value < 1 else f"{value:g}"
