"""Periods: which day of the week, which part of a month or a year, and the time or the measure that
an amount is for, 每月 or "a year"."""

import re
from collections.abc import Iterator
from datetime import date

from app.rag.grounding.facts.units import UNITS

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HAN_DAYS = dict(zip("一二三四五六日天", (*_DAYS, "sunday"), strict=True))
# 周一 is a day, 每周一次 and 三周一次 are none; 周一、三、五 are three.
_HAN_DAY = re.compile(
    r"(?:星期|礼拜|(?<![\d一二三四五六七八九十两第])周)([一二三四五六日天]"
    r"(?:\s*[、,和及或至到/~—–-]?\s*[一二三四五六日天](?![\d一二三四五六七八九十月年号日天次个小点]))*)"
    r"(?![次遍回趟个天年岁期边围]|(?<=[每一]周.)[小时名人份件篇顿节课班])"
)
_DAY = rf"(?:(?:{'|'.join(_DAYS)})s?\b|(?:mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)\b\.?)"
_DAY_RANGE = re.compile(rf"\b({_DAY})\s*(?:-|–|—|~|to|through|thru|until|till|至|到)\s*({_DAY})")
_ONE_DAY = re.compile(rf"\b(?:(?:{'|'.join(_DAYS)})s?|mon|tues?|thu(?:rs?)?|fri)\b")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may(?=[.,]|\s\d|$)|june?|july?"
    r"|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
)
_THE = r"(?:the|each|every|this|next|last)"
# dimension → the words of each of its parts, in their order
_PARTS = {
    "half of a year": (r"上半年|\bfirst half(?: of)?\b", r"下半年|\bsecond half(?: of)?\b"),
    "third of a month": (
        rf"上旬|\bearly(?=[ -]{_MONTH})",
        rf"中旬|\bmid(?=[ -]{_MONTH})",
        rf"下旬|\blate(?=[ -]{_MONTH})",
    ),
    "end of a month": (
        rf"(?<=月)初|\b(?:beginning|start) of (?:{_THE} month|(?={_MONTH}))",
        rf"(?<=月)[底末]|\bend of (?:{_THE} month|(?={_MONTH}))",
    ),
    "end of a year": (
        r"(?<=年)初(?![次始步期中级一二三])"
        rf"|\b(?:beginning|start) of (?:{_THE} year|(?=(?:19|20)\d\d\b))",
        rf"(?<=年)[底末]|\bend of (?:{_THE} year|(?=(?:19|20)\d\d\b))",
    ),
}
_PART = [
    (dimension, place, re.compile(words))
    for dimension, each in _PARTS.items()
    for place, words in enumerate(each, start=1)
]

_EACH = {unit: of for unit, of in UNITS.items() if unit != "%"} | {
    "月": ("months", 1.0),
    "季": ("months", 3.0),
    **dict.fromkeys(("工作日", "working day", "business day"), UNITS["天"]),
    **dict.fromkeys(("annum", "annual", "annually", "yearly"), UNITS["年"]),
    **{"daily": UNITS["天"], "weekly": UNITS["周"], "hourly": UNITS["小时"]},
    **{"monthly": UNITS["month"], "quarterly": UNITS["quarter"]},
}
_BY_LENGTH = sorted(_EACH, key=len, reverse=True)
_WORDS = "|".join(re.escape(u) for u in _BY_LENGTH if u.isascii() and len(u) > 1 and u[-1] != "y")
_ADVERBS = "|".join(u for u in _BY_LENGTH if u.isascii() and (u[-1] == "y" or u == "annual"))
_HAN = "|".join(re.escape(u) for u in _BY_LENGTH if not u.isascii())
_ANY = "|".join(re.escape(u) for u in _BY_LENGTH)
_BEFORE = re.compile(
    rf"每(?:[一1]|个|满)*\s?(?P<han>{_HAN})|\b(?:per|each|every)\s(?P<word>{_WORDS})\b"
    rf"|\b(?P<adverb>{_ADVERBS})\b"
    r"|(?<![\d一二三四五六七八九十两个半前每])(?P<of>[年月日周季])(?=利率|利息|度(?!假)|息|租|薪|工资|费|均)"
)
_BEHIND = re.compile(
    rf"\s?(?:/[^\W\d]{{1,8}})?/\s?(?P<any>{_ANY})(?![a-z])|\s?每(?:[一1]|个)*\s?(?P<han>{_HAN})"
    rf"|\s?(?:[a-z'-]+\s){{0,4}}?(?:per|each|every)\s(?P<word>{_WORDS})\b"
    r"|\s?(?:(?!within|after|before|for|from|than|by|until|into)[a-z]+\s)?an?\s"
    rf"(?P<a>{_WORDS})\b|\s?(?:[a-z]+\s)?(?P<adverb>{_ADVERBS})\b"
)
_REACH = 40  # characters between the words and the amount
_DIRECTLY = re.compile(r"[^\d,，。;；、|\n]*$")


def days_in_english(text: str) -> str:
    """周一、三 as monday、wednesday: numerals that count nothing."""
    return _HAN_DAY.sub(
        lambda found: "".join(f" {_HAN_DAYS[c]} " if c in _HAN_DAYS else c for c in found[1]), text
    )


def parts_in(text: str) -> Iterator[tuple[str, int, str, tuple[int, int]]]:
    """(dimension, which part, its place in a range: `first`, `last`, `within` or empty, span)."""
    for found in _DAY_RANGE.finditer(text):
        first, last = _number(found[1]), _number(found[2])
        yield "weekday", first, "first", found.span(1)
        for day in range(first + 1, first + (last - first) % 7):
            yield "weekday", (day - 1) % 7 + 1, "within", found.span(1)
        yield "weekday", last, "last", found.span(2)
    for found in _ONE_DAY.finditer(_DAY_RANGE.sub(lambda m: " " * len(m[0]), text)):
        yield "weekday", _number(found[0]), "", found.span()
    for dimension, place, words in _PART:
        for found in words.finditer(text):
            yield dimension, place, "", found.span()


def part_of(dimension: str, day: tuple[int, int, int]) -> int:
    """Which such part that year, month and day lies in; 0 where they leave it open."""
    _, month, of_month = day
    parts = {
        "half of a year": (month + 5) // 6,
        "third of a month": min(3, (of_month + 9) // 10),
        "end of a month": 2 if of_month > 24 else int(0 < of_month < 6),
        "end of a year": {1: 1, 12: 2}.get(month, 0),
    }
    if dimension != "weekday" or not all(day):
        return parts.get(dimension, 0)
    try:
        return date(*day).isoweekday()
    except ValueError:  # February 30
        return 0


def each_of(text: str, start: int, end: int) -> tuple[str, float]:
    """What the amount at `text[start:end]` is for: a dimension and how many of its base unit."""
    if behind := _BEHIND.match(text, end):
        return _EACH[next(filter(None, behind.groups()))]
    near = _DIRECTLY.search(text, max(0, start - _REACH), start)
    words = list(_BEFORE.finditer(near[0])) if near else []
    return _EACH[next(filter(None, words[-1].groups()))] if words else ("", 1.0)


def _number(day: str) -> int:
    return next(n for n, name in enumerate(_DAYS, start=1) if name.startswith(day[:3]))
