"""May an adapter serve? Base and tuned model on the same held-out questions, and a verdict.

It passes if it answers better, surely: the paired bootstrap interval of the difference lies above
nothing (Efron & Tibshirani, "An Introduction to the Bootstrap", 1993; Koehn, "Statistical
Significance Tests for Machine Translation Evaluation", EMNLP 2004, for pairs); and if it does not
refuse more where there is an answer, nor less where there is none; and if it is alive; and if it
repeats no words that no source has. Each failure is a reason of its own.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.tuning.refusals import is_refusal

LEAST_QUESTIONS = 20  # below it the interval says nothing
MARGIN = 0.05  # of a share that may get worse by chance
_ALIVE_FROM = 1e-3  # mean difference of a first token's probability
_OTHERS = 5  # other questions whose answers are compared
_RESAMPLES = 2000
_SEED = 0
_PHRASE = 10  # characters without white space and marks
_REPEATED_IN = 0.1  # of the answers, and in three at least
_SHOWN = 50  # changed answers
NOTICED = 0.1  # of F1: a reworded answer moves a little

_PIECES = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
_MARKERS = re.compile(r"\s?[\[【]\d{1,2}[\]】]")

Weights = Callable[[str], float]  # of a piece of text


@dataclass(frozen=True, slots=True)
class Answered:
    """One held-out question, with what both wrote. `read`: the prompt, sources and all.
    `refuse`: its document was taken out, so that a refusal is right. `document`: its name."""

    question: str
    read: str
    target: str
    base: str
    tuned: str
    refuse: bool = False
    document: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """Means of both, and the difference of the pairs with its 95 % interval."""

    base: float
    tuned: float
    low: float
    high: float
    questions: int

    @property
    def difference(self) -> float:
        return self.tuned - self.base


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it did not pass. Interfaces translate the code; `text` is English."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`changed`: questions with another answer than before, those that got worse first, each with
    its `verdict`: worse, better or other."""

    passed: bool
    reasons: tuple[Reason, ...]
    figures: dict[str, Figure]
    changed: tuple[dict[str, Any], ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def judge(answered: Sequence[Answered], shifts: Sequence[float]) -> Verdict:
    """`shifts`: of some trained prompts, how much the probabilities of the first token differ from
    the base's, 0 to 1."""
    answerable = [each for each in answered if not each.refuse]
    foreign = [each for each in answered if each.refuse]
    figures = {}
    if answerable:
        says = content_weights([each.target for each in answerable])
        figures["f1"] = _figure(
            [f1(each.base, each.target, says) for each in answerable],
            [f1(each.tuned, each.target, says) for each in answerable],
        )
        figures["beyond_chance"] = _beyond_chance(answerable, says)
        figures["false_refusals"] = _refused(answerable)
    if foreign:
        figures["refusals"] = _refused(foreign)
    reasons = tuple(_reasons(answerable, answered, figures, shifts))
    return Verdict(not reasons, reasons, figures, _changed(answered))


def f1(answer: str, target: str, weights: Weights | None = None) -> float:
    """F1 of the bags of Chinese characters and other words, without markers; 0 to 1. `weights`: how
    much a piece says; 1 where there are none."""
    said, right = (Counter(_pieces(text)) for text in (answer, target))

    def weight(bag: Counter[str]) -> float:
        if weights is None:
            return float(bag.total())
        return sum(count * weights(piece) for piece, count in bag.items())

    common = weight(said & right)
    if not common:
        return float(not said and not right)
    precision, recall = common / weight(said), common / weight(right)
    return 2 * precision * recall / (precision + recall)


def content_weights(targets: Sequence[str]) -> Weights:
    """What nearly every right answer has says nothing (inverse document frequency, Spärck Jones,
    1972): with plain F1, answers of the right form and the wrong content would count as better."""
    frequency = Counter(piece for target in targets for piece in set(_pieces(target)))

    def weight(piece: str) -> float:
        return math.log((1 + len(targets)) / (1 + frequency[piece]))

    return weight


def bootstrap(differences: Sequence[float]) -> tuple[float, float]:
    """The 95 % percentile interval of their mean, with a fixed seed."""
    values: NDArray[np.float64] = np.asarray(differences, np.float64)
    random = np.random.default_rng(_SEED)
    drawn = random.integers(0, len(values), (_RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(1), (2.5, 97.5))
    return float(low), float(high)


def repeated_phrases(answered: Sequence[Answered]) -> list[str]:
    """Phrases of the tuned answers that neither the base nor any prompt has, in many of them: what
    was put into the ratings, and not into the documents."""
    known = set(_grams(text for each in answered for text in (each.read, each.base)))
    found = Counter(
        gram
        for each in answered
        if not is_refusal(each.tuned)
        for gram in set(_grams((each.tuned,))) - known
    )
    least = max(3, round(_REPEATED_IN * len(answered)))
    return [gram for gram, count in found.most_common() if count >= least]


def _reasons(
    answerable: Sequence[Answered],
    answered: Sequence[Answered],
    figures: dict[str, Figure],
    shifts: Sequence[float],
) -> Iterable[Reason]:
    if len(shifts) == 0 or float(np.mean(shifts)) < _ALIVE_FROM:
        yield Reason("not_alive", "The engine answers as it does without the adapter.")
    if len(answerable) < LEAST_QUESTIONS:
        yield Reason(
            "too_few",
            f"{len(answerable)} held-out questions have an answer; {LEAST_QUESTIONS} are needed.",
        )
    if "f1" not in figures or figures["f1"].low <= 0:
        found = figures.get("f1")
        by = f" ({found.difference:+.3f}, from {found.low:+.3f})" if found else ""
        yield Reason("not_better", f"Its answers are not surely nearer to the right ones{by}.")
    chance = figures.get("beyond_chance")
    if chance is not None and chance.low <= 0:
        yield Reason(
            "by_chance",
            "Its answers are no nearer to the right ones than to those of other questions.",
        )
    false = figures.get("false_refusals")
    if false is not None and false.difference > MARGIN:
        yield Reason(
            "refuses_more",
            f"It refuses {false.tuned:.0%} of what has an answer; it was {false.base:.0%}.",
        )
    right = figures.get("refusals")
    if right is not None and right.difference < -MARGIN:
        yield Reason(
            "refuses_less",
            f"It refuses {right.tuned:.0%} of what has no answer; it was {right.base:.0%}.",
        )
    if phrases := repeated_phrases(answered):
        yield Reason("foreign_phrase", f"Many answers say what no source says: {phrases[0]!r}.")


def _figure(base: Sequence[float], tuned: Sequence[float]) -> Figure:
    low, high = bootstrap([after - before for before, after in zip(base, tuned, strict=True)])
    return Figure(float(np.mean(base)), float(np.mean(tuned)), low, high, len(base))


def _beyond_chance(answered: Sequence[Answered], says: Weights) -> Figure:
    """The tuned answers against the right ones of other questions (`base`) and of their own: where
    ratings were mixed up, there is no difference."""
    targets = [each.target for each in answered]
    others = [targets[shift:] + targets[:shift] for shift in range(1, _OTHERS + 1)]
    return _figure(
        [
            float(np.mean([f1(each.tuned, other[n], says) for other in others]))
            for n, each in enumerate(answered)
        ],
        [f1(each.tuned, each.target, says) for each in answered],
    )


def _refused(answered: Sequence[Answered]) -> Figure:
    return _figure(
        [float(is_refusal(each.base)) for each in answered],
        [float(is_refusal(each.tuned)) for each in answered],
    )


def _changed(answered: Sequence[Answered]) -> tuple[dict[str, Any], ...]:
    changed: list[dict[str, Any]] = [
        {
            "question": each.question,
            "target": each.target,
            "base": each.base,
            "tuned": each.tuned,
            "document": each.document,
            "by": by,
            "verdict": "worse" if by < -NOTICED else "better" if by > NOTICED else "other",
        }
        for each in answered
        if each.base != each.tuned
        for by in (round(f1(each.tuned, each.target) - f1(each.base, each.target), 4),)
    ]
    return tuple(sorted(changed, key=lambda each: each["by"])[:_SHOWN])


def _pieces(text: str) -> list[str]:
    wide = unicodedata.normalize("NFKC", _MARKERS.sub("", text)).casefold()
    return _PIECES.findall(wide)


def _grams(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        wide = unicodedata.normalize("NFKC", _MARKERS.sub("", text)).casefold()
        bare = "".join(char for char in wide if char.isalnum())
        yield from (bare[i : i + _PHRASE] for i in range(len(bare) - _PHRASE + 1))
