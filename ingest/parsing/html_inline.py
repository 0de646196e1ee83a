"""What a page shows within its lines, as plain strings: links, small figures, guides, buttons."""

import re
from collections.abc import Iterable
from itertools import islice

from bs4.element import NavigableString, Tag

from ingest.parsing.links import with_address

SUPERSCRIPT = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
SUBSCRIPT = str.maketrans("0123456789+-−", "₀₁₂₃₄₅₆₇₈₉₊₋₋")
_HEADING = re.compile(r"h[1-6]|summary|dt|legend")
_LOOKED_AT = 50  # elements above or below: pages made to do harm nest without end
_OPENS = ("aria-expanded", "aria-controls", "data-bs-toggle", "data-toggle")


def opened_by_buttons(tags: Iterable[Tag]) -> set[str]:
    """Ids of what folds out: hidden as the page is loaded, but part of its text."""
    return {
        name
        for tag in tags
        if tag.name in ("button", "a") and tag.get("role") != "tab"
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
        small = SUPERSCRIPT if tag.name == "sup" else SUBSCRIPT
        text = _text(tag).strip()
        if text and all(ord(character) in small for character in text):
            tag.string = text.translate(small)
    elif tag.get("role") == "heading":
        level = str(tag.get("aria-level", "2"))
        tag.name = f"h{min(int(level), 6)}" if level.isdecimal() and int(level) else "h2"
    elif tag.name == "button":
        tag.name = "span" if _is_in_heading(tag) else "div"
