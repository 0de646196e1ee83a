"""The sentences of the sources, each with what it is compared by."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from app.rag.grounding.facts.fact import Fact, comparable, facts_in, same
from app.rag.grounding.facts.numbers import folded
from app.rag.grounding.sentences import split_sentences
from app.rag.grounding.wording import plain, topic_terms
from app.rag.language import Language, language_of
from app.rag.types import Citation, Passage

_CELLS = " | "
_NUMBERED = re.compile(r"^\s*\d{1,3}[.、)）](?!\d)")  # an item of a list: its number is no fact
_NUMBER = re.compile(r"[\d.,]+")
_UNIT = re.compile(r"[(（]([^()（）\d]{1,12})[)）]$")  # of a column: 单价（元）, Power (W)
_NEAR = 2  # sentences before and one after that say what a sentence is about


@dataclass(eq=False)
class SourceClause:
    """A sentence of source `marker`, `passage text[start:end]`."""

    marker: int
    passage: Passage
    start: int
    end: int
    text: str
    terms: frozenset[str]
    about: frozenset[str] = frozenset()  # terms of what stands around it
    head: str = ""  # of a row of a table, the row that names its columns

    @cached_property
    def facts(self) -> Sequence[Fact]:
        text = _NUMBERED.sub("", self.text)
        return facts_in(_measured(text, self.head) if self.head else text, source=True)

    @cached_property
    def plain(self) -> str:
        return plain(self.text)

    @cached_property
    def cells(self) -> list[str]:
        """Of a row, those that may be names."""
        cells = map(str.strip, self.plain.split("|"))
        return [cell for cell in cells if cell and not _NUMBER.fullmatch(cell)]

    def says(self, fact: Fact) -> bool:
        """Whether the sentence holds it; of a date, its passage may say the year elsewhere."""
        if fact.kind == "name":
            return fact.text in self.plain
        return any(self.means(fact, other) for other in self.facts)

    def means(self, fact: Fact, other: Fact) -> bool:
        """Whether `other`, a fact of this sentence, says `fact`."""
        year, month, day = fact.date
        if same(fact, other) or other.date[0] or not (year and month):
            return same(fact, other)
        without_year = replace(fact, date=(0, month, day))
        return same(without_year, other) and _mentions(self.passage.text, year)

    def has_other(self, fact: Fact) -> bool:
        """Whether it has such a fact, but not this one."""
        return any(comparable(fact, other) for other in self.facts) and not self.says(fact)

    def citation(self) -> Citation:
        start = self.passage.start + self.start
        part = self.passage.part_at(start)
        return Citation(
            marker=self.marker,
            chunk_id=part.chunk_id,
            document_id=self.passage.document_id,
            document_name=self.passage.document_name,
            page=part.page,
            start=start,
            end=start + len(self.text),
            text=self.text,
            locator=part.locator,
        )


@dataclass(frozen=True)
class Places:
    """All sentences of the passages, in their order."""

    passages: Sequence[Passage]

    @cached_property
    def all(self) -> list[SourceClause]:
        return [
            place
            for marker, passage in enumerate(self.passages, start=1)
            for place in _of(marker, passage)
        ]

    @cached_property
    def languages(self) -> dict[int, Language]:
        """By marker."""
        return {n: language_of(p.text) for n, p in enumerate(self.passages, start=1)}

    @cached_property
    def text(self) -> str:
        return plain(" ".join(f"{p.title} {' '.join(p.headings)} {p.text}" for p in self.passages))


@lru_cache(maxsize=512)
def _mentions(text: str, year: int) -> bool:
    return str(year) in folded(text)


def _measured(row: str, head: str) -> str:
    """The row, each number in it with the unit that its column names."""
    cells, names = ([cell.strip() for cell in line.split("|")] for line in (row, head))
    if len(cells) != len(names):
        return row
    measured = [
        f"{cell} {unit[1]}" if _NUMBER.fullmatch(cell) and (unit := _UNIT.search(name)) else cell
        for cell, name in zip(cells, names, strict=True)
    ]
    return _CELLS.join(measured)


def _of(marker: int, passage: Passage) -> Iterator[SourceClause]:
    made: list[SourceClause] = []
    for span in split_sentences(passage.text):
        whole = passage.text[span.start : span.end]
        text = whole.strip()
        if text:
            start = span.start + len(whole) - len(whole.lstrip())
            made.append(
                SourceClause(marker, passage, start, start + len(text), text, topic_terms(text))
            )
    head = topic_terms(f"{passage.title} {' '.join(passage.headings)}")
    columns = ""  # the row that names them, while a table goes on
    names: frozenset[str] = frozenset()
    for number, place in enumerate(made):
        if _CELLS not in place.text:
            columns, names = "", frozenset()
        elif not columns:
            columns, names = place.text, place.terms
        else:
            place.head = columns
        near = made[max(0, number - _NEAR) : number] + made[number + 1 : number + 2]
        place.about = head | names
        if not names:
            place.about = place.about.union(*(other.terms for other in near))
        yield place
