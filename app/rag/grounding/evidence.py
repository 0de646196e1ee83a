"""What the sources have on one statement: near sentences, holders of its facts, opponents."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from app.rag.grounding.facts.fact import Fact, comparable, complements, facts_in, read_facts
from app.rag.grounding.facts.names import names_in, organisations_in, renamed
from app.rag.grounding.facts.polarity import denied, exceptions_in, opposed
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
_EXCEPTED = 0.6  # of the terms of an exception
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
        terms = topic_terms(rest)
        # A character beside a fact says nothing of its own: 到 12 日, 5 月 20 日前.
        lone = facts and all(len(term) == 1 for term in terms)
        return cls(text, _NOTHING if lone else terms, (*facts, *names))


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

    @cached_property
    def _keys(self) -> list[Fact]:
        """Identifiers that the statement is of: those that a cell's row or column names; without
        any of its own, those of the question."""
        of_cell = facts_in(self.statement.about) if self.statement.kind == "cell" else ()
        named = (
            [f for f in facts if f.kind == "identifier"]
            for facts in (of_cell, self.facts, self.asked.facts)
        )
        return next(filter(None, named), [])

    @cached_property
    def rows(self) -> list[SourceClause]:
        """Rows of tables that are meant: they hold such an identifier, or are called as the row
        of the cell is."""
        name = plain(self.statement.about) if self.statement.kind == "cell" else ""
        return [
            place
            for place in self.places.all
            if place.head
            if any(map(place.says, self._keys))
            or any(name.startswith(f"{cell} ") for cell in place.cells)
        ]

    @cached_property
    def _tables(self) -> set[tuple[int, str]]:
        return {(row.marker, row.head) for row in self.rows}

    def _of_other_row(self, place: SourceClause) -> bool:
        """Whether it stands beside the rows that are meant."""
        return (place.marker, place.head) in self._tables and place not in self.rows

    def subject(self, clause: Clause) -> frozenset[str]:
        """What the clause says its facts of; of a cell, with its row and its column."""
        own = clause.terms or self.terms or self.about
        return own | self.about if self.statement.kind == "cell" else own

    def holder(self, fact: Fact, subject: frozenset[str]) -> SourceClause | None:
        """The sentence that holds the fact and is about that subject."""
        holders = [p for p in self.places.all if p.says(fact) and not self._of_other_row(p)]
        best = max(holders, key=lambda place: self._nearness(subject, place), default=None)
        about = best and (best in self.rows or self._on(subject, best) >= _ABOUT_FACT)
        return best if about else None

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
            if not self._of_other_row(other)
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
            if len(subject & place.terms) >= least or (place in self.rows and not holder)
            if place.has_other(fact) and not self._of_other_row(place)
        ]
        return max(rivals, key=lambda p: (p in self.rows, self._on(subject, p)), default=None)

    def swapped(self, fact: Fact, clause: Clause, place: SourceClause) -> bool:
        """Whether another clause of the sentence, with such a fact of its own, is what is meant:
        病假 12 天 where it says 年假 12 天，病假 10 天."""
        with_it = without = 0
        subject = clause.terms if self.terms else self.subject(clause)
        for text in split_clauses(place.text):
            held = facts_in(text, source=True)
            others = [f for f in held if comparable(fact, f)]
            named = [f for f in held if f.kind == "identifier"]
            other_thing = self._keys and named and not any(f in self._keys for f in named)
            shared = 0 if other_thing else len(subject & topic_terms(text))
            if any(place.means(fact, other) for other in others):
                with_it = max(with_it, shared)
            elif others and not any(place.means(m, o) for m in clause.facts for o in others):
                without = max(without, shared)
        return without > with_it + len(subject) / 4

    def opponent(self, clause: Clause) -> SourceClause | None:
        """A sentence on the same that says the contrary; none where one as near agrees."""
        near = self._nearest_clauses(clause)
        if len(clause.terms) < 2 or not near or near[0][0] < _SAME_CLAUSE:
            return None
        as_near = [(text, place) for dice, text, place in near if dice >= near[0][0] - _AS_NEAR]
        said = clause.text.casefold()
        contrary = all(
            opposed(said, text.casefold()) and not self._excepted(place) for text, place in as_near
        )
        return as_near[0][1] if contrary else None

    def _excepted(self, place: SourceClause) -> bool:
        """Whether the sentence denies it but for what the statement has: who may not transfer a
        contract without consent may do so with it."""
        # 滤芯除外 in the statement is the same exception.
        own = [c for c in self.clauses if "除外" not in c.text]
        refused = _NOTHING.union(*(denied(c.text.casefold()) for c in own))
        exceptions = map(topic_terms, exceptions_in(place.text.casefold()))
        return any(
            terms and not terms & refused and len(terms & self.terms) >= _EXCEPTED * len(terms)
            for terms in exceptions
        )

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

    def other_side(self, fact: Fact, subject: frozenset[str]) -> SourceClause | None:
        """The holder of the other side of a limit of which the statement gives both: what holds
        beyond 3 days says where "up to 3 days" ends."""
        sides = (other for other in self.facts if complements(fact, other))
        return next(filter(None, (self.holder(side, subject) for side in sides)), None)

    def _nearness(self, subject: frozenset[str], place: SourceClause) -> tuple[float, ...]:
        """Without terms of its own, a statement leaves it to its subject which holder is meant."""
        bare = not self.terms
        told = (sum(map(place.says, self.facts)), self.covered(subject, [place])) if bare else ()
        return self._on(subject, place), place.marker in self.markers, *told

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
