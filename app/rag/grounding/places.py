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

    @cached_property
    def facts(self) -> Sequence[Fact]:
        return facts_in(_NUMBERED.sub("", self.text), source=True)

    @cached_property
    def plain(self) -> str:
        return plain(self.text)

    def says(self, fact: Fact) -> bool:
        """Whether the sentence holds it; of a date, its passage may say the year elsewhere."""
        if fact.kind == "name":
            return fact.text in self.plain
        if any(same(fact, other) for other in self.facts):
            return True
        year, month, day = fact.date
        if not (year and month) or not _mentions(self.passage.text, year):
            return False
        without_year = replace(fact, date=(0, month, day))
        return any(not other.date[0] and same(without_year, other) for other in self.facts)

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
    names: frozenset[str] = frozenset()  # of the columns, while a table goes on
    for number, place in enumerate(made):
        if _CELLS not in place.text:
            names = frozenset()
        elif not names:
            names = place.terms
        near = made[max(0, number - _NEAR) : number] + made[number + 1 : number + 2]
        place.about = head | names
        if not names:
            place.about = place.about.union(*(other.terms for other in near))
        yield place
