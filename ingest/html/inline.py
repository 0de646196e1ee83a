"""What a page shows within its lines, as plain strings: links, small figures, guides, buttons."""

import re
from collections.abc import Iterable
from itertools import islice

from bs4.element import NavigableString, Tag

from ingest.numerals import numeral
from ingest.parsing.links import with_address
from ingest.scripts import lowered, raised

_HEADING = re.compile(r"h[1-6]|summary|dt|legend")
_LOOKED_AT = 50  # elements above or below: pages made to do harm nest without end
_BESIDE_WORDS = {"li", "label", "td", "th", "p", "dd"}
_MAX_DIGITS = 7
_NUMERALS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_OPENS = ("aria-expanded", "aria-controls", "data-bs-toggle", "data-toggle")


def opened_by_buttons(tags: Iterable[Tag]) -> set[str]:
    """Ids of what folds out: hidden as the page is loaded, but part of its text."""
    return {
        name
        for tag in tags
        if tag.name in ("button", "a")
        for name in str(tag.get("aria-controls", "")).split()
    }


def is_caption_button(tag: Tag) -> bool:
    """A button that is a heading, stands in one, or opens the text below it."""
    if tag.name != "button":
        return False
    inner = (node.name for node in islice(tag.descendants, _LOOKED_AT) if isinstance(node, Tag))
    headed = _is_in_heading(tag) or any(map(_HEADING.fullmatch, inner))
    return headed or any(name in tag.attrs for name in _OPENS)


def _is_in_heading(tag: Tag) -> bool:
    return any(_HEADING.fullmatch(above.name) for above in islice(tag.parents, _LOOKED_AT))


def _text(tag: Tag) -> str:
    return "".join(islice(tag.strings, _LOOKED_AT))


def write_inline(tag: Tag) -> None:
    """Change `tag` in place, so that its strings say what is seen."""
    if tag.name == "a":
        label = _text(tag)
        if addition := with_address(label, str(tag.get("href", "")))[len(label) :]:
            tag.append(NavigableString(addition))
    elif tag.name in ("sup", "sub"):
        text = _text(tag).strip()
        small = raised(text) if tag.name == "sup" else lowered(text)
        if small != text:
            tag.string = small
    elif tag.get("role") == "heading":
        level = str(tag.get("aria-level", "2"))
        tag.name = f"h{min(int(level), 6)}" if level.isdecimal() and int(level) else "h2"
    elif tag.name == "button":
        tag.name = "span" if _is_in_heading(tag) else "div"
    elif is_mark(tag):
        tag.replace_with(NavigableString("☑" if "checked" in tag.attrs else "☐"))

    elif tag.name == "ol":
        _number_items(tag)


def is_mark(tag: Tag) -> bool:
    """A box to tick beside its words, as a list of tasks or a form has it; others open menus."""
    if tag.name != "input" or tag.get("type") not in ("checkbox", "radio"):
        return False
    return tag.parent is not None and tag.parent.name in _BESIDE_WORDS


def _number_items(ordered: Tag) -> None:
    """Give each item its number as it is shown, in its attribute `value`."""
    items = ordered.find_all("li", recursive=False)
    step = -1 if "reversed" in ordered.attrs else 1
    number = _number(ordered.get("start"), len(items) if step < 0 else 1)
    style = _NUMERALS.get(str(ordered.get("type", "")), "decimal")
    for item in items:
        number = _number(item.get("value"), number)
        item["value"] = f"{numeral(number, style)}."
        number += step


def item_mark(item: Tag) -> str:
    """What stands in front of a list item."""
    numbered = item.parent is not None and item.parent.name == "ol"
    return str(item.get("value", "-")) if numbered else "-"


def _number(value: object, default: int) -> int:
    text = str(value)
    return int(text) if text.isdecimal() and len(text) < _MAX_DIGITS else default
