"""What the sources have on one statement: near sentences, holders of its facts, opponents."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from app.rag.grounding.facts.fact import Fact, comparable, facts_in, read_facts, same
from app.rag.grounding.facts.names import names_in, organisations_in, renamed
from app.rag.grounding.facts.polarity import opposed
from app.rag.grounding.places import Places, SourceClause
from app.rag.grounding.sentences import split_clauses
from app.rag.grounding.statements import Statement
from app.rag.grounding.wording import plain, topic_terms
from app.rag.language import Language, language_of

# Shares of terms, 0 to 1.
_SAME_MATTER = 0.6  # of what a fact is said of, in a sentence that could contradict it
_SAME_DATED = 0.7  # the same of a date: a text tells many events with the same words
_SAME_AS_ASKED = 0.9  # the same of a fact that the question itself states
_ABOUT_FACT = 0.3  # of its subject, in the sentence that holds it or around it
_CLEARLY = 0.2  # by which another sentence is nearer to the subject
_SAME_CLAUSE = 0.5  # Dice coefficient of two clauses on the same matter
_AS_NEAR = 0.1  # by which two clauses count as equally near
_SURROUNDINGS = 0.7  # what a term around a sentence counts, of one in it
_SEVERAL_FACTS = 0.5  # as if half of the words were shared

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a statement; `terms` are of what is no fact."""

    text: str
    terms: frozenset[str]
    facts: tuple[Fact, ...]

    @classmethod
    def read(cls, text: str) -> "Clause":
        facts, rest = read_facts(text)
        # Wednesdays and Hong Kong dollars are no names.
        told = [fact.text for fact in facts if fact.kind != "identifier"]
        names = [Fact("name", n) for n in names_in(text) if not any(n in each for each in told)]
        return cls(text, topic_terms(rest), (*facts, *names))


@dataclass(frozen=True)
class Evidence:
    """Of `statement` in `places`; `asked` is the question, `claims` what of the statement needs
    support."""

    statement: Statement
    places: Places
    asked: Clause
    claims: str

    @cached_property
    def clauses(self) -> list[Clause]:
        return [Clause.read(text) for text in split_clauses(self.claims)]

    @cached_property
    def terms(self) -> frozenset[str]:
        return _NOTHING.union(*(clause.terms for clause in self.clauses))

    @cached_property
    def facts(self) -> list[Fact]:
        return [fact for clause in self.clauses for fact in clause.facts]

    @cached_property
    def about(self) -> frozenset[str]:
        return topic_terms(self.statement.about) or self.asked.terms

    @cached_property
    def language(self) -> Language:
        return language_of(self.statement.text + self.statement.about)

    @cached_property
    def markers(self) -> tuple[int, ...]:
        """Numbers in the statement's brackets that name a passage."""
        return tuple(n for n in self._numbers if n <= len(self.places.passages))

    @property
    def nowhere(self) -> tuple[int, ...]:
        return tuple(n for n in self._numbers if n > len(self.places.passages))

    @property
    def _numbers(self) -> list[int]:
        return list(dict.fromkeys(n for marker in self.statement.markers for n in marker.numbers))

    @cached_property
    def ranked(self) -> list[SourceClause]:
        """By what they share with the statement; what the question lacks counts first."""
        new = self.terms - self.asked.terms

        def score(place: SourceClause) -> float:
            own = 2 * len(new & place.terms) + len(self.terms & place.terms)
            facts = sum(map(place.says, self.facts)) if own or not self.terms else 0
            near = len(self.about & place.terms) + len(self.terms & place.about) / 2
            marked = 1.25 if place.marker in self.markers else 1.0
            return marked * (own + 3 * facts + near / 4)

        return sorted(self.places.all, key=score, reverse=True)

    def subject(self, clause: Clause) -> frozenset[str]:
        """What the clause says its facts of; of a cell, with its row and its column."""
        own = clause.terms or self.terms or self.about
        return own | self.about if self.statement.kind == "cell" else own

    def holder(self, fact: Fact, subject: frozenset[str]) -> SourceClause | None:
        """The sentence that holds the fact and is about that subject."""
        holders = [place for place in self.places.all if place.says(fact)]
        rated = [(self._on(subject, p), p.marker in self.markers, p) for p in holders]
        best = max(rated, key=lambda each: each[:2], default=(0.0, False, None))
        return best[2] if best[0] >= _ABOUT_FACT else None

    def closest(self, place: SourceClause) -> SourceClause:
        """Of the sentences that hold as much of the statement, such as rows of a table with one
        number, the one that says most of what is asked."""
        facts, terms = [f for f in self.facts if place.says(f)], self.terms & place.terms
        whole = self.terms | self.asked.terms
        alike = [
            other
            for other in self.places.all
            if other.marker == place.marker or place.marker not in self.markers
            if terms <= other.terms and all(map(other.says, facts))
        ]
        return max(alike, key=lambda p: (len(whole & p.terms), p is place), default=place)

    def rival(
        self, fact: Fact, subject: frozenset[str], holder: SourceClause | None
    ) -> SourceClause | None:
        """The sentence about the same that has another such fact instead, and that is clearly
        nearer to the subject than the holder, where there is one."""
        if holder and not self.terms and self.statement.kind != "cell":
            return None  # a bare answer: what the question says is no subject to tell rivals by
        share = _SAME_DATED if fact.kind == "date" else _SAME_MATTER
        share = _SAME_AS_ASKED if fact in self.asked.facts else share
        held = len(subject & holder.terms) / len(subject) + _CLEARLY if holder and subject else 0.0
        least = max(share, held) * len(subject)
        rivals = [
            place
            for place in self.places.all
            if len(subject & place.terms) >= least and place.has_other(fact)
        ]
        return max(rivals, key=lambda place: self._on(subject, place), default=None)

    def swapped(self, fact: Fact, clause: Clause, place: SourceClause) -> bool:
        """Whether another clause of the sentence, with such a fact of its own, is what is meant:
        病假 12 天 where it says 年假 12 天，病假 10 天."""
        with_it = without = 0
        for text in split_clauses(place.text):
            others = [f for f in facts_in(text, source=True) if comparable(fact, f)]
            shared = len(clause.terms & topic_terms(text))
            if any(same(fact, other) for other in others):
                with_it = max(with_it, shared)
            elif others and not any(same(mine, o) for mine in clause.facts for o in others):
                without = max(without, shared)
        return without > with_it + len(clause.terms) / 4

    def opponent(self, clause: Clause) -> SourceClause | None:
        """A sentence on the same that says the contrary; none where one as near agrees."""
        near = self._nearest_clauses(clause)
        if len(clause.terms) < 2 or not near or near[0][0] < _SAME_CLAUSE:
            return None
        as_near = [(text, place) for dice, text, place in near if dice >= near[0][0] - _AS_NEAR]
        said = clause.text.casefold()
        return as_near[0][1] if all(opposed(said, text.casefold()) for text, _ in as_near) else None

    def namesake(self, clause: Clause) -> SourceClause | None:
        """A sentence that says the same of another person, place or organisation."""
        said = plain(clause.text)
        near = self._nearest_clauses(clause) if language_of(said) == "zh" else []
        if not near or said in self.places.text:
            return None
        _, text, place = near[0]
        return place if renamed(said, plain(text)) else None

    def stranger(self) -> SourceClause | None:
        """The nearest sentence, where the statement names a Chinese organisation that no source
        knows."""
        if not self.places.all or self.language != "zh":
            return None
        named = organisations_in(plain(self.claims))
        strange = any(name not in self.places.text for name in named)
        return self.ranked[0] if strange else None

    def covered(self, terms: frozenset[str], places: Sequence[SourceClause]) -> float:
        """Share of the terms that stand in the sentences or, counting less, around them."""
        own = terms & _NOTHING.union(*(place.terms for place in places))
        around = (terms & _NOTHING.union(*(place.about for place in places))) - own
        return (len(own) + _SURROUNDINGS * len(around)) / len(terms) if terms else 1.0

    def _on(self, subject: frozenset[str], place: SourceClause) -> float:
        """How surely a sentence is about that subject; several facts of the statement in it say
        so, too."""
        several = _SEVERAL_FACTS if sum(map(place.says, self.facts)) > 1 else 0.0
        return max(self.covered(subject, [place]), self.covered(self.terms, [place]), several)

    def _nearest_clauses(self, clause: Clause) -> list[tuple[float, str, SourceClause]]:
        """Clauses of the sources on the same matter, nearest first."""
        least = len(clause.terms) / 2
        compared = [
            (2 * len(clause.terms & terms) / (len(clause.terms) + len(terms)), text, place)
            for place in self.places.all
            if clause.terms and len(clause.terms & place.terms) >= least
            for text in split_clauses(place.text)
            if (terms := topic_terms(text))
        ]
        return sorted(compared, key=lambda each: -each[0])
