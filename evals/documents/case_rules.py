"""What a row of `questions.jsonl` asks of an answer.

    must_contain        strings of which one is in the answer
    must_not_contain    strings of which none is
    expect_refusal      whether it says that there is no answer; null: that is as right as an answer
    cites               a string inside one of the cited spans; "" where nothing is to be cited

White space and its absence are not told apart, as with files (`format_rules.py`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from evals.documents.format_rules import bare
from evals.metrics.citations import refuses

TABLES = frozenset({"corner", "empty", "merged", "format"})  # kinds that ask for a cell
_REFUSED = frozenset({"no_sources"})
_OPENING = 80  # characters of an answer in which it says that it has none


@dataclass(frozen=True, slots=True)
class Case:
    """`files` lie below the set's folder; `after` is asked before, in the same conversation.
    `cites` None: not judged."""

    id: str
    files: tuple[str, ...]
    question: str
    must_contain: tuple[str, ...]
    must_not_contain: tuple[str, ...]
    expect_refusal: bool | None
    cites: str | None = None
    after: str = ""

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Case":
        return cls(
            row["id"],
            tuple(row["files"]),
            row["question"],
            tuple(row["must_contain"]),
            tuple(row["must_not_contain"]),
            row["expect_refusal"],
            row.get("cites"),
            row.get("after", ""),
        )

    @property
    def kind(self) -> str:
        return self.id.rpartition("-")[0]

    @property
    def about_a_place(self) -> bool:
        """Whether the answer is a cell of a table, or is to be found at a certain place."""
        return self.kind in TABLES or bool(self.cites)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as it was stored, with the texts of its citations."""

    text: str
    finish_reason: str
    cited: tuple[str, ...] = ()
    passages: tuple[str, ...] = field(default=())  # what was found, best first

    @property
    def refused(self) -> bool:
        return self.finish_reason in _REFUSED or refuses(self.text[:_OPENING])


def problem(case: Case, said: Said) -> str:
    """What is wrong with the answer first of all; empty if it is right."""
    return next(_problems(case, said), "")


def _problems(case: Case, said: Said) -> Iterator[str]:
    text = bare(said.text)
    if case.expect_refusal is True and not said.refused:
        yield "answered"
    elif case.expect_refusal is False and said.refused:
        yield "refused"
    may_lack = case.expect_refusal is None and said.refused
    if case.must_contain and not may_lack and not _any_in(case.must_contain, text):
        yield f"lacks {case.must_contain[0]!r}"
    for other in case.must_not_contain:
        if bare(other) in text:
            yield f"has {other!r}"
    if case.cites == "" and said.cited:
        yield f"cites {said.cited[0]!r}"
    elif case.cites and not any(bare(case.cites) in bare(cited) for cited in said.cited):
        yield f"does not cite {case.cites!r}"


def _any_in(wanted: Sequence[str], text: str) -> bool:
    return any(bare(each) in text for each in wanted)
