"""Ranges as tables write them, 满 3 年不满 5 年 or "more than 5 days", and amounts in questions.

A table that grades by length of service or by price is asked with one amount: three years. The row
it falls into is the one that is meant, though it shares no word with the question.
"""

import math
import re
import unicodedata
from dataclasses import dataclass

from app.rag.grounding.facts.numbers import numerals_as_digits

_AMOUNT = r"(\d+(?:\.\d+)?)\s*([^\W\d_]*?)"
_LOW_OPEN = r"超过|高于|大于|多于|more than|over|above|older than|longer than"
_LOW_CLOSED = r"满|达到?|不少于|不低于|不小于|至少|at least|from"
_HIGH_OPEN = r"不满|未满|不足|不到|低于|少于|小于|less than|fewer than|under|below"
_HIGH_CLOSED = r"不超过|不高于|不多于|不大于|至多|最多|up to|at most|no more than"
_BEFORE = re.compile(
    # the longer words first: 不满 is no 满
    rf"(?:(?P<high_closed>{_HIGH_CLOSED})|(?P<high_open>{_HIGH_OPEN})|(?P<low_open>{_LOW_OPEN})"
    rf"|(?P<low_closed>{_LOW_CLOSED}))\s*{_AMOUNT}(?=$|[\d\s,，、;；()]|{_HIGH_CLOSED}|{_HIGH_OPEN})"
)
_BEHIND = re.compile(
    rf"{_AMOUNT}\s*(?:(?P<low>及?以上|起|or more|and more|or over|and over|\+)"
    rf"|(?P<high>及?以下|及?以内|之内|or less|or fewer|or under))"
)
_BETWEEN = re.compile(rf"{_AMOUNT}\s*(?:至|到|[-–—~～]|to|and)\s*{_AMOUNT}(?=$|[\s,，、;；()])")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_MYRIADS = re.compile(r"(\d+(?:\.\d+)?)\s*万")
_COLLOQUIAL = re.compile(r"(?<=\d)\s*块钱?")
_INCLUSIVE = re.compile(r"\(不?含(?:本数)?\)")
_CALENDAR_YEARS = (1900, 2100)


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`; what is open does not hold its end. `unit` in lower case."""

    low: float
    high: float
    low_open: bool
    high_open: bool
    unit: str

    def holds(self, amount: float) -> bool:
        above = amount > self.low if self.low_open else amount >= self.low
        return above and (amount < self.high if self.high_open else amount <= self.high)

    def is_within(self, other: "Interval") -> bool:
        """Whether it is a part of the other: 45 岁以上 of 30 岁以上."""
        return (self.low, self.high) != (other.low, other.high) and (
            other.low <= self.low and self.high <= other.high
        )


def interval_of(cell: str) -> Interval | None:
    """The range that a cell is of; None where it is none, or has no unit to be known by."""
    text = _plain(cell)
    if between := _BETWEEN.search(text):
        low, first_unit, high, unit = between.groups()
        return _with_unit(float(low), float(high), False, False, unit or first_unit)
    low, high, low_open, high_open, unit = 0.0, math.inf, False, False, ""
    for found in _BEFORE.finditer(text):
        amount, unit = float(found[5]), found[6] or unit
        if found["low_open"] or found["low_closed"]:
            low, low_open = amount, bool(found["low_open"])
        else:
            high, high_open = amount, bool(found["high_open"])
    if not unit and (found_behind := _BEHIND.search(text)):
        unit = found_behind[2]
        if found_behind["low"]:
            low = float(found_behind[1])
        else:
            high = float(found_behind[1])
    return _with_unit(low, high, low_open, high_open, unit)


def amounts_in(question: str, unit: str) -> list[float]:
    """The numbers in the question that stand before that unit; calendar years are none."""
    behind = rf"{re.escape(unit)}s?\b" if unit.isascii() else re.escape(unit)
    found = re.findall(rf"(\d+(?:\.\d+)?)\s*个?{behind}", _plain(question))
    first, last = _CALENDAR_YEARS
    return [float(n) for n in found if not (unit == "年" and first <= float(n) <= last)]


def _with_unit(
    low: float, high: float, low_open: bool, high_open: bool, unit: str
) -> Interval | None:
    plain = unit.removesuffix("s") if unit.isascii() else unit
    bounded = (low, high) != (0.0, math.inf)
    return Interval(low, high, low_open, high_open, plain) if bounded and plain else None


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", numerals_as_digits(text)).casefold().strip()
    folded = _INCLUSIVE.sub("", _THOUSANDS.sub("", folded))
    return _COLLOQUIAL.sub("元", _MYRIADS.sub(lambda m: str(round(float(m[1]) * 10_000)), folded))
