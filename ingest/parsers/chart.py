"""A chart of Word or PowerPoint as the table that it was drawn from (DrawingML, part 1, 21.2)."""

import re
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
    title = space.find(f"{CHART}chart/{CHART}title")
    if title is not None:
        builder.paragraph("".join(str(text) for text in title.itertext(_TEXT)))
    series = list(space.iter(f"{CHART}ser"))
    columns = [_points(one, "val", "yVal") for one in series]
    names = ["".join(_points(one, "tx").values()) for one in series]
    categories = _points(series[0], "cat", "xVal") if series else {}
    rows = [["", *names]]
    for key in sorted(set(categories).union(*columns)):
        rows.append([categories.get(key, ""), *(column.get(key, "") for column in columns)])
    builder.table(rows)


def _points(series: "_Element", *kinds: str) -> dict[int, str]:
    """The values of the first kind there is as they are shown, by their place."""
    for kind in kinds:
        if (found := series.find(f"{CHART}{kind}")) is not None:
            code = next((code.text for code in found.iter(f"{CHART}formatCode")), None) or ""
            return {
                int(place): _shown(point.findtext(f"{CHART}v", ""), code)
                for point in found.iter(f"{CHART}pt")
                if _PLACE.fullmatch(place := point.get("idx", "0"))
            }
    return {}


def _shown(value: str, code: str) -> str:
    try:
        return formatter(code)(float(value)) if code else value
    except ValueError:
        return value
