"""A chart of Word or PowerPoint as the table that it was drawn from (DrawingML, part 1, 21.2)."""

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from ingest.errors import ParseError
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.package import refuse_entities
from ingest.sheets.number_format import formatter

if TYPE_CHECKING:
    from lxml.etree import _Element

CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_PLACE = re.compile(r"[0-9]{1,9}")
_TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"


def add_chart(builder: DocumentBuilder, content: bytes) -> None:
    """Title and values of a chart of any kind; a damaged one adds nothing."""
    from lxml import etree

    try:
        refuse_entities(content, "chart")
        space = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ParseError):
        return
    _add_words(builder, space.find(f"{CHART}chart/{CHART}title"))
    for title in space.iterfind(f"{CHART}chart/{CHART}plotArea/*/{CHART}title"):
        _add_words(builder, title)  # of an axis: often the unit
    for series in _tables_of(list(space.iter(f"{CHART}ser"))):
        _add_series(builder, series)


def _add_words(builder: DocumentBuilder, title: "_Element | None") -> None:
    if title is not None:
        builder.paragraph("".join(str(text) for text in title.itertext(_TEXT)))


def _tables_of(series: "list[_Element]") -> "list[list[_Element]]":
    """Series that share their categories or x stand beside each other, others in tables of their
    own."""
    if any(_points(one, "xVal") != _points(series[0], "xVal") for one in series):
        return [[one] for one in series]
    return [series]


def _add_series(builder: DocumentBuilder, series: "list[_Element]") -> None:
    columns = [_points(one, "val", "yVal") for one in series]
    names = ["".join(_points(one, "tx").values()) for one in series]
    categories = _points(series[0], "cat", "xVal") if series else {}
    rows = [["", *names]]
    for key in sorted(set(categories).union(*columns)):
        rows.append([categories.get(key, ""), *(column.get(key, "") for column in columns)])
    builder.table(rows)


def _points(series: "_Element", *kinds: str) -> dict[int, str]:
    """The values of the first kind there is as they are shown, by their place; categories in
    several levels with the names of all of them, the outermost first."""
    for kind in kinds:
        if (found := series.find(f"{CHART}{kind}")) is not None:
            code = next((code.text for code in found.iter(f"{CHART}formatCode")), None) or ""
            inner, *outer = list(found.iter(f"{CHART}lvl")) or [found]
            named = _values(inner, code)
            for level in outer:
                named = _within(named, _values(level, code))
            return named
    return {}


def _values(level: "_Element", code: str) -> dict[int, str]:
    return {
        int(place): _shown(point.findtext(f"{CHART}v", ""), code)
        for point in level.iter(f"{CHART}pt")
        if _PLACE.fullmatch(place := point.get("idx", "0"))
    }


def _within(named: dict[int, str], groups: dict[int, str]) -> dict[int, str]:
    """A group is named at its first place and reaches to the next one."""
    begins = sorted(groups)
    found = {}
    for key, name in named.items():
        at = bisect_right(begins, key)
        found[key] = f"{groups[begins[at - 1]]} / {name}" if at else name
    return found


def _shown(value: str, code: str) -> str:
    try:
        return formatter(code)(float(value)) if code else value
    except ValueError:
        return value
