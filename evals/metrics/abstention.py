"""Abstention metrics: ROC AUC of the confidence, refusal rates, by the sort of question."""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.runs import Scores

AT = 0.06  # share of the answerable questions that a threshold may refuse
_POINTS = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: its sort, the confidence, and whether it was refused."""

    sort: str  # answered, near or foreign
    confidence: float
    refused: bool
    held_out: bool = False

    @property
    def answerable(self) -> bool:
        return self.sort == "answered"


def abstention(asked: Sequence[Asked]) -> Scores:
    """At the shipped threshold `false_refusal` (of answerable questions), and the refused share of
    the two other sorts, `refused_near` and `refused_foreign`; of each, how well the confidence
    tells it from the answerable ones: `auc_…` and `…@6%`, the share that a threshold refuses which
    refuses at most 6 % of these.

    All from 0 to 1; undefined ones are omitted. `held_out.…` is of the part that nothing was chosen
    by.
    """
    kept = [each for each in asked if each.held_out]
    found = _rates(asked)
    if 0 < len(kept) < len(asked):
        found |= {f"held_out.{name}": value for name, value in _rates(kept).items()}
    return found


def _rates(asked: Sequence[Asked]) -> Scores:
    inside = [each for each in asked if each.answerable]
    found: Scores = {}
    if inside:
        found["false_refusal"] = sum(each.refused for each in inside) / len(inside)
    for sort in ("near", "foreign"):
        outside = [each for each in asked if each.sort == sort]
        if not outside:
            continue
        found[f"refused_{sort}"] = sum(each.refused for each in outside) / len(outside)
        if inside:
            from sklearn.metrics import roc_auc_score

            labels, scores = _labelled([*inside, *outside])
            found[f"auc_{sort}"] = float(roc_auc_score(labels, scores))
            found[f"{sort}@{AT:.0%}"] = _refused_at(inside, outside)
    return found


def roc(asked: Sequence[Asked]) -> tuple[list[float], list[float]]:
    """The ROC curve: answered share of the unanswerable and of the answerable questions."""
    from sklearn.metrics import roc_curve

    labels, scores = _labelled(asked)
    answered_wrongly, answered_rightly, _ = roc_curve(labels, scores)
    step = max(1, len(answered_wrongly) // _POINTS)
    return (
        [*map(float, answered_wrongly[::step]), 1.0],
        [*map(float, answered_rightly[::step]), 1.0],
    )


def _refused_at(inside: Sequence[Asked], outside: Sequence[Asked]) -> float:
    """Refused share of `outside`, at a threshold that refuses at most `AT` of `inside`."""
    threshold = sorted(each.confidence for each in inside)[int(AT * len(inside))]
    return sum(each.confidence < threshold for each in outside) / len(outside)


def _labelled(asked: Sequence[Asked]) -> tuple[list[int], list[float]]:
    return [int(each.answerable) for each in asked], [each.confidence for each in asked]
