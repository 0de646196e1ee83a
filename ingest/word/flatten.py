"""Writes into a Word document's runs what Word shows and does not store as text.

Afterwards plain runs in the body hold all there is to read: automatic numbers, notes, page headers
and footers, marks, equations, addresses of links. Whoever walks the body needs no more.
"""

from typing import TYPE_CHECKING

from ingest.word.fields import write_fields, write_marks
from ingest.word.math import linear
from ingest.word.notes import Notes, notes_by_id
from ingest.word.numbering import Numbering
from ingest.word.running import add_headers_and_footers
from ingest.word.xml import DIAGRAM, MC, M, W, is_on, replace, run

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.opc.part import Part
    from lxml.etree import _Element

_BULLET_OR_NONE = ("", None)


def flatten(word: "WordDocument") -> None:
    """Change the body of `word` in place."""
    part, body = word.part, word.element.body
    _write_inside(body, part)
    for kind in ("footnote", "endnote"):
        root = _related(part, f"{kind}s")
        if root is not None:
            _write_inside(root, part)
            Notes(kind, notes_by_id(root, kind)).write(body)
    numbering = Numbering(_related(part, "numbering"), word.styles.element)
    _write_numbers(body, numbering)
    settings = _related(part, "settings")
    even = settings is not None and is_on(settings.find(f"{W}evenAndOddHeaders"))
    add_headers_and_footers(body, lambda rid: _running_part(part, rid), even_pages=even)


def left_out(body: "_Element") -> dict[str, int]:
    """How many comments and diagrams the body has, which are not read; by the notice's code."""
    counts = {
        "comments": sum(1 for _ in body.iter(f"{W}commentReference")),
        "diagrams": sum(1 for _ in body.iter(f"{DIAGRAM}relIds")),
    }
    return {code: count for code, count in counts.items() if count}


def _write_inside(root: "_Element", part: "Part") -> None:
    """What stands within paragraphs; `part` holds the relationships of `root`."""
    for guide in list(root.iter(f"{W}rt")):
        replace(guide, None)
    for tag in (f"{M}oMathPara", f"{M}oMath"):
        for formula in list(root.iter(tag)):
            replace(formula, run(linear(formula)))
    write_marks(root)
    targets = {rid: rel.target_ref for rid, rel in part.rels.items() if rel.is_external}
    write_fields(root, targets)


def _write_numbers(body: "_Element", numbering: Numbering) -> None:
    """Numbers as runs at the paragraphs' beginnings; bullets are left to whoever reads."""
    for paragraph in list(body.iter(f"{W}p")):
        if next(paragraph.iterancestors(f"{MC}Fallback"), None) is not None:
            continue
        if _is_deleted(paragraph):
            continue
        text = numbering.next_number(paragraph)
        if text in _BULLET_OR_NONE or not any((t.text or "").strip() for t in _texts(paragraph)):
            continue
        properties = paragraph.find(f"{W}pPr")
        paragraph.insert(0 if properties is None else 1, run(text or ""))
        _take_list_away(paragraph)


def _texts(paragraph: "_Element") -> list["_Element"]:
    return list(paragraph.iter(f"{W}t"))


def _is_deleted(paragraph: "_Element") -> bool:
    """A deleted paragraph has no number: its mark is deleted and so is all its text."""
    if paragraph.find(f"{W}pPr/{W}rPr/{W}del") is None:
        return False
    return not any(next(t.iterancestors(f"{W}del"), None) is None for t in _texts(paragraph))


def _take_list_away(paragraph: "_Element") -> None:
    """`numId` 0 stands for no list, whatever the style says."""
    from lxml import etree

    properties = paragraph.find(f"{W}pPr")
    if properties is None:
        properties = etree.Element(f"{W}pPr")
        paragraph.insert(0, properties)
    for old in properties.findall(f"{W}numPr"):
        properties.remove(old)
    etree.SubElement(etree.SubElement(properties, f"{W}numPr"), f"{W}numId").set(f"{W}val", "0")


def _related(part: "Part", kind: str) -> "_Element | None":
    """The root of the part that is related to `part` as its `kind`."""
    for relationship in part.rels.values():
        if relationship.reltype.endswith(f"/{kind}") and not relationship.is_external:
            return _root(relationship.target_part)
    return None


def _running_part(part: "Part", relationship_id: str) -> "_Element | None":
    relationship = part.rels.get(relationship_id)
    if relationship is None or relationship.is_external:
        return None
    root = _root(relationship.target_part)
    if root is not None:
        _write_inside(root, relationship.target_part)
    return root


def _root(part: "Part") -> "_Element | None":
    from lxml import etree

    if (element := getattr(part, "element", None)) is not None:
        return element
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        return etree.fromstring(part.blob, parser)
    except etree.XMLSyntaxError:
        return None
