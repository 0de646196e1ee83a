"""The cells of an xlsx sheet: their texts as they are shown, and formulas without a result.

ECMA-376 part 1, 18.3.1.4 (cells), 18.4 (strings).
"""

import re
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING

from ingest.scripts import lowered, raised
from ingest.sheets.formulas import shifted
from ingest.sheets.number_format import Formatter, formatter, text_shown
from ingest.sheets.types import Sheet

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_COLUMN = 16_384
FALSE = (None, "0", "false", "off")
_PICTURE = re.compile(r"=(?:_xlfn\.)?DISPIMG\(", re.IGNORECASE)  # as WPS puts one into a cell
_CODED = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass(slots=True)
class Book:
    """What all sheets share. `formats` are codes by style number."""

    strings: list[str]
    formats: list[str]
    from_1904: bool
    recalculated: bool  # when it is opened: then a stored 0 may be no result
    showers: dict[str, Formatter] = field(default_factory=dict)

    def code(self, style: str | None) -> str:
        number = int(style) if style and style.isdecimal() else 0
        return self.formats[number] if number < len(self.formats) else ""

    def shown(self, value: str, style: str | None) -> str:
        """A number as the sheet shows it."""
        try:
            number = float(value)
        except ValueError:
            return value
        key = style or ""
        if key not in self.showers:
            self.showers[key] = formatter(self.code(style), from_1904=self.from_1904)
        return self.showers[key](number)


@dataclass(slots=True)
class Cells:
    """Reads the cells of a sheet. `tag`, `value`, `formula` and `inline` are names of elements."""

    book: Book
    sheet: Sheet
    space: InitVar[str]  # the name space of its elements, in braces
    tag: str = field(init=False)
    value: str = field(init=False)
    formula: str = field(init=False)
    inline: str = field(init=False)
    masters: dict[str, tuple[str, int, int]] = field(default_factory=dict)  # shared formulas
    columns: dict[str, int] = field(default_factory=dict)  # by their letters

    def __post_init__(self, space: str) -> None:
        self.tag, self.value = f"{space}c", f"{space}v"
        self.formula, self.inline = f"{space}f", f"{space}is"

    def read(self, entry: "_Element", row: int) -> None:
        column = -1
        for cell in entry.iterchildren(self.tag):
            column = self._place(cell.get("r"), column)
            text, formula = self._value(cell)
            if formula is not None:
                said = _formula(formula, row, column, self.masters)
                if text is None:
                    self.sheet.unsure.append((row, column))
                    text = said
            if text and _is_picture(cell, text):
                self.sheet.pictures += 1
            elif text and column < MAX_COLUMN:
                self.sheet.add(row, column, text)

    def _place(self, reference: str | None, before: int) -> int:
        if not reference:
            return before + 1
        letters = reference.rstrip("0123456789")
        if letters not in self.columns:
            self.columns[letters] = column_number(letters)
        return self.columns[letters]

    def _value(self, cell: "_Element") -> tuple[str | None, "_Element | None"]:
        """What the cell shows, and its formula; None where the formula has no result yet."""
        kind, style = cell.get("t", "n"), cell.get("s")
        formula = value = None
        text: str | None = ""
        for child in cell:
            name = child.tag
            if name == self.value:
                value = child.text or ""
            elif name == self.formula:
                formula = child
            elif name == self.inline:
                text = plain_text(child)
        if formula is not None and not _has_result(kind, value, self.book):
            return None, formula
        if value is None or kind == "inlineStr":
            return _worded(text or "", style, self.book), formula
        return _SHOWN.get(kind, _number)(value, style, self.book), formula


def _is_picture(cell: "_Element", text: str) -> bool:
    """Excel writes a picture in a cell as an error with a rich value."""
    if text[0] == "#":
        return text == "#VALUE!" and cell.get("vm") is not None
    return text[0] == "=" and _PICTURE.match(text) is not None


def _has_result(kind: str, value: str | None, book: Book) -> bool:
    if kind == "str":  # an empty text is a result
        return value is not None
    if value == "0" and kind == "n":  # what writers without a calculator put in its place
        return not book.recalculated
    return bool(value)


def _number(value: str, style: str | None, book: Book) -> str:
    return book.shown(value, style) if value else ""


def _shared(value: str, style: str | None, book: Book) -> str:
    number = int(value) if value.isdecimal() else len(book.strings)
    return _worded(book.strings[number], style, book) if number < len(book.strings) else ""


def _worded(text: str, style: str | None, book: Book) -> str:
    return text_shown(book.code(style), text) if style and text.strip() else text


_SHOWN: dict[str, Callable[[str, str | None, Book], str]] = {
    "s": _shared,
    "str": lambda value, style, book: _worded(_unescaped(value), style, book),
    "b": lambda value, *_: "TRUE" if value not in FALSE else "FALSE",
    "e": lambda value, *_: value,
    "d": lambda value, *_: value.removesuffix("Z").removesuffix("T00:00:00").replace("T", " "),
}


def _formula(
    entry: "_Element", row: int, column: int, masters: dict[str, tuple[str, int, int]]
) -> str:
    """As it is written, `=` in front; that of a shared one moved to its place."""
    text = entry.text or ""
    shared = entry.get("si") if entry.get("t") == "shared" else None
    if shared is not None and text:
        masters[shared] = (text, row, column)
    elif shared is not None and shared in masters:
        master, top, left = masters[shared]
        text = shifted(master, row - top, column - left)
    return f"={text}" if text else "="


def column_number(letters: str) -> int:
    """A is 0; what is no column is one behind the last."""
    number = 0
    for letter in letters.replace("$", "").upper()[:4]:
        number = number * 26 + ord(letter) - 64
    return number - 1 if 0 < number <= MAX_COLUMN else MAX_COLUMN


def plain_text(entry: "_Element") -> str:
    """The text of a string, without the guide to its pronunciation."""
    if len(entry) == 1 and entry[0].text and local_name(entry[0]) == "t":
        return _unescaped(entry[0].text)
    parts: list[str] = []
    for child in entry:
        name = local_name(child)
        if name == "t":
            parts.append(child.text or "")
        elif name == "r":
            parts.append(_run_text(child))
    return _unescaped("".join(parts))


def _run_text(run: "_Element") -> str:
    """The text of a run; raised and lowered figures as such."""
    text = "".join(part.text or "" for part in run if local_name(part) == "t")
    place = next(run.iter("{*}vertAlign"), None)
    small = _SMALL.get(place.get("val", "")) if place is not None else None
    return small(text) if small is not None else text


_SMALL = {"superscript": raised, "subscript": lowered}


def _unescaped(text: str) -> str:
    """`_x000D_` stands for a character that XML cannot hold."""
    if "_x" not in text:
        return text
    return _CODED.sub(lambda code: chr(int(code[1], 16)), text)


def local_name(entry: "_Element | None") -> str:
    tag = entry.tag if entry is not None else ""
    return tag[tag.rfind("}") + 1 :] if isinstance(tag, str) else ""
