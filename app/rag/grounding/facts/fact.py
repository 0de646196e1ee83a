"""What a sentence states exactly: quantities, dates, times of day, identifiers.

Facts are compared by value: 24 months are two years, 三月十二日 is March 12, 1,200 万元 are twelve
million yuan. A text holds a fact or does not; nothing here is a matter of degree.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from app.rag.grounding.facts.bounds import Bound, bound_of
from app.rag.grounding.facts.numbers import folded
from app.rag.grounding.facts.periods import each_of, part_of, parts_in
from app.rag.grounding.facts.units import CURRENCY_SIGNS, MONEY, MULTIPLES, UNITS

FactKind = Literal["quantity", "date", "time", "identifier", "name"]

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"(?P<year>(?:1[89]|20|21)\d\d)"
_DAY = r"(?P<day>[12]\d|3[01]|0?[1-9])"
_NUMBERED = r"(?P<month>1[0-2]|0?[1-9])"
# What shows that 2000 is no year: 2000 小时, "2000 hours", 2000 W. A single Chinese character may
# begin a word, 2005 成立; so may an English singular, "2024 second half". Won is a verb, too.
_MEASURE = "|".join(
    re.escape(unit)
    + (r"(?![a-z\d])" if unit.isascii() else r"(?![\u3400-\u9fff])" * (len(unit) < 2))
    for unit, (dimension, _) in UNITS.items()
    if unit not in ("won", "a", "s") and dimension != "months" and f"{unit}s" not in UNITS
)
_DATES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_YEAR}\s*年\s*{_NUMBERED}\s*月(?:份)?(?:\s*{_DAY}\s*[日号])?",
        rf"(?<!\d)(?<![a-z]-){_YEAR}(?P<sep>[-/.]){_NUMBERED}(?P=sep){_DAY}(?![\d-])",
        rf"(?<![\d个])(?<!个 ){_NUMBERED}\s*月(?!数)(?:份)?(?:\s*{_DAY}\s*[日号])?",
        rf"\b{_MONTH}\s+{_DAY}(?:st|nd|rd|th)?(?!\d)(?:,?\s+{_YEAR}\b)?",
        rf"(?<!\d){_DAY}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:,?\s+{_YEAR})?\b",
        rf"\b{_MONTH}\s+{_YEAR}\b",
        # not may and march, which are words as well
        r"\b(?P<name>january|february|april|june|july|august|september|october|november|december)\b",
        rf"(?<![\d./-])(?<!\d,){_YEAR}(?:\s*年度?(?!以|内|限|的合同)"
        rf"|(?![\d%]|[.,]\d|\s*(?:元|人|万|yuan|{_MEASURE})))",
    )
)
# Of white space within a fact. Without a bound, a pattern that begins with it would look through a
# long run from each of its places.
_GAP = r"\s{0,8}"
_HALF_DAY = r"(?P<half>凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|夜里|夜间)?"
_TIMES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_HALF_DAY}{_GAP}(?<!\d)(?P<hour>[01]?\d|2[0-4])[:：](?P<minute>[0-5]\d)(?!\d)"
        r"\s*(?P<suffix>[ap]\.?m\b\.?)?",
        r"(?<![\d.])(?P<hour>1[0-2]|[1-9])\s*(?P<suffix>[ap]\.?m\b\.?)",
        rf"{_HALF_DAY}{_GAP}(?<![\d.])(?P<hour>1\d|2[0-4]|\d)\s*(?:点|时(?!间|候|段|长))钟?"
        r"(?:(?P<words>半|1刻|3刻|整)|(?P<minute>[0-5]?\d)分(?!钟))?",
    )
)
_CODE = re.compile(
    r"(?<![a-z\d.])(?=[a-z\d._/-]*\d)(?=[a-z\d._/-]*[a-z])[a-z\d]+(?:[-_./][a-z\d]+)*(?![a-z\d])"
    r"|(?<![a-z\d.])\d+(?:\.\d+){2,}(?![a-z\d])|(?<![a-z\d.-])\d{3,}-(?:\d{3,}-)?\d{4,}(?![\d-])"
    r"|[a-z\d_.+-]{1,64}@[\w-]+\.[\w.-]+\w"
)
_SINGLE = "|".join(re.escape(unit) for unit in UNITS if len(unit) == 1 and unit.isascii())
_LONGER = "|".join(
    re.escape(unit) + (r"(?![a-z])" if unit[-1].isascii() and unit[-1].isalpha() else "")
    for unit in sorted(UNITS, key=len, reverse=True)
    if len(unit) > 1 or not unit.isascii() or not unit.isalpha()
)
_SIGNS = "|".join(
    rf"(?<![a-z]){re.escape(sign)}" for sign in sorted(CURRENCY_SIGNS, key=len, reverse=True)
)
_MULTIPLE = "|".join(sorted(MULTIPLES, key=len, reverse=True))
_NUMBER = r"-?\d+(?:\.\d+|/\d+)?"
_QUANTITY = re.compile(
    rf"(?:(?P<sign>{_SIGNS}){_GAP}|(?<![a-z\d_.]))(?P<low>{_NUMBER})"
    rf"(?:{_GAP}[^\W\d]{{0,3}}{_GAP}(?:-|–|—|~|至|到|\bto\b|\band\b)\s*(?P<high>-?\d+(?:\.\d+)?))?"
    rf"\s*(?P<multiple>{_MULTIPLE})?多?[ -]?"
    rf"(?:(?P<unit>{_LONGER})|(?:(?<=\d)|(?<=\d )(?![acj]))(?P<letter>{_SINGLE})(?![a-z0-9]))?"
    r"(?P<half>半)?"
)
_HALVES = re.compile(rf"半个?(?P<unit>{_LONGER})|half an? (?P<word>{_LONGER})")
_MAY_STATE = re.compile(
    r"[\d〇一二三四五六七八九十百千万亿两半旬壹贰貳叁參肆伍陆陸柒捌玖拾佰仟萬億]|[周期拜][日天]|[年月][初底末]"
    r"|\b(?:\w+days?|early|mid|late|end|start|beginning|first|second|an?|one|two|three"
    r"|four|five|six|seven|eight|nine|ten|eleven|third|\w+th"
    r"|twelve|\w+teen|\w+ty|hundred|thousand|million|half|"
    r"jan\w*|feb\w*|mar\w*|apr\w*|may|june?|july?|aug\w*|sept?\w*|oct\w*|nov\w*|dec\w*)\b",
    re.IGNORECASE,
)
_AND_A_HALF = re.compile(r"(?<![\d.])(\d+)个半")
_ONE = re.compile(rf"\ban? (?P<unit>{_LONGER})")


@dataclass(frozen=True, slots=True)
class Fact:
    """`value` is in the base unit of `dimension`, `bare` as it was written; a date is year, month
    and day, 0 where it says none, or the part `value` of a period, such as a weekday; a time is
    minutes since midnight. `each` is what a quantity is for, of 5 a month (months, 1)."""

    kind: FactKind
    text: str
    value: float = 0.0
    dimension: str = ""
    bare: float = 0.0
    date: tuple[int, int, int] = (0, 0, 0)
    bound: Bound = ""
    exact_half: bool = True  # of a time: whether it says which half of the day
    each: tuple[str, float] = ("", 1.0)
    in_range: str = ""  # of a weekday: first, last or within


def facts_in(text: str, *, source: bool = False) -> Sequence[Fact]:
    """All of them. In a source, "within a month" holds one month, too."""
    return read_facts(text, source=source)[0] if _MAY_STATE.search(text) else ()


@lru_cache(maxsize=8192)  # the same sources are compared again and again
def read_facts(text: str, *, source: bool = False) -> tuple[tuple[Fact, ...], str]:
    """The facts, and the rest of the text."""
    left = _AND_A_HALF.sub(r"\1.5个", folded(text, source=source))
    found: list[Fact] = []
    for read in (_parts, _dates, _times, _halves, _codes, _quantities):
        for fact, (start, end) in list(read(left)):
            found.append(fact)
            left = left[:start] + " " * (end - start) + left[end:]
    if source:
        found += [_quantity(1, m["unit"], m[0]) for m in _ONE.finditer(left)]
    return tuple(found), left


def same(fact: Fact, other: Fact) -> bool:
    """Whether a text that says `other` says `fact`."""
    if "date" in (fact.kind, other.kind):
        return _same_date(fact, other)
    if fact.kind != other.kind:
        return False
    match fact.kind:
        case "identifier":
            return fact.text == other.text
        case "time":
            apart = abs(fact.value - other.value) % 1440
            return apart == 0 or (apart == 720 and not (fact.exact_half and other.exact_half))
        case _:
            return _same_quantity(fact, other)


def complements(fact: Fact, other: Fact) -> bool:
    """Whether they are the two sides of one limit: 3 天以内 and 超过 3 天."""
    sides = fact.bound[:1] + other.bound[:1]
    return sides in ("<>", "><") and same(replace(fact, bound=other.bound), other)


def comparable(fact: Fact, other: Fact) -> bool:
    """Whether one could stand in the other's place: both are lengths of time, say."""
    return (fact.kind, fact.dimension) == (other.kind, other.dimension) and (
        fact.kind != "quantity" or fact.dimension != ""
    )


def form_of(code: str) -> str:
    """DV-310-A and DV-320-C have the same form, and so have 2019版 and 2021版: digits do not
    count, nor which single letter stands behind them."""
    return re.sub(r"(?<=0)[a-z]$", "a", re.sub(r"\d+", "0", code.casefold()))


def _same_quantity(fact: Fact, other: Fact) -> bool:
    if fact.bound and other.bound and fact.bound[0] != other.bound[0]:
        return False
    for_each, many, others = bool(fact.each[0] and other.each[0]), 1.0, 1.0
    if for_each:
        if fact.each[0] != other.each[0]:
            return False
        many, others = other.each[1], fact.each[1]
    alike = _close(many * fact.value, others * other.value)
    if fact.dimension and other.dimension:
        return fact.dimension == other.dimension and alike
    return alike or _close(many * fact.bare, others * other.bare)


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-12 * max(abs(one), abs(other), 1.0)


def _same_date(fact: Fact, other: Fact) -> bool:
    if fact.dimension != other.dimension and fact.kind == other.kind:
        return fact.value == part_of(fact.dimension, other.date) != 0
    if fact.dimension and fact.kind == other.kind:
        ends = other.in_range == "within" and fact.in_range in ("first", "last")
        return fact.value == other.value and not ends
    if fact.kind == other.kind == "date":
        said = [part for part in zip(fact.date, other.date, strict=True) if part[0]]
        return all(part[0] == part[1] for part in said)
    quantity, date = (other, fact) if fact.kind == "date" else (fact, other)
    year, *day = date.date
    return year > 0 and not any(day) and not quantity.dimension and quantity.bare == year


@dataclass(slots=True)
class _Taken:
    """Spans that do not overlap. A text of a thousand dates is looked through in no time."""

    _starts: list[int] = field(default_factory=list)
    _ends: list[int] = field(default_factory=list)

    def take(self, start: int, end: int) -> bool:
        """False where a part is taken already."""
        at = bisect_right(self._starts, start)
        before, behind = at > 0, at < len(self._starts)
        if (before and self._ends[at - 1] > start) or (behind and self._starts[at] < end):
            return False
        self._starts.insert(at, start)
        self._ends.insert(at, end)
        return True


def _parts(text: str) -> Iterator[tuple[Fact, tuple[int, int]]]:
    for dimension, part, in_range, (start, end) in parts_in(text):
        said = text[start:end]
        yield Fact("date", said, float(part), dimension, in_range=in_range), (start, end)


def _dates(text: str) -> Iterator[tuple[Fact, tuple[int, int]]]:
    taken = _Taken()
    for pattern in _DATES:
        for found in pattern.finditer(text):
            if not taken.take(*found.span()):
                continue
            parts = found.groupdict()
            month = parts.get("month") or (
                1 + _MONTHS.index(parts["name"][:3]) if parts.get("name") else 0
            )
            date = (int(parts.get("year") or 0), int(month), int(parts.get("day") or 0))
            yield Fact("date", found[0].strip(), date=date), found.span()


def _times(text: str) -> Iterator[tuple[Fact, tuple[int, int]]]:
    taken = _Taken()
    for pattern in _TIMES:
        for found in pattern.finditer(text):
            if not taken.take(*found.span()):
                continue
            parts = found.groupdict()
            hour = int(parts["hour"])
            minute = {"半": 30, "1刻": 15, "3刻": 45}.get(
                parts.get("words") or "", int(parts.get("minute") or 0)
            )
            half, suffix = parts.get("half") or "", parts.get("suffix") or ""
            late = half in ("下午", "傍晚", "晚上") or suffix.startswith("p")
            hour += 12 if late and hour < 12 else 0
            hour -= 12 if suffix.startswith("a") and hour == 12 else 0
            exact = bool(half or suffix) or hour > 12
            yield Fact("time", found[0], hour * 60.0 + minute, exact_half=exact), found.span()


def _halves(text: str) -> Iterator[tuple[Fact, tuple[int, int]]]:
    for found in _HALVES.finditer(text):
        if not text[: found.start()].rstrip().endswith(tuple("0123456789")):
            yield _quantity(0.5, found["unit"] or found["word"], found[0]), found.span()


def _codes(text: str) -> Iterator[tuple[Fact, tuple[int, int]]]:
    for found in _CODE.finditer(text):
        measured = _QUANTITY.fullmatch(found[0])
        if measured and (measured["unit"] or measured["letter"] or measured["sign"]):
            continue
        if found[0] in UNITS and text[: found.start()].rstrip()[-1:].isdigit():
            continue  # 5 m3
        if re.fullmatch(r"\d+(?:st|nd|rd|th)|\d+s", found[0]):
            continue
        bare = re.sub(r"[-_/\s]", "", found[0]) if "@" not in found[0] else found[0]
        yield Fact("identifier", bare), found.span()


def _quantities(text: str) -> Iterator[tuple[Fact, tuple[int, int]]]:
    """Each with the words that bound it."""
    for found in _QUANTITY.finditer(text):
        if text.endswith("第", 0, found.start("low")):
            number = float(found["low"].partition("/")[0])
            if number != 1:  # 第一, 首 and "first" are said in many ways
                yield Fact("quantity", found[0], number, "", number), found.span()
            continue
        unit = found["unit"] or found["letter"] or found["sign"] or ""
        if found["sign"] and unit in MONEY:  # 港币 300 元
            unit = found["sign"]
        scale = MULTIPLES.get(found["multiple"] or "", 1.0)
        bound, span = bound_of(text, *found.span())
        half = 0.5 if found["half"] else 0.0
        each = each_of(text, *found.span())
        for number in filter(None, (found["low"], found["high"])):
            value, _, divisor = number.partition("/")
            amount = float(value) / (float(divisor or 1) or 1.0)
            made = _quantity(amount + half, unit, found[0].strip(), scale)
            yield replace(made, bound=bound, each=each), span


def _quantity(number: float, unit: str, text: str, scale: float = 1.0) -> Fact:
    dimension, factor = UNITS.get(unit, (CURRENCY_SIGNS.get(unit, ""), 1.0))
    return Fact("quantity", text, number * scale * factor, dimension, number)
