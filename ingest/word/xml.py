"""Names of WordprocessingML elements and small helpers for reading and adding them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"


def value(element: "_Element | None", default: str = "") -> str:
    """The `w:val` of an element that may be missing."""
    return default if element is None else element.get(f"{W}val", default)


def number(element: "_Element | None", default: int = 0) -> int:
    text = value(element)
    return int(text) if text.isdecimal() and len(text) < 10 else default


def is_on(element: "_Element | None", name: str = f"{W}val") -> bool:
    """A switch: on where the element stands without a value."""
    return element is not None and element.get(name) not in ("0", "false", "off")


def run(text: str) -> "_Element":
    """A run of plain text."""
    from lxml import etree

    made = etree.Element(f"{W}r")
    etree.SubElement(made, f"{W}t").text = xml_safe(text)
    return made


def xml_safe(text: str) -> str:
    """`text` without control characters, which XML cannot hold."""
    return "".join(c for c in text if c >= " " or c in "\t\n")


def paragraph(text: str) -> "_Element":
    from lxml import etree

    made = etree.Element(f"{W}p")
    made.append(run(text))
    return made


def replace(old: "_Element", new: "_Element | None") -> None:
    """Put `new`, or nothing, in the place of `old`, whose tail stays."""
    parent = old.getparent()
    if parent is None:
        return
    if new is None:
        parent.remove(old)
    else:
        new.tail = old.tail
        parent.replace(old, new)
