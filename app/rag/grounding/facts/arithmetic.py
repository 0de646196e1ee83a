"""Whether a number follows from numbers of the sources by one step of arithmetic."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations

from app.rag.grounding.facts.fact import Fact, facts_in
from app.rag.grounding.places import SourceClause
from app.rag.grounding.sentences import split_clauses
from app.rag.grounding.wording import topic_terms

# Words that say that something was computed.
_COMPUTES = re.compile(
    r"合计|总计|总共|一共|共计|共(?=\s*[\d一二三四五六七八九十])|总额|总和|相差|差额|多出|少了|剩余|平均|的\s*[\d一二两三四五六七八九十.]+\s*倍|(?:增长|减少|提高|下降)[^，。；]{0,6}[\d一二三四五六七八九十百千]|折合|比.{1,20}[多少高低大小长短贵重轻快慢]|(?<![最至不])[多少高低贵][出了]?\s*\d|相当于|等于|即(?![可将使便刻日时])"
    r"|×|÷|[+*=]|\bi\.e\.|\b(?:total\w*|sum|altogether|in all|together|combined|differences?"
    r"|average|times|twice|double|increase\w*|decrease\w*|grew|fell|than|remaining|left|equals?"
    r"|adds? up|amounts? to|per cent|percent)\b",
    re.IGNORECASE,
)
_MOST_NUMBERS = 16
_PRECISION = 0.005  # of a quotient: it is rounded


def computed_from(
    fact: Fact,
    sentence: str,
    about: frozenset[str],
    places: Sequence[SourceClause],
    *,
    rows: Sequence[SourceClause] = (),
) -> list[SourceClause]:
    """The places whose numbers give the fact: two to four added, a difference, product, quotient
    or a change in per cent, of numbers that are said of some of what the fact is about, or that
    stand in `rows`, which are of what the sentence names.

    None where the sentence does not claim that anything was computed.
    """
    if fact.kind != "quantity" or not _COMPUTES.search(sentence):
        return []
    if places_of_dates := _interval(fact, places):
        return places_of_dates
    words = {term for term in about if len(term) > 1}
    known = [
        (f, place)
        for place in dict.fromkeys((*rows, *places))
        for f in (place.facts if place in rows else _said_of(words, place))
        if f.kind == "quantity"
    ][:_MOST_NUMBERS]
    for count in (2, 3, 4):
        for chosen in combinations(known, count):
            if _gives([f for f, _ in chosen], fact):
                return list(dict.fromkeys(place for _, place in chosen))
    return []


def _said_of(words: set[str], place: SourceClause) -> Iterator[Fact]:
    for clause in split_clauses(place.text):
        if words & topic_terms(clause):
            yield from facts_in(clause, source=True)


def _interval(fact: Fact, places: Sequence[SourceClause]) -> list[SourceClause]:
    """Two dates that are so many months or days apart; the last day may count."""
    dated = [
        (date(*f.date), place)
        for place in places
        for f in place.facts
        if f.kind == "date" and all(f.date)
    ]
    for (one, first), (other, second) in combinations(dated, 2):
        days = abs((other - one).days)
        months = round(days / 30.4375) if abs(days % 30.4375 - 15) > 12 else -1
        apart = {"time": (days * 86400.0, (days + 1) * 86400.0), "months": (float(months),)}
        if fact.value in apart.get(fact.dimension, ()):
            return list(dict.fromkeys((first, second)))
    return []


def _gives(operands: Sequence[Fact], fact: Fact) -> bool:
    alike = len({f.dimension for f in operands}) == 1
    values = [f.value for f in operands]
    if alike and fact.dimension in ("", operands[0].dimension) and _exact(sum(values), fact.value):
        return True
    if len(operands) != 2:
        return False
    one, other = operands
    return any(_exact(got, fact.value) for got in _differences(one, other, fact)) or any(
        _near(got, fact.value) for got in _ratios(one, other, fact)
    )


def _differences(one: Fact, other: Fact, fact: Fact) -> Iterator[float]:
    if one.dimension == other.dimension and fact.dimension in ("", one.dimension):
        yield abs(one.value - other.value)
    if fact.dimension in (one.dimension, other.dimension, ""):
        yield one.value * other.value


def _ratios(one: Fact, other: Fact, fact: Fact) -> Iterator[float]:
    a, b = one.value, other.value
    if one.dimension == other.dimension and a and b and fact.dimension in ("", "share", "times"):
        scale = 100 if fact.dimension == "share" else 1
        yield from (a / b * scale, b / a * scale)
        yield from (abs(b - a) / a * scale, abs(a - b) / b * scale)
    if fact.dimension in (one.dimension, other.dimension, ""):
        for share, whole in ((one, other), (other, one)):
            if share.dimension == "share":
                yield whole.value * share.value / 100
            if not share.dimension and share.value:
                yield whole.value / share.value


def _exact(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-9 * max(abs(one), abs(other))


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= _PRECISION * abs(other) if other else one == other
