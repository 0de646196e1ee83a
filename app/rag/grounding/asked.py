"""How much of what a question asks a sentence speaks of.

A bare answer, "30 million", says nothing of what it is of: a source may hold the number and say it
of something else. Terms weigh the more, the fewer sentences of the sources have them.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from app.rag.grounding.facts.fact import Fact, read_facts
from app.rag.grounding.places import Places, SourceClause
from app.rag.grounding.wording import asked_terms

# Chosen on two thirds of two sets: docs/decisions/2026-11-29-judge.md
_LEAST_TOLD = 0.2
_CLEARLY = 0.3  # by which another sentence speaks more of what is asked
_SURROUNDINGS = 0.7  # what a term around a sentence counts, of one in it


@dataclass(frozen=True, slots=True)
class Asked:
    """`weights` of the question's terms that the sources have, which sum up to 1; `asks` whether
    the question has terms at all; `facts` that it states."""

    weights: Mapping[str, float]
    asks: bool
    facts: Sequence[Fact] = ()

    @classmethod
    def of(cls, question: str, places: Places) -> Self:
        stated, rest = read_facts(question)  # a period is not what it asks about, a part number is
        named = " ".join(fact.text for fact in stated if fact.kind == "identifier")
        wanted = asked_terms(f"{rest} {named}") or asked_terms(question)
        held = Counter(term for place in places.all for term in place.terms & wanted)
        # A term that stands nowhere tells no sentence apart: often it is half of two words.
        rarity = {t: math.log((len(places.all) + 1) / (n + 0.5)) for t, n in held.items()}
        total = sum(rarity.values()) or 1.0
        weights = {term: weight / total for term, weight in rarity.items()}
        return cls(weights, bool(wanted), stated)

    def stands_apart(self, said: frozenset[str], places: list[SourceClause]) -> bool:
        """Whether none of the places, nor `said` itself, speaks of what is asked."""
        told = max((self._told(place, said) for place in places), default=1.0)
        return self.asks and told < _LEAST_TOLD

    def meant(
        self,
        fact: Fact,
        said: frozenset[str],
        holders: list[SourceClause],
        places: list[SourceClause],
    ) -> SourceClause | None:
        """The sentence with another such fact that clearly speaks more of what is asked than those
        that hold this one, and that also has what the question states and they have; None where
        there is none."""
        held = max((self._own(place, said) for place in holders), default=0.0)
        stated = [mine for mine in self.facts if any(place.says(mine) for place in holders)]
        others = [p for p in places if p.has_other(fact) and all(map(p.says, stated))]
        best = max(others, key=self._own, default=None)
        if best is None or self._own(best) - held < _CLEARLY:
            return None
        # A character that two words share says nothing: 会议, 决议.
        told = any(len(term) > 1 and term in best.terms for term in self.weights)
        return best if told else None

    def _own(self, place: SourceClause, said: frozenset[str] = frozenset()) -> float:
        return sum(self.weights[term] for term in self.weights if term in place.terms | said)

    def _told(self, place: SourceClause, said: frozenset[str]) -> float:
        around = place.about - place.terms - said
        more = sum(self.weights[term] for term in self.weights if term in around)
        return self._own(place, said) + _SURROUNDINGS * more
