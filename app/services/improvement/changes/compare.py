"""Two recordings side by side: which answers changed, which got worse or better, and why."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from app.db.tables import RecordedAnswer
from app.services.answers.recipe import normalised
from app.tuning.gate import NOTICED, f1

Worse = Literal["further", "lost_source", "cites_nothing", "states_more"]
Better = Literal["nearer", "found_source", "cites_again", "states_less"]
Verdict = Literal["worse", "better", "other"]
WORDS: Mapping[Worse | Better, str] = {
    "further": "It is further from the expected answer.",
    "lost_source": "The expected source is no longer found.",
    "cites_nothing": "It rests on no source any more.",
    "states_more": "It states more that no source states.",
    "nearer": "It is nearer to the expected answer.",
    "found_source": "The expected source is found now.",
    "cites_again": "It rests on a source now.",
    "states_less": "It states less that no source states.",
}
_OPPOSITE: Mapping[Worse, Better] = {
    "further": "nearer",
    "lost_source": "found_source",
    "cites_nothing": "cites_again",
    "states_more": "states_less",
}
_ORDER: Mapping[Verdict, int] = {"worse": 0, "better": 1, "other": 2}


@dataclass(frozen=True, slots=True)
class Changed:
    """`worse`, `better`: in which respects, possibly both. `documents_…`: ids of those whose
    passages the model was given. `message_id`: of a real question."""

    question: str
    expected: str
    before: str
    after: str
    worse: tuple[Worse, ...]
    better: tuple[Better, ...] = ()
    documents_before: tuple[str, ...] = ()
    documents_after: tuple[str, ...] = ()
    message_id: str | None = None

    @property
    def verdict(self) -> Verdict:
        """Nothing makes up for what got worse. `other`: it is not known to be either."""
        return "worse" if self.worse else "better" if self.better else "other"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`changed`: those that got worse first, then the better ones. `settings`: what is another, as
    (before, after)."""

    asked: int
    changed: tuple[Changed, ...] = ()
    settings: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)

    @property
    def worse(self) -> tuple[Changed, ...]:
        return tuple(each for each in self.changed if each.worse)


def compare(
    before: Sequence[RecordedAnswer],
    after: Sequence[RecordedAnswer],
    settings: tuple[Mapping[str, Any], Mapping[str, Any]],
) -> Comparison:
    """By question; what only one of them was asked is left aside."""
    earlier = {normalised(each.question): each for each in before}
    later = [(normalised(each.question), each) for each in after]
    pairs = [(earlier[question], each) for question, each in later if question in earlier]
    judged = [(_judged(old, new), _bare(old.answer) == _bare(new.answer)) for old, new in pairs]
    changed = [each for each, same in judged if not same or each.verdict != "other"]
    old, new = settings
    differing = {
        name: (old.get(name), new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    }
    changed.sort(key=lambda each: _ORDER[each.verdict])
    return Comparison(len(pairs), tuple(changed), differing)


def _judged(old: RecordedAnswer, new: RecordedAnswer) -> Changed:
    expects = (new.expected, frozenset(new.expected_documents))  # what is expected now, of both
    return Changed(
        question=new.question,
        expected=new.expected,
        before=old.answer,
        after=new.answer,
        worse=tuple(_worse(old, new, *expects)),
        better=tuple(_OPPOSITE[each] for each in _worse(new, old, *expects)),
        documents_before=tuple(old.documents),
        documents_after=tuple(new.documents),
        message_id=new.message_id,
    )


def _worse(
    old: RecordedAnswer, new: RecordedAnswer, expected: str, wanted: frozenset[str]
) -> Iterable[Worse]:
    if expected and f1(new.answer, expected) < f1(old.answer, expected) - NOTICED:
        yield "further"
    if wanted.intersection(old.documents) and not wanted.intersection(new.documents):
        yield "lost_source"
    if old.cites and not new.cites:
        yield "cites_nothing"
    if new.unsupported > old.unsupported:
        yield "states_more"


def _bare(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())
