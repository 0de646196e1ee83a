"""Slides as python-pptx can read them: formulas, links, small figures and numbers as text."""

from typing import TYPE_CHECKING

from ingest.numerals import numeral
from ingest.parsing.links import with_address
from ingest.scripts import lowered, raised
from ingest.word.math import linear
from ingest.word.xml import MC, M, R

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_A14 = "{http://schemas.microsoft.com/office/drawing/2010/main}"


def flatten_slide(root: "_Element", targets: "Mapping[str, str]") -> int:
    """Change the slide's XML in place. `targets` are addresses outside of the file by
    relationship id. Returns how many pieces of struck text were taken out."""
    struck = sum(map(_drop_struck, root.iter(f"{_A}rPr")))
    for alternate in list(root.iter(f"{MC}AlternateContent")):
        _resolve(alternate)
    for formula in list(root.iter(f"{_A14}m")):
        _write_formula(formula)
    for properties in list(root.iter(f"{_A}hlinkClick")):
        _write_address(properties, targets)
    for properties in root.iter(f"{_A}rPr"):
        _write_small(properties)
    for body in root.iter("{*}txBody"):
        _write_numbers(body)
    return struck


def _drop_struck(properties: "_Element") -> bool:
    run = properties.getparent()
    text = run.find(f"{_A}t") if run is not None else None
    if text is None or properties.get("strike", "noStrike") == "noStrike":
        return False
    was_there = bool((text.text or "").strip())
    text.text = ""
    return was_there


def _resolve(alternate: "_Element") -> None:
    """What the newest program draws, unless only the fallback holds text."""
    choices = [*alternate.iterfind(f"{MC}Choice"), *alternate.iterfind(f"{MC}Fallback")]
    parent = alternate.getparent()
    if not choices or parent is None:
        return
    best = next((choice for choice in choices if _has_text(choice)), choices[0])
    for child in list(best):
        alternate.addprevious(child)
    parent.remove(alternate)


def _has_text(choice: "_Element") -> bool:
    return any((text.text or "").strip() for text in choice.iter(f"{_A}t", f"{M}t"))


def _write_formula(formula: "_Element") -> None:
    from lxml import etree

    parent = formula.getparent()
    if parent is not None:
        made = etree.SubElement(parent, f"{_A}r")
        etree.SubElement(made, f"{_A}t").text = "".join(linear(child) for child in formula)
        parent.replace(formula, made)


def _write_small(properties: "_Element") -> None:
    """Raised and lowered figures: 10⁶ must not be read as 106."""
    run = properties.getparent()
    text = run.find(f"{_A}t") if run is not None else None
    shift = properties.get("baseline", "0").strip("0%")
    if text is not None and text.text and shift:
        text.text = (lowered if shift.startswith("-") else raised)(text.text)


def _write_numbers(body: "_Element") -> None:
    """Automatic numbers in front of their paragraphs; a deeper level begins again below each
    item."""
    counts: dict[int, tuple[int, str]] = {}  # by level: the last number, and of which kind
    for paragraph in body.iterfind(f"{_A}p"):
        properties = paragraph.find(f"{_A}pPr")
        level = int(properties.get("lvl", "0")) if properties is not None else 0
        counts = {depth: count for depth, count in counts.items() if depth <= level}
        auto = properties.find(f"{_A}buAutoNum") if properties is not None else None
        first = next((text for text in paragraph.iter(f"{_A}t") if text.text), None)
        if auto is None or first is None:
            if first is not None:
                counts.pop(level, None)
            continue
        kind, start = auto.get("type", ""), int(auto.get("startAt", "1"))
        last, of = counts.get(level, (start - 1, kind))
        counts[level] = (last + 1 if of == kind else start, kind)
        first.text = f"{_numbered(counts[level][0], kind)}{first.text}"


def _numbered(number: int, kind: str) -> str:
    """`kind` is one of ST_TextAutonumberScheme: the numerals, and what stands around them."""
    style = next((style for name, style in _NUMERALS.items() if kind.startswith(name)), "decimal")
    shown = numeral(number, style)
    if kind.endswith("ParenBoth"):
        return f"({shown}) "
    end = ") " if kind.endswith("ParenR") else ". " if kind.endswith("Period") else " "
    return f"{shown}{end}"


_NUMERALS = {
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
    "circleNum": "decimalEnclosedCircle",
    "ea1": "chineseCounting",
}


def _write_address(properties: "_Element", targets: "Mapping[str, str]") -> None:
    run = next(properties.iterancestors(f"{_A}r"), None)
    text = run.find(f"{_A}t") if run is not None else None
    if text is not None and text.text:
        text.text = with_address(text.text, targets.get(properties.get(f"{R}id", ""), ""))
