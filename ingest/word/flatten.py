"""Writes into a Word document's runs what Word shows and does not store as text.

Afterwards plain runs in the body hold all there is to read: automatic numbers, notes, page headers
and footers, marks, equations, addresses of links. Whoever walks the body needs no more.
"""

from collections import Counter
from typing import TYPE_CHECKING

from ingest.parsing.options import hidden_is_read
from ingest.word.fields import write_fields, write_marks
from ingest.word.math import linear
from ingest.word.notes import Notes, notes_by_id
from ingest.word.numbering import Numbering
from ingest.word.running import add_headers_and_footers
from ingest.word.shown import (
    drop_hidden,
    drop_prompts,
    drop_struck,
    join_paragraphs,
    prompt_styles,
    write_style_marks,
)
from ingest.word.xml import DIAGRAM, MC, M, W, is_on, replace, run

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.opc.part import Part
    from lxml.etree import _Element

_BULLET_OR_NONE = ("", None)


def flatten(word: "WordDocument") -> dict[str, int]:
    """Change the body of `word` in place; returns what is not read and how often, by the notice's
    code."""
    part, body = word.part, word.element.body
    styles = word.styles.element
    counts = _write_inside(body, part, styles)
    for kind in ("footnote", "endnote"):
        root = _related(part, f"{kind}s")
        if root is not None:
            counts += _write_inside(root, part, styles)
            Notes(kind, notes_by_id(root, kind)).write(body)
    numbering = Numbering(_related(part, "numbering"), styles)
    _write_numbers(body, numbering)
    settings = _related(part, "settings")
    even = settings is not None and is_on(settings.find(f"{W}evenAndOddHeaders"))
    add_headers_and_footers(body, lambda rid: _running_part(part, rid, styles), even_pages=even)
    counts["comments"] = sum(1 for _ in body.iter(f"{W}commentReference"))
    counts["diagrams"] = sum(1 for _ in body.iter(f"{DIAGRAM}relIds"))
    counts["pictures"] = _count(body, "pic", "imagedata")
    counts["objects"] = _count(body, "object", "altChunk")
    return {code: count for code, count in counts.items() if count}


def _count(body: "_Element", *names: str) -> int:
    """Elements with these local names; what a newer form beside them says again, and the picture of
    an object, aside."""
    return sum(
        next(found.iterancestors(f"{MC}Fallback", f"{W}object"), None) is None
        for found in body.iter(*(f"{{*}}{name}" for name in names))
    )


def _write_inside(root: "_Element", part: "Part", styles: "_Element") -> Counter[str]:
    """What stands within paragraphs; `part` holds the relationships of `root`.
    Returns what was taken out and how often, by the notice's code."""
    write_style_marks(root, styles)
    counts = Counter(hidden_text=0 if hidden_is_read() else drop_hidden(root))
    counts["struck_text"] = drop_struck(root)
    counts["prompts"] = drop_prompts(root, prompt_styles(styles))
    join_paragraphs(root)
    for guide in list(root.iter(f"{W}rt")):
        replace(guide, None)
    for tag in (f"{M}oMathPara", f"{M}oMath"):
        for formula in list(root.iter(tag)):
            replace(formula, run(linear(formula)))
    write_marks(root)
    targets = {rid: rel.target_ref for rid, rel in part.rels.items() if rel.is_external}
    write_fields(root, targets)
    return counts


def _write_numbers(body: "_Element", numbering: Numbering) -> None:
    """Numbers as runs at the paragraphs' beginnings; bullets are left to whoever reads."""
    for paragraph in list(body.iter(f"{W}p")):
        if next(paragraph.iterancestors(f"{MC}Fallback"), None) is not None:
            continue
        if _is_deleted(paragraph):
            continue
        text = numbering.next_number(paragraph)
        if text in _BULLET_OR_NONE or not (_has_text(paragraph) or _is_cell(paragraph)):
            continue
        properties = paragraph.find(f"{W}pPr")
        paragraph.insert(0 if properties is None else 1, run(text or ""))
        _take_list_away(paragraph)


def _has_text(element: "_Element") -> bool:
    return any((text.text or "").strip() for text in element.iter(f"{W}t"))


def _is_deleted(paragraph: "_Element") -> bool:
    """A deleted paragraph has no number: its mark is deleted and so is all its text."""
    if paragraph.find(f"{W}pPr/{W}rPr/{W}del") is None:
        return False
    texts = paragraph.iter(f"{W}t")
    return not any(next(text.iterancestors(f"{W}del"), None) is None for text in texts)


def _is_cell(paragraph: "_Element") -> bool:
    """Whether the paragraph's number is all that its cell of a table holds."""
    cell = paragraph.getparent()
    return cell is not None and cell.tag == f"{W}tc" and not _has_text(cell)


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


def _running_part(part: "Part", relationship_id: str, styles: "_Element") -> "_Element | None":
    relationship = part.rels.get(relationship_id)
    if relationship is None or relationship.is_external:
        return None
    root = _root(relationship.target_part)
    if root is not None:
        _write_inside(root, relationship.target_part, styles)
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
