"""The checker that needs no other model: words, exact facts, and vectors across languages.

A statement is supported where sentences of the sources hold its words, and each fact in it (number,
date, name, identifier) stands in a sentence about the same. A fact that differs from that of the
sentence about the same contradicts it, and so does a denial. What the words leave open, the
embedder decides, where there is one: between languages, and for other wordings.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from app.rag.grounding.asked import Asked
from app.rag.grounding.evidence import Clause, Evidence
from app.rag.grounding.facts.arithmetic import computed_from
from app.rag.grounding.facts.fact import Fact, comparable
from app.rag.grounding.facts.polarity import opposed_across
from app.rag.grounding.meaning import Meaning
from app.rag.grounding.places import Places, SourceClause
from app.rag.grounding.sentences import split_clauses
from app.rag.grounding.speech import claims_of, refuses
from app.rag.grounding.statements import statements
from app.rag.types import Check, Passage, Reason, Verdict
from ingest.embedding.embedder import Embedder

# Shares of a statement's terms, 0 to 1.
_ENOUGH = 0.5  # that its sources hold
_ENOUGH_MARKED = 0.35  # where the model itself named the source: evidence, too
_ENOUGH_WITH_FACTS = 0.25  # where the facts in it are there, too, or were computed
_OF_A_CLAUSE = 0.2  # of each clause of some terms
_SOME_TERMS = 5
_GAIN = 0.25  # that another sentence has to add
_SAME_WORDS = 0.9  # of what a fact is said of
_BARE = 8  # terms, of an answer that needs its question to be understood
_MOST_PLACES = 3  # that support one statement together
# Sentences that are compared by their vectors, which take some 30 ms each on one core.
_MOST_COMPARED = 8  # in another language
_MOST_ALIKE = 3


@dataclass(slots=True)
class _Found:
    """What speaks for a statement, and what is missing or against it."""

    places: list[SourceClause] = field(default_factory=list)
    operands: list[SourceClause] = field(default_factory=list)
    against: SourceClause | None = None
    reason: Reason = ""


@dataclass(frozen=True)
class EmbeddedChecker:
    """Implements `Checker`. Without an embedder, words and facts decide alone."""

    embedder: Embedder | None = None

    def check(self, question: str, answer: str, passages: Sequence[Passage]) -> tuple[Check, ...]:
        places, asked, said = Places(passages), Clause.read(question), statements(answer)
        names = [passage.document_name for passage in passages]
        # What one of several sentences is about, the others tell.
        alone = Asked.of(question, places) if len(said) == 1 else None
        return tuple(
            _Judgement(
                Evidence(statement, places, asked, claims_of(statement.text, names)),
                self._meaning,
                alone,
            ).check()
            for statement in said
        )

    def warm(self) -> None:
        self.check("", "年假十五天。", ())
        if self._meaning:
            self._meaning.measure()

    @cached_property
    def _meaning(self) -> Meaning | None:
        return Meaning(self.embedder) if self.embedder else None


@dataclass(frozen=True, slots=True)
class _Judgement:
    """Of one statement."""

    evidence: Evidence
    meaning: Meaning | None
    asked: Asked | None = None  # where the statement is all that the answer says

    def check(self) -> Check:
        evidence, said = self.evidence, self.evidence.statement
        if said.kind == "heading" or (
            len(evidence.terms) < self._least_terms and not evidence.facts
        ):
            return self._refused() or self._verdict("no_statement", self._named())
        if self._only_foreign() and (translated := self._translated()):
            return translated
        found = self._facts_and_denials()
        if found.against is not None:
            return self._verdict("contradicted", [found.against], found.reason)
        if found.reason or not self._worded(found):
            return self._other_words(found) or self._verdict(
                "unsupported", self._named(), found.reason or "words"
            )
        if found.operands:
            return self._verdict("computed", [*found.places, *found.operands])
        return self._bare(found) or self._verdict("supported", map(evidence.closest, found.places))

    def _refused(self) -> Check | None:
        """The verdict where the sources say what the statement says they lack."""
        if not refuses(self.evidence.statement.text):
            return None
        opponents = map(
            self.evidence.opponent, map(Clause.read, split_clauses(self.evidence.statement.text))
        )
        against = next(filter(None, opponents), None)
        return self._verdict("contradicted", [against], "negation") if against else None

    def _bare(self, found: _Found) -> Check | None:
        """The verdict on an answer of a few words that the sources say of something else."""
        evidence = self.evidence
        if self.asked is None or len(evidence.terms - evidence.asked.terms) > _BARE:
            return None
        # Several facts that one sentence has together say themselves what they are of.
        together = any(sum(map(place.says, evidence.facts)) > 1 for place in found.places)
        for fact in () if together else evidence.facts:
            meant = self.asked.meant(fact, evidence.terms, found.places, evidence.places.all)
            if meant:
                return self._verdict("contradicted", [meant], _reason(fact))
        named = any(place in evidence.rows for place in found.places)
        if not named and self.asked.stands_apart(evidence.terms, found.places):
            return self._verdict("unsupported", self._named(), "words")
        return None

    @property
    def _least_terms(self) -> int:
        """Of a statement; one word is one where it is all that is answered."""
        return 1 if self.asked and self.asked.asks else 2

    def _verdict(
        self, verdict: Verdict, places: Iterable[SourceClause], reason: Reason = ""
    ) -> Check:
        said = self.evidence.statement
        return Check(
            start=said.start,
            end=said.end,
            verdict=verdict,
            kind=said.kind,
            reason=reason,
            sources=tuple(dict.fromkeys(place.citation() for place in places)),
            markers=said.markers,
            nowhere=self.evidence.nowhere,
        )

    def _named(self) -> list[SourceClause]:
        """The nearest sentence of each source that the model named."""
        evidence = self.evidence
        if not evidence.claims and refuses(evidence.statement.text):
            return []
        nearest: dict[int, SourceClause] = {}
        for place in self.evidence.ranked:
            nearest.setdefault(place.marker, place)
        return [nearest[marker] for marker in self.evidence.markers if marker in nearest]

    def _facts_and_denials(self) -> _Found:
        found = _Found()
        for clause in self.evidence.clauses:
            for fact in clause.facts:
                self._fact(fact, clause, found)
                if found.reason:
                    return found
        if place := self.evidence.stranger():
            return _Found(against=place, reason="name")
        for clause in self.evidence.clauses:
            if place := self.evidence.opponent(clause):
                return _Found(against=place, reason="negation")
            if place := self.evidence.namesake(clause):
                return _Found(against=place, reason="name")
        return found

    def _fact(self, fact: Fact, clause: Clause, found: _Found) -> None:
        evidence = self.evidence
        subject = evidence.subject(clause)
        place = evidence.holder(fact, subject) or evidence.other_side(fact, subject)
        other_side = place and not place.says(fact)
        rival = None if other_side else evidence.rival(fact, subject, place)
        if place and not rival:
            if evidence.swapped(fact, clause, place):
                found.reason, found.against = _reason(fact), place
            elif place not in found.places:
                found.places.append(place)
            return
        about = evidence.terms | evidence.about
        # What a source says in the same words, with another number, was not computed.
        same_words = (
            rival and clause.terms and len(subject & rival.terms) >= _SAME_WORDS * len(subject)
        )
        near = evidence.ranked[:6]
        operands = (
            []
            if same_words
            else computed_from(fact, evidence.claims, about, near, rows=evidence.rows)
        )
        if operands:
            found.operands += operands
        elif rival or fact not in evidence.asked.facts:  # what was asked needs no source
            found.reason, found.against = _reason(fact), rival

    def _worded(self, found: _Found) -> bool:
        """Whether the sources have its words; `found.places` are completed."""
        evidence = self.evidence
        for place in evidence.ranked if evidence.terms else ():
            held = frozenset[str]().union(*(p.terms for p in found.places))
            gain = len((evidence.terms & place.terms) - held) / len(evidence.terms)
            if len(found.places) >= _MOST_PLACES or (found.places and gain < _GAIN):
                break
            if gain and place not in found.places:
                found.places.append(place)
        found.places = [place for place in found.places if place not in found.operands]
        used = [*found.places, *found.operands]
        marked = any(place.marker in evidence.markers for place in used)
        enough = _ENOUGH_MARKED if marked else _ENOUGH
        if found.operands or (marked and evidence.facts):
            enough = _ENOUGH_WITH_FACTS
        return bool(used) and (
            evidence.covered(evidence.terms, used) >= enough
            and all(
                evidence.covered(clause.terms, used) >= _OF_A_CLAUSE
                for clause in evidence.clauses
                if len(clause.terms) >= _SOME_TERMS
            )
        )

    # By meaning

    def _only_foreign(self) -> bool:
        """Whether the sources that count are all in another language."""
        evidence, languages = self.evidence, self.evidence.places.languages
        markers = evidence.markers or tuple(languages)
        return bool(markers) and all(languages[n] != evidence.language for n in markers)

    def _other_words(self, found: _Found) -> Check | None:
        """The verdict where a source says it in other words, or in another language."""
        evidence = self.evidence
        if not found.reason:
            alike = [p for p in evidence.ranked[:_MOST_ALIKE] if evidence.terms & p.terms]
            if place := self._nearest(found.places or alike, facts=False):
                return self._verdict("supported", [place])
        translated = self._translated()
        return translated if translated and translated.verdict == "supported" else None

    def _translated(self) -> Check | None:
        """The verdict by sources in another language; None where they have nothing like it."""
        evidence = self.evidence
        languages = evidence.places.languages
        foreign = [p for p in evidence.ranked if languages[p.marker] != evidence.language]
        foreign.sort(key=lambda p: p.marker not in evidence.markers)
        numbers = [fact for fact in evidence.facts if fact.kind != "name"]
        holders = [p for p in foreign if numbers and all(map(p.says, numbers))]
        near = self._nearest(holders or foreign, facts=bool(holders))
        if near is None:
            return None
        if numbers and not holders:
            other = any(comparable(mine, its) for mine in numbers for its in near.facts)
            verdict: Verdict = "contradicted" if other else "unsupported"
            return self._verdict(verdict, [near], _reason(numbers[0]))
        if opposed_across(evidence.claims.casefold(), near.text.casefold()):
            return self._verdict("contradicted", [near], "negation")
        return self._verdict("supported", [near])

    def _nearest(self, places: Sequence[SourceClause], *, facts: bool) -> SourceClause | None:
        """The one that means the same. Without an embedder, facts and the model's own marker say
        so."""
        if self.meaning is None:
            return places[0] if facts and self.evidence.markers else None
        said = self.evidence.statement
        text = self.evidence.claims
        text = f"{said.about} {text}" if said.kind == "cell" else text
        compared = places[:_MOST_COMPARED]
        best = self.meaning.nearest(text, [place.text for place in compared], facts=facts)
        return None if best is None else compared[best]


def _reason(fact: Fact) -> Reason:
    match fact.kind:
        case "date" | "time":
            return "date"
        case "name" | "identifier":
            return "name"
        case _:
            return "number"
