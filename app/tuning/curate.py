"""Which rated answers teach what, and why the others are left out.

The text to learn is the answer as it was shown, not `raw_output`: its markers were checked
against the sources, so it teaches to cite rightly; it is the text the person rated; and it is
what later turns of the same conversation hold as history. For the same reason it is the rejected
side of a pair: chosen and rejected then differ in substance, not in the mending of markers.

A correction is worth more than a thumb: where one was written, it is the text to learn.
Control tokens of the template in answers and corrections become plain text, as in prompts.
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
    """Supervised: write `target` after `prompt`."""

    message_ids: tuple[str, ...]
    prompt: Prompt
    target: str

    @property
    def key(self) -> Hashable:
        return self.prompt, self.target


@dataclass(frozen=True, slots=True)
class Pair:
    """Preference: after `prompt`, `chosen` is better than `rejected`."""

    message_ids: tuple[str, ...]
    prompt: Prompt
    chosen: str
    rejected: str

    @property
    def key(self) -> Hashable:
        return self.prompt, self.chosen, self.rejected


@dataclass(frozen=True, slots=True)
class Labelled:
    """Unpaired preference: `completion` after `prompt` is wanted, or is not."""

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
    """A message is in `left_out` only if it gave no row at all."""

    rows: tuple[R, ...]
    left_out: tuple[LeftOut, ...]


def curate_examples(rated: Sequence[RatedAnswer], *, alternating: bool = False) -> Curated[Example]:
    """Corrections, and answers rated up that need none.

    alternating: leave out prompts whose turns are not user, assistant, user, …, user.
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
    """A correction beats the answer it corrects; a variant rated up beats one rated down.

    Variants are compared only where their prompts are the same.
    """
    usable, faults = _usable(rated)
    variants: defaultdict[tuple[str, int], list[RatedAnswer]] = defaultdict(list)
    for item in usable:
        variants[item.variants_key].append(item)
    rows: list[Pair] = []
    for item in usable:
        pairs = _pairs(item, variants[item.variants_key])
        rows += pairs
        if not pairs:
            faults[item.message_id] = _pair_fault(item, variants[item.variants_key])
    keys = {row.key for row in rows}
    return _settle(rated, rows, faults, lambda row: (row.prompt, row.rejected, row.chosen) in keys)


def curate_labels(rated: Sequence[RatedAnswer]) -> Curated[Labelled]:
    """The thumb labels the answer; a correction is one more wanted text."""
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
    """Those with a rating and a prompt, and the fault of each of the others."""
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
    """Empty where there is none, or where it says what the answer says."""
    text = neutralise(item.correction.strip())
    return "" if text == _answer(item).strip() else text


def _text_fault(item: RatedAnswer) -> Exclusion | None:
    if not item.finished:
        return Exclusion.INTERRUPTED
    return None if item.answer.strip() else Exclusion.EMPTY


def _positive_fault(item: RatedAnswer) -> Exclusion | None:
    """Why an answer without a usable correction is not a text to learn."""
    if item.rating == "down":
        return _uncorrected(item)
    return _text_fault(item)


def _uncorrected(item: RatedAnswer) -> Exclusion:
    if item.correction.strip():
        return Exclusion.CORRECTION_EQUALS_ANSWER
    return Exclusion.DOWN_WITHOUT_CORRECTION


def _pairs(item: RatedAnswer, variants: Sequence[RatedAnswer]) -> list[Pair]:
    """Those in which the answer is rejected, and that of a chosen one with its correction."""
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
    """Only kept where no other answer's pair holds the item either."""
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
    """Drop contradicted rows and repetitions, and account for every message."""
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
