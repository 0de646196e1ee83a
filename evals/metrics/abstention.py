"""Abstention metrics: ROC AUC of the confidence, refusal rates."""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.runs import Scores

_POINTS = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: whether it is answerable, the confidence, and whether it was refused."""

    answerable: bool
    confidence: float
    refused: bool


def abstention(asked: Sequence[Asked]) -> Scores:
    """`roc_auc` of the confidence; at the shipped threshold `false_refusal` (of answerable
    questions), `refused_unanswerable` and `false_answer` (of the others).

    All from 0 to 1; undefined ones are omitted.
    """
    inside = [each for each in asked if each.answerable]
    outside = [each for each in asked if not each.answerable]
    found: Scores = {}
    if inside:
        found["false_refusal"] = sum(each.refused for each in inside) / len(inside)
    if outside:
        refused = sum(each.refused for each in outside) / len(outside)
        found |= {"refused_unanswerable": refused, "false_answer": 1 - refused}
    if inside and outside:
        from sklearn.metrics import roc_auc_score

        labels, scores = _labelled(asked)
        found["roc_auc"] = float(roc_auc_score(labels, scores))
        found["refused_at_5%"] = _refused_at(asked, 0.05)
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


def _refused_at(asked: Sequence[Asked], false_refusal: float) -> float:
    """Refused share of the unanswerable questions, at a threshold that refuses at most
    `false_refusal` of the answerable ones."""
    inside = sorted(each.confidence for each in asked if each.answerable)
    threshold = inside[int(false_refusal * len(inside))]
    outside = [each.confidence for each in asked if not each.answerable]
    return sum(confidence < threshold for confidence in outside) / len(outside)


def _labelled(asked: Sequence[Asked]) -> tuple[list[int], list[float]]:
    return [int(each.answerable) for each in asked], [each.confidence for each in asked]
