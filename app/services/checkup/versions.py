"""Older versions by their names: 手册2023版 beside 手册2024版, Guide v1 beside v2, 价目表（旧）.

A year or date alone is a weak sign, since reports of two years are two documents: then the texts
must be alike as well.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

_YEAR = r"(?:19|20)\d\d"
_EDITION = re.compile(
    rf"(?P<year>{_YEAR})\s*年?(?:度)?\s*(?:修订版?|版|edition|\bed\b\.?|revision|rev\b\.?)"
    rf"|(?:edition|version|revision|版本)\s*[._-]?\s*(?P<year2>{_YEAR})(?!\d)"
)
_NUMBERED = re.compile(
    r"(?<![a-z0-9])v(?:er(?:sion)?)?[ ._-]{0,2}(?P<n>\d{1,3}(?:\.\d{1,3}){0,3})(?![a-z0-9])"
    r"|第(?P<m>\d{1,3}|[一二三四五六七八九十]{1,3})版|版本[ ._-]?(?P<k>\d{1,3}(?:\.\d{1,3}){0,3})"
    r"|(?<![a-z])rev(?:ision)?[ ._-]{0,2}(?P<r>\d{1,3})(?![a-z0-9])"
)
_OLD = re.compile(
    r"[(\[]\s*(?:旧|旧版|old|outdated)\s*[)\]]|旧版|[-_ ](?:旧|old)$|^旧[-_ ]|已废止|已作废"
)
_NEW = re.compile(
    r"[(\[]\s*(?:新|新版|最新|最新版|new|latest)\s*[)\]]|新版|最新版?"
    r"|[-_ ](?:新|new|latest)$|^新[-_ ]"
)
_DATE = re.compile(
    rf"(?<!\d)(?P<y>{_YEAR})(?:[-_.年]?(?P<m>0[1-9]|1[0-2])(?:[-_.月]?(?P<d>[0-2]\d|3[01])日?)?月?)?年?(?!\d)"
)
_SEPARATORS = re.compile(r"[\s_\-.()\[\]【】《》,、]+")
_HAN_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")}
_LEAST_CHARS = 2  # of what remains of the name


@dataclass(frozen=True, slots=True)
class Marked:
    """A name without what tells its version, and that, comparable within one `sign`."""

    frame: str
    sign: str  # edition, numbered, word, date
    order: tuple[int, ...]


def marked(name: str) -> list[Marked]:
    """What the name of a file may say of its version; nothing for most."""
    stem = unicodedata.normalize("NFKC", PurePath(name).stem).casefold().strip()
    readings = [_edition(stem), _numbered(stem), *_words(stem), _date(stem)]
    found = [each for each in readings if each and len(each.frame) >= _LEAST_CHARS]
    strong = [each for each in found if each.sign != "date"]
    return strong or found


def older_versions(names: Sequence[str]) -> list[tuple[int, int, bool]]:
    """Places of an older version and of the newest one, and whether the names alone are enough."""
    groups: dict[tuple[str, str], list[tuple[tuple[int, ...], int]]] = defaultdict(list)
    for place, name in enumerate(names):
        for each in marked(name):
            groups[each.frame, each.sign].append((each.order, place))
    found: dict[int, tuple[int, int, bool]] = {}
    for (_, sign), members in groups.items():
        newest = max(members)
        for order, place in members:
            if order < newest[0]:
                found.setdefault(place, (place, newest[1], sign != "date"))
    return sorted(found.values())


def _without(stem: str, found: re.Match[str]) -> str:
    return _SEPARATORS.sub("", stem[: found.start()] + " " + stem[found.end() :])


def _edition(stem: str) -> Marked | None:
    if (found := _EDITION.search(stem)) is None:
        return None
    return Marked(_without(stem, found), "edition", (int(found["year"] or found["year2"]),))


def _numbered(stem: str) -> Marked | None:
    if (found := _NUMBERED.search(stem)) is None:
        return None
    number = found["n"] or found["m"] or found["k"] or found["r"]
    parts = tuple(_integer(part) for part in number.split("."))
    return Marked(_without(stem, found), "numbered", parts)


def _words(stem: str) -> list[Marked]:
    """A name without any word is that of the newer one, too."""
    if found := _OLD.search(stem):
        return [Marked(_without(stem, found), "word", (0,))]
    if found := _NEW.search(stem):
        return [Marked(_without(stem, found), "word", (2,))]
    if _EDITION.search(stem) or _NUMBERED.search(stem) or _DATE.search(stem):
        return []
    return [Marked(_SEPARATORS.sub("", stem), "word", (1,))]


def _date(stem: str) -> Marked | None:
    if (found := _DATE.search(stem)) is None:
        return None
    order = tuple(int(found[part] or 0) for part in ("y", "m", "d"))
    return Marked(_without(stem, found), "date", order)


def _integer(said: str) -> int:
    """Up to 99 in Chinese digits."""
    if said.isascii():
        return int(said)
    tens, ten, ones = said.rpartition("十")
    if not ten:
        return _HAN_DIGITS.get(said, 0)
    return 10 * (_HAN_DIGITS.get(tens, 1) if tens else 1) + _HAN_DIGITS.get(ones, 0)
