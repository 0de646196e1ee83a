"""Automatic numbers of paragraphs: 第三条, 1.1, a). Word stores the rule and no text.

A paragraph names a list (`numId`) and a level, itself or through its style. The list points at an
abstract one, which holds start, format and text of each level and the counters: lists that share
it go on counting, unless one of them overrides the start.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.numerals import numeral
from ingest.word.xml import W, is_on, number, value

if TYPE_CHECKING:
    from lxml.etree import _Element

_PLACEHOLDER = re.compile(r"%([1-9])")
_MAX_LEVELS = 9
_MAX_CHARACTERS = 100  # of a number's text
_MAX_STYLES_UP = 20


@dataclass(slots=True)
class _Level:
    start: int = 1
    style: str = "decimal"
    text: str = ""
    all_decimal: bool = False
    restarts_after: int | None = None  # a level, counted from 1; 0 never restarts
    space: str = " "

    @property
    def is_bullet(self) -> bool:
        return self.style == "bullet"


@dataclass(slots=True)
class _List:
    """An abstract list with its counters."""

    levels: dict[int, _Level]
    counts: dict[int, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)  # lists whose start has been overridden already


class Numbering:
    """Counts through a document: ask `next_number` for its paragraphs in order."""

    def __init__(self, numbering: "_Element | None", styles: "_Element") -> None:
        self._styles = {s.get(f"{W}styleId", ""): s for s in styles.iter(f"{W}style")}
        self._abstract: dict[str, _Element] = {}
        self._nums: dict[str, _Element] = {}
        if numbering is not None:
            for element in numbering.iter(f"{W}abstractNum"):
                self._abstract[element.get(f"{W}abstractNumId", "")] = element
            for element in numbering.iter(f"{W}num"):
                self._nums[element.get(f"{W}numId", "")] = element
        self._lists: dict[str, _List] = {}
        self._overridden: dict[tuple[str, int], _Level] = {}

    def next_number(self, paragraph: "_Element") -> str | None:
        """The number before the paragraph, with its space; empty for a bullet; None without any."""
        num_id, ilvl = self._list_of(paragraph)
        num = self._nums.get(num_id)
        found = self._list(num) if num is not None else None
        level = found.levels.get(ilvl) if found is not None else None
        if num is None or found is None or level is None:
            return None
        level = self._override(num, ilvl, level, found)
        self._count(found, ilvl, level)
        if level.is_bullet:
            return ""
        text = _PLACEHOLDER.sub(
            lambda m: self._part(found, num_id, int(m[1]) - 1, level), level.text
        )
        return text + level.space if text.strip() else None

    def _part(self, found: _List, num_id: str, ilvl: int, of: _Level) -> str:
        level = self._overridden.get((num_id, ilvl)) or found.levels.get(ilvl) or _Level()
        count = found.counts.get(ilvl, level.start)
        return numeral(count, "decimal" if of.all_decimal else level.style)

    def _count(self, found: _List, ilvl: int, level: _Level) -> None:
        counts = found.counts
        counts[ilvl] = counts[ilvl] + 1 if ilvl in counts else level.start
        for deeper in [other for other in counts if other > ilvl]:
            after = found.levels[deeper].restarts_after if deeper in found.levels else None
            if after is None or (after != 0 and ilvl < after):
                del counts[deeper]
        for higher in range(ilvl):  # 1.1 may come before any 1
            if higher in found.levels and not found.levels[higher].is_bullet:
                counts.setdefault(higher, found.levels[higher].start)

    def _override(self, num: "_Element", ilvl: int, level: _Level, found: _List) -> _Level:
        """The level as this list changes it; its first paragraph starts anew."""
        num_id = num.get(f"{W}numId", "")
        for change in num.iterfind(f"{W}lvlOverride"):
            if change.get(f"{W}ilvl") != str(ilvl):
                continue
            own = change.find(f"{W}lvl")
            if own is not None:
                level = self._overridden[(num_id, ilvl)] = _level(own)
            start = change.find(f"{W}startOverride")
            if start is not None:
                level.start = number(start, 1)
            key = f"{num_id}/{ilvl}"
            if key not in found.used and (start is not None or own is not None):
                found.used.add(key)
                found.counts.pop(ilvl, None)
        return level

    def _list(self, num: "_Element") -> _List | None:
        abstract = self._abstract.get(value(num.find(f"{W}abstractNumId")))
        if abstract is None:
            return None
        link = value(abstract.find(f"{W}numStyleLink"))
        if link and (style := self._styles.get(link)) is not None:
            linked = self._nums.get(value(style.find(f"{W}pPr/{W}numPr/{W}numId")))
            target = value(linked.find(f"{W}abstractNumId")) if linked is not None else ""
            abstract = self._abstract.get(target, abstract)
        key = abstract.get(f"{W}abstractNumId", "")
        if key not in self._lists:
            levels = {_ilvl(lvl): _level(lvl) for lvl in abstract.iterfind(f"{W}lvl")}
            self._lists[key] = _List(levels)
        return self._lists[key]

    def _list_of(self, paragraph: "_Element") -> tuple[str, int]:
        """`numId` and level of a paragraph; `numId` 0 takes the numbers of its style away."""
        own = paragraph.find(f"{W}pPr/{W}numPr")
        num_id = value(own.find(f"{W}numId")) if own is not None else ""
        ilvl = own.find(f"{W}ilvl") if own is not None else None
        if num_id:
            return num_id, number(ilvl)
        for style_id, style in self._styles_of(paragraph):
            properties = style.find(f"{W}pPr/{W}numPr")
            if properties is None:
                continue
            if ilvl is None:
                ilvl = properties.find(f"{W}ilvl")
            if num_id := value(properties.find(f"{W}numId")):
                by_name = ilvl is None
                level = self._level_of_style(num_id, style_id) if by_name else number(ilvl)
                return num_id, level
        return "", 0

    def _styles_of(self, paragraph: "_Element") -> Iterator[tuple[str, "_Element"]]:
        """The paragraph's style and those it is based on."""
        style_id = value(paragraph.find(f"{W}pPr/{W}pStyle"))
        for _ in range(_MAX_STYLES_UP):
            style = self._styles.get(style_id)
            if style is None:
                return
            yield style_id, style
            style_id = value(style.find(f"{W}basedOn"))

    def _level_of_style(self, num_id: str, style_id: str) -> int:
        """The level that names the style as its own."""
        num = self._nums.get(num_id)
        abstract = None if num is None else self._abstract.get(value(num.find(f"{W}abstractNumId")))
        for lvl in abstract.iterfind(f"{W}lvl") if abstract is not None else ():
            if value(lvl.find(f"{W}pStyle")) == style_id:
                return _ilvl(lvl)
        return 0


def _ilvl(lvl: "_Element") -> int:
    text = lvl.get(f"{W}ilvl", "0")
    return int(text) if text.isdecimal() and len(text) == 1 else _MAX_LEVELS


def _level(lvl: "_Element") -> _Level:
    formats = list(lvl.iter(f"{W}numFmt"))  # in an alternate content the last is for everyone
    restart = lvl.find(f"{W}lvlRestart")
    return _Level(
        start=number(lvl.find(f"{W}start")),
        style=value(formats[-1], "decimal") if formats else "decimal",
        text=value(lvl.find(f"{W}lvlText"))[:_MAX_CHARACTERS],
        all_decimal=is_on(lvl.find(f"{W}isLgl")),
        restarts_after=None if restart is None else number(restart),
        space="" if value(lvl.find(f"{W}suff")) == "nothing" else " ",
    )
