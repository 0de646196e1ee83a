"""What lies over the cells of an xlsx sheet: addresses of links, comments, text boxes.

ECMA-376 part 1, 18.3.1.47 (links), 18.7 (comments), 20.5 (drawings).
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ingest.errors import ParseError
from ingest.parsing.links import with_address
from ingest.parsing.package import Package
from ingest.sheets.types import Sheet

if TYPE_CHECKING:
    from lxml.etree import _Element

Relations = Mapping[str, tuple[str, str]]  # by id: the end of the type, and the target
_MAX_LINKS = 100_000


def add_links(sheet: Sheet, links: Mapping[tuple[int, int], str], relations: Relations) -> None:
    """Addresses behind the texts of their cells; `links` are relation ids by row and column."""
    for row, column in list(links)[:_MAX_LINKS]:
        text = sheet.cells.get(row, {}).get(column)
        if text is not None:
            _, address = relations.get(links[row, column], ("", ""))
            sheet.cells[row][column] = with_address(text, address)


def add_notes(package: Package, sheet: Sheet, relations: Relations) -> None:
    """Texts of text boxes; comments, pictures and charts are counted. Damaged parts have none."""
    names = set(package.names())
    for kind, target in relations.values():
        if target not in names:
            continue
        if kind not in ("/comments", "/drawing"):
            continue
        try:
            root = package.xml(target)
        except ParseError:
            continue  # the cells can be read all the same
        if kind == "/comments":
            sheet.comments += sum(1 for _ in root.iter("{*}comment"))
        else:
            sheet.boxes += filter(str.strip, _boxes(root))
            sheet.pictures += _count(root, "pic")
            sheet.charts += _count(root, "chart")


def _count(drawing: "_Element", name: str) -> int:
    found = drawing.iter(f"{{*}}{name}")
    return sum(next(one.iterancestors("{*}Fallback"), None) is None for one in found)


def _boxes(drawing: "_Element") -> Iterator[str]:
    for body in drawing.iter("{*}txBody"):
        if next(body.iterancestors("{*}Fallback"), None) is None:
            paragraphs = body.iter("{*}p")
            yield "\n".join(
                "".join(text.text or "" for text in paragraph.iter("{*}t"))
                for paragraph in paragraphs
            )
