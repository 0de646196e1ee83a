"""The weight and the thresholds, chosen from scores.

docs/decisions/2026-11-29-calibrate.md says why by these rules, and what they give.
"""

from collections.abc import Mapping

import numpy as np

from app.rag.language import Language
from app.rag.retrieval.fuse import DENSE_WEIGHT
from app.rag.retrieval.gate import GROWTH
from app.services.calibration.record import Measured, Point
from app.services.calibration.scores import Compared, Scores

_WEIGHTS = tuple(step / 20 for step in range(21))
# Share of the questions about a text that a threshold may refuse. Half of them leave its words and
# its subject out: of more usual ones it refuses a tenth of that.
MAY_REFUSE = 0.05
_CURVE = (0.0, 0.01, 0.02, 0.03, MAY_REFUSE, 0.1, 0.2)
# Share of the foreign questions that it must refuse to be worth that. They are about office life
# as the texts are, so that they are harder to tell than most.
_LEAST_REFUSED = 1 / 3
_DRAWS = 20  # of half the texts


def choose(compared: Mapping[Language, Compared], *, dense_weight: float | None = None) -> Measured:
    """By the languages that the embedder tells foreign questions apart in. The others get no
    threshold: in them every question is answered. `dense_weight`: one that is fixed already.
    """
    told = {
        language: scores
        for language, scores in compared.items()
        if _tells(scores, dense_weight or _best_weight([scores]))
    }
    if dense_weight is None:
        dense_weight = _best_weight([*(told or compared).values()])
    told = {language: scores for language, scores in told.items() if _tells(scores, dense_weight)}
    growths = [_growth(scores, dense_weight) for scores in told.values()]
    return Measured(
        dense_weight=dense_weight,
        answerable_from={
            language: round(_threshold(scores, dense_weight), 3)
            for language, scores in told.items()
        },
        growth=round(float(np.mean(growths)), 3) if growths else GROWTH,
        curves={language: _curve(scores, dense_weight) for language, scores in compared.items()},
    )


def sureness(scores: Compared, dense_weight: float) -> float:
    """How far a question's own text is above the best other one, in standard deviations.

    Where the differences are normal, this is the probit of recall@1; unlike that, it still differs
    where nearly all questions find their text.
    """
    fused, own = scores.fused(dense_weight), scores.is_own
    above = fused[own] - np.where(own, -np.inf, fused).max(axis=1)
    answered = above[~scores.near]
    return float(answered.mean() / (answered.std() or 1.0))


def _best_weight(compared: list[Compared]) -> float:
    """The largest mean sureness; of equal ones the one nearest to the default."""
    return max(
        _WEIGHTS,
        key=lambda weight: (
            round(float(np.mean([sureness(scores, weight) for scores in compared])), 3),
            -abs(weight - DENSE_WEIGHT),
        ),
    )


def _about(scores: Compared, dense_weight: float) -> Scores:
    """`(questions,)`: every question with its own text among the others."""
    return scores.gate(dense_weight, np.ones_like(scores.is_own))


def _foreign(scores: Compared, dense_weight: float) -> Scores:
    """`(questions,)`: every question without its own text."""
    return scores.gate(dense_weight, ~scores.is_own)


def _threshold(scores: Compared, dense_weight: float, may_refuse: float = MAY_REFUSE) -> float:
    return float(np.quantile(_about(scores, dense_weight), may_refuse))


def _tells(scores: Compared, dense_weight: float) -> bool:
    refused = _foreign(scores, dense_weight) < _threshold(scores, dense_weight)
    return bool(refused.mean() >= _LEAST_REFUSED)


def _growth(scores: Compared, dense_weight: float) -> float:
    """How much better the best foreign text looks with each factor of ten texts."""
    draw = np.random.default_rng(0)
    texts = scores.cosines.shape[1]
    halves: list[float] = []
    for _ in range(_DRAWS):
        half = np.zeros(texts, dtype=bool)
        half[draw.permutation(texts)[: texts // 2]] = True
        halves.append(float(scores.gate(dense_weight, ~scores.is_own & half[None]).mean()))
    whole = float(_foreign(scores, dense_weight).mean())
    return max(0.0, (whole - float(np.mean(halves))) / float(np.log10(texts / (texts // 2))))


def _curve(scores: Compared, dense_weight: float) -> tuple[Point, ...]:
    about, foreign = _about(scores, dense_weight), _foreign(scores, dense_weight)
    points: list[Point] = []
    for may_refuse in _CURVE:
        threshold = float(np.quantile(about, may_refuse))
        points.append(
            Point(
                threshold=round(threshold, 3),
                false_refusal=round(float((about[~scores.near] < threshold).mean()), 3),
                refused_near=round(float((about[scores.near] < threshold).mean()), 3),
                refused_foreign=round(float((foreign < threshold).mean()), 3),
            )
        )
    return tuple(points)
