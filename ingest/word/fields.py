"""Marks, form fields and links of a Word document as text in their runs."""

import re
from typing import TYPE_CHECKING

from ingest.clean import CJK
from ingest.parsing.links import with_address
from ingest.scripts import lowered, raised
from ingest.word.symbols import checkbox, drawn, is_symbol_font
from ingest.word.xml import W14, R, W, is_on, number, run, value, xml_safe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element

_LINK = re.compile(r'\s*HYPERLINK\s+"([^"]+)"', re.IGNORECASE)
# EQ \o\ad(\s\up 9(guide),base): the phonetic guide of older versions; EQ \o\ac(○,1): enclosed.
_GUIDE = re.compile(r"\s*EQ\b.*?\\o\s*\\a[a-z]\s*\(\s*\\s\s*\\up\s*\d+\s*\(.*?\)\s*[,;](.*)\)\s*$")
_ENCLOSED = re.compile(r"\s*EQ\b.*?\\o\s*\\a[a-z]\s*\(.+?[,;]\s*(.+?)\)\s*$")
_FRACTION = re.compile(r"\\f\s*\(([^(),;]+)[,;]([^(),;]+)\)", re.IGNORECASE)
_ROOT = re.compile(r"\\r\s*\(([^(),;]*)[,;]([^(),;]+)\)", re.IGNORECASE)
_BRACKETS = str.maketrans("[]", "()")  # round ones would end an argument
_SINGLE = re.compile(r"[^\[\]/\s+−-]+(?:\[[^\[\]]*\])?")  # needs no brackets in a fraction
_WORD = re.compile(f"[{CJK}]")
_CLOSED, _OPENED = ("]", ")"), ("[", "(", "\\")
_SWITCH = re.compile(r"\\\*\s*\w+")
_NESTED = re.compile(r"\\s\s*\\(?:up|do)\s*\d+\s*\((.*?)\)")
_MAX_INSTRUCTION = 1000  # characters


def write_marks(root: "_Element") -> None:
    """Symbols, check boxes and small raised figures as the characters that they look like."""
    for symbol in list(root.iter(f"{W}sym")):
        code = symbol.get(f"{W}char", "")
        if re.fullmatch(r"[0-9A-Fa-f]{2,4}", code):
            character = chr(int(code, 16))
            _become_text(symbol, drawn(character, symbol.get(f"{W}font", "")))
    for box in list(root.iter(f"{W14}checkbox")):
        _write_control(box)
    for properties in root.iter(f"{W}rPr"):
        if properties.getparent().tag == f"{W}r":
            _write_drawn(properties)


def _write_control(box: "_Element") -> None:
    """The state of a check box that is a content control, in the place of its glyph."""
    control = next(box.iterancestors(f"{W}sdt"), None)
    content = control.find(f"{W}sdtContent") if control is not None else None
    if content is None:
        return
    mark = checkbox(is_on(box.find(f"{W14}checked"), f"{W14}val"))
    for text in content.iter(f"{W}t"):
        text.text, mark = mark, ""
        fonts = text.getparent().find(f"{W}rPr/{W}rFonts")
        if fonts is not None:
            fonts.getparent().remove(fonts)


def _write_drawn(properties: "_Element") -> None:
    """Text in a symbol font, and raised or lowered figures: 10⁶ must not be read as 106."""
    fonts = properties.find(f"{W}rFonts")
    font = (fonts.get(f"{W}ascii") or fonts.get(f"{W}hAnsi") or "") if fonts is not None else ""
    place = value(properties.find(f"{W}vertAlign"))
    small = {"superscript": raised, "subscript": lowered}.get(place)
    if not is_symbol_font(font) and small is None:
        return
    for text in properties.getparent().iterfind(f"{W}t"):
        written = text.text or ""
        if is_symbol_font(font):
            text.text = xml_safe(drawn(written, font))
        elif small is not None:
            text.text = small(written)


def write_fields(root: "_Element", targets: "Mapping[str, str]") -> None:
    """Links with their address, and what fields show that hold no text of their own.

    `targets` are the addresses outside of the file by relationship id.
    """
    for link in list(root.iter(f"{W}hyperlink")):
        _add_address(link, targets.get(link.get(f"{R}id", ""), ""))
    for paragraph in root.iter(f"{W}p"):
        _Fields().run(paragraph)


def _add_address(link: "_Element", address: str) -> None:
    label = "".join(text.text or "" for text in link.iter(f"{W}t"))
    if addition := with_address(label, address)[len(label) :]:
        link.append(run(addition))


class _Fields:
    """The fields of one paragraph that are begun, separated and ended by marks in its runs."""

    def __init__(self) -> None:
        self._open: list[_Field] = []

    def run(self, paragraph: "_Element") -> None:
        for element in list(paragraph.iter(f"{W}fldChar", f"{W}instrText", f"{W}t")):
            if element.tag == f"{W}fldChar":
                self._mark(element, element.get(f"{W}fldCharType", ""))
            elif self._open and element.tag == f"{W}instrText":
                field = self._open[-1]
                field.instruction = (field.instruction + (element.text or ""))[:_MAX_INSTRUCTION]
            elif self._open:
                self._shown(element)

    def _shown(self, text: "_Element") -> None:
        """The result of the innermost field, which another one may only calculate with."""
        within = next((field for field in self._open if not field.separated), None)
        if within is not None:
            within.instruction = (within.instruction + (text.text or ""))[:_MAX_INSTRUCTION]
            text.text = ""
            return
        for field in self._open:
            field.result = (field.result + (text.text or ""))[:_MAX_INSTRUCTION]

    def _mark(self, mark: "_Element", kind: str) -> None:
        if kind == "begin":
            self._open.append(_Field(mark))
        elif kind == "separate" and self._open:
            self._open[-1].separated = True
        elif kind == "end" and self._open:
            field = self._open.pop()
            addition = field.addition()
            if addition and self._open and not self._open[-1].separated:
                self._open[-1].instruction += addition  # a field inside of an instruction
            elif addition:
                _become_text(mark, addition)


class _Field:
    def __init__(self, begin: "_Element") -> None:
        self.instruction = ""
        self.result = ""
        self.separated = False
        self._data = begin.find(f"{W}ffData")

    def addition(self) -> str:
        """What to write behind the field's own result."""
        name = self.instruction.strip().split(" ")[0].upper()
        if name == "FORMCHECKBOX" and self._data is not None:
            return checkbox(_is_checked(self._data.find(f"{W}checkBox")))
        if name == "FORMDROPDOWN" and self._data is not None and not self.result:
            return _chosen(self._data.find(f"{W}ddList"))
        if link := _LINK.match(self.instruction):
            return with_address(self.result, link[1])[len(self.result) :]
        if name == "EQ" and not self.result:
            found = _GUIDE.match(self.instruction) or _ENCLOSED.match(self.instruction)
            if found is not None:
                return _NESTED.sub(r"\1", found[1]).strip()
            return _formula(self.instruction)
        return ""


def _formula(instruction: str) -> str:
    """What an EQ field of fractions and roots shows: 3/8, √(2); others are left out altogether."""
    text = _SWITCH.sub("", instruction.strip()[len("EQ") :]).strip()
    while text != (written := _FRACTION.sub(_fraction, _ROOT.sub(_root, text))):
        text = written
    return "" if "\\" in text else text.translate(_BRACKETS)


def _root(match: re.Match[str]) -> str:
    return f"{raised(match[1].strip())}√[{match[2].strip()}]"


def _fraction(match: re.Match[str]) -> str:
    above, below = (
        part if _SINGLE.fullmatch(part) else f"[{part}]"
        for part in (match[1].strip(), match[2].strip())
    )
    before, behind = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    if before in _CLOSED or (behind.isalnum() and not _WORD.match(behind)) or behind in _OPENED:
        return "\\"  # a product, which would read as another number
    return f"{' ' if before.isdigit() else ''}{above}/{below}"  # 3 1/2


def _is_checked(box: "_Element | None") -> bool:
    if box is None:
        return False
    checked = box.find(f"{W}checked")
    return is_on(checked if checked is not None else box.find(f"{W}default"))


def _chosen(choices: "_Element | None") -> str:
    if choices is None:
        return ""
    entries = [value(entry) for entry in choices.iterfind(f"{W}listEntry")]
    result = choices.find(f"{W}result")
    place = number(result if result is not None else choices.find(f"{W}default"))
    return entries[place] if place < len(entries) else ""


def _become_text(element: "_Element", text: str) -> None:
    """Turn an element of a run into text."""
    for child in list(element):
        element.remove(child)
    from lxml import etree

    made = etree.Element(f"{W}t")
    made.text = xml_safe(text)
    parent = element.getparent()
    if parent is not None:
        made.tail = element.tail
        parent.replace(element, made)
