"""Selects training rows from rated answers, and gives the reason for every exclusion.

The target is the answer as shown, which is the text that was rated. That is what the model wrote,
to the byte, except for the smallest models, whose answers the extractive reader composes from their
output (`raw_output`) and the sources.

A correction outweighs a thumb: if there is one, it is the target. Control tokens in answers and
corrections become plain text, as in prompts.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

from app.llm.messages import Message
from app.rag.prompting.prompt import neutralise
from app.tuning.types import Exclusion, LeftOut, RatedAnswer

Prompt = tuple[Message, ...]


class Row(Protocol):
    @property
    def message_ids(self) -> tuple[str, ...]: ...

    @property
    def key(self) -> Hashable: ...


@dataclass(frozen=True, slots=True)
class Example:
    """Supervised fine-tuning: `target` follows `prompt`."""

    message_ids: tuple[str, ...]
    prompt: Prompt
    target: str

    @property
    def key(self) -> Hashable:
        return self.prompt, self.target


@dataclass(frozen=True, slots=True)
class Pair:
    """Preference pair: `chosen` is better than `rejected`."""

    message_ids: tuple[str, ...]
    prompt: Prompt
    chosen: str
    rejected: str

    @property
    def key(self) -> Hashable:
        return self.prompt, self.chosen, self.rejected


@dataclass(frozen=True, slots=True)
class Labelled:
    """Unpaired preference: `label` tells whether `completion` is good."""

    message_ids: tuple[str, ...]
    prompt: Prompt
    completion: str
    label: bool

    @property
    def key(self) -> Hashable:
        return self.prompt, self.completion, self.label


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Curated(Generic[R]):
    """A message is in `left_out` only if no row uses it."""

    rows: tuple[R, ...]
    left_out: tuple[LeftOut, ...]


def curate_examples(rated: Sequence[RatedAnswer], *, alternating: bool = False) -> Curated[Example]:
    """Rows from corrections and from answers rated up.

    alternating: exclude prompts whose turns are not user, assistant, user, …, user.
    """
    usable, faults = _usable(rated, alternating=alternating)
    rows = []
    for item in usable:
        target = _correction(item)
        if not target and (fault := _positive_fault(item)):
            faults[item.message_id] = fault
            continue
        rows.append(Example((item.message_id,), item.prompt, target or _answer(item)))
    refuted = {(i.prompt, _answer(i)) for i in usable if i.rating == "down" and i.finished}
    return _settle(rated, rows, faults, lambda row: (row.prompt, row.target) in refuted)


def curate_pairs(rated: Sequence[RatedAnswer]) -> Curated[Pair]:
    """Prefers a correction to its answer, and a variant rated up to one rated down.

    Variants are compared only if their prompts are equal.
    """
    usable, faults = _usable(rated)
    variants: defaultdict[str, list[RatedAnswer]] = defaultdict(list)
    for item in usable:
        variants[item.question_id].append(item)
    rows: list[Pair] = []
    for item in usable:
        pairs = _pairs(item, variants[item.question_id])
        rows += pairs
        if not pairs:
            faults[item.message_id] = _pair_fault(item, variants[item.question_id])
    keys = {row.key for row in rows}
    return _settle(rated, rows, faults, lambda row: (row.prompt, row.rejected, row.chosen) in keys)


def curate_labels(rated: Sequence[RatedAnswer]) -> Curated[Labelled]:
    """The rating labels the answer; a correction is an additional good completion."""
    usable, faults = _usable(rated)
    rows = []
    for item in usable:
        ids, fault = (item.message_id,), _text_fault(item)
        if fault:
            faults[item.message_id] = fault
        else:
            rows.append(Labelled(ids, item.prompt, _answer(item), item.rating == "up"))
        if correction := _correction(item):
            rows.append(Labelled(ids, item.prompt, correction, True))
    keys = {row.key for row in rows}
    return _settle(
        rated, rows, faults, lambda row: (row.prompt, row.completion, not row.label) in keys
    )


def _usable(
    rated: Sequence[RatedAnswer], *, alternating: bool = False
) -> tuple[list[RatedAnswer], dict[str, Exclusion]]:
    """Answers with a rating and a prompt, and the fault of each other one."""
    faults = {i.message_id: fault for i in rated if (fault := _prompt_fault(i, alternating))}
    return [i for i in rated if i.message_id not in faults], faults


def _prompt_fault(item: RatedAnswer, alternating: bool) -> Exclusion | None:
    if item.rating is None:
        return Exclusion.NOT_RATED
    if not item.prompt:
        return Exclusion.NO_PROMPT
    if item.prompt[-1].role != "user":
        return Exclusion.UNUSABLE_PROMPT
    roles = [m.role for m in item.prompt[item.prompt[0].role == "system" :]]
    if alternating and (
        roles[0] != "user" or "system" in roles or any(a == b for a, b in pairwise(roles))
    ):
        return Exclusion.TURNS_NOT_ALTERNATING
    try:
        "".join((item.answer, item.correction, *(m.content for m in item.prompt))).encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return Exclusion.UNWRITABLE
    return None


def _answer(item: RatedAnswer) -> str:
    return neutralise(item.answer)


def _correction(item: RatedAnswer) -> str:
    """The correction; empty if there is none or it equals the answer."""
    text = neutralise(item.correction.strip())
    return "" if text == _answer(item).strip() else text


def _text_fault(item: RatedAnswer) -> Exclusion | None:
    if not item.finished:
        return Exclusion.INTERRUPTED
    return None if item.answer.strip() else Exclusion.EMPTY


def _positive_fault(item: RatedAnswer) -> Exclusion | None:
    """Why an answer without a usable correction is not a target."""
    if item.rating == "down":
        return _uncorrected(item)
    return _text_fault(item)


def _uncorrected(item: RatedAnswer) -> Exclusion:
    if item.correction.strip():
        return Exclusion.CORRECTION_EQUALS_ANSWER
    return Exclusion.DOWN_WITHOUT_CORRECTION


def _pairs(item: RatedAnswer, variants: Sequence[RatedAnswer]) -> list[Pair]:
    """Pairs in which the answer is rejected, or an up-rated answer loses to its correction."""
    if _text_fault(item):
        return []
    pairs = []
    if correction := _correction(item):
        pairs.append(Pair((item.message_id,), item.prompt, correction, _answer(item)))
    if item.rating == "down":
        pairs += [
            Pair((better.message_id, item.message_id), item.prompt, _answer(better), _answer(item))
            for better in variants
            if better.rating == "up" and better.prompt == item.prompt and not _text_fault(better)
        ]
    return pairs


def _pair_fault(item: RatedAnswer, variants: Sequence[RatedAnswer]) -> Exclusion:
    """Counts only if no pair of another answer uses the item."""
    if fault := _text_fault(item):
        return fault
    others = [v for v in variants if v.rating != item.rating and not _text_fault(v)]
    if any(v.prompt != item.prompt for v in others):
        return Exclusion.OTHER_PROMPT
    return _uncorrected(item) if item.rating == "down" else Exclusion.NOTHING_TO_COMPARE


def _settle(
    rated: Sequence[RatedAnswer],
    rows: Sequence[R],
    faults: dict[str, Exclusion],
    contradicted: Callable[[R], bool],
) -> Curated[R]:
    """Drops contradictions and duplicates, and accounts for every message."""
    kept: dict[Hashable, R] = {}
    dropped: dict[str, Exclusion] = {}
    for row in rows:
        if contradicted(row):
            fault = Exclusion.CONTRADICTED
        elif row.key in kept:
            fault = Exclusion.DUPLICATE
        else:
            kept[row.key] = row
            continue
        dropped.update(dict.fromkeys(row.message_ids, fault))
    used = {message_id for row in kept.values() for message_id in row.message_ids}
    reasons = faults | dropped
    left_out = tuple(
        LeftOut(item.message_id, reasons[item.message_id])
        for item in rated
        if item.message_id not in used
    )
    return Curated(tuple(kept.values()), left_out)
