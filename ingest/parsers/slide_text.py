"""Slides as python-pptx can read them: alternate content resolved, formulas and links as text."""

from typing import TYPE_CHECKING

from ingest.parsing.links import with_address
from ingest.word.math import linear
from ingest.word.xml import MC, M, R

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_A14 = "{http://schemas.microsoft.com/office/drawing/2010/main}"


def flatten_slide(root: "_Element", targets: "Mapping[str, str]") -> None:
    """Change the slide's XML in place. `targets` are addresses outside of the file by
    relationship id."""
    for alternate in list(root.iter(f"{MC}AlternateContent")):
        _resolve(alternate)
    for formula in list(root.iter(f"{_A14}m")):
        _write_formula(formula)
    for properties in list(root.iter(f"{_A}hlinkClick")):
        _write_address(properties, targets)


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


def _write_address(properties: "_Element", targets: "Mapping[str, str]") -> None:
    run = next(properties.iterancestors(f"{_A}r"), None)
    text = run.find(f"{_A}t") if run is not None else None
    if text is not None and text.text:
        text.text = with_address(text.text, targets.get(properties.get(f"{R}id", ""), ""))
