"""What of a page is seen: equations, pictures by their descriptions and the values of forms are
made text; struck and hidden text is taken out."""

import re
from collections import Counter
from collections.abc import Iterator, Set
from itertools import islice

from bs4.element import NavigableString, PageElement, Tag

from ingest.html.math import is_equation, linear
from ingest.parsing.options import hidden_is_read

_STRUCK = {"del", "s", "strike"}
_STRUCK_STYLE = re.compile(r"text-decoration(?:-line)?\s*:[^;]*\bline-through", re.IGNORECASE)
_HIDDEN_STYLE = re.compile(
    r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all)", re.IGNORECASE
)
_OPENERS = {"button", "summary", "dt", "h1", "h2", "h3", "h4", "h5", "h6"}
_LOOKED_AT = 20  # elements of what may open a text: pages made to do harm have many
_HOLDS_VALUES = {"td", "th", "dd", "li", "p", "label"}
_TYPED = {"", "text", "number", "date", "time", "month", "week", "datetime-local"} | {
    *("email", "tel", "url", "range"),
}
_FILE_NAME = re.compile(r"[\w.-]+\.(?:png|jpe?g|gif|svg|webp|bmp)", re.IGNORECASE)
# Beside the equation that it shows.
_PICTURE_OF_EQUATION = "mwe-math-fallback"


def tags_of(root: Tag) -> Iterator[Tag]:
    """All tags below `root`; many times faster than a CSS selector."""
    return (node for node in root.descendants if isinstance(node, Tag))


def _is_gone(tag: Tag) -> bool:
    """As `tag.decomposed`, which looks through all tags below for one of that name: on a page of
    5,000 nested ones that took half a minute."""
    return bool(vars(tag).get("_decomposed"))


def write_shown(root: Tag) -> None:
    """Equations, descriptions of pictures and values of forms as text in their places."""
    for tag in list(tags_of(root)):
        if _is_gone(tag) or tag.parent is None:
            continue
        if is_equation(tag):
            _write_equation(tag)
        elif tag.name == "img":
            _write_description(tag)
        elif tag.name in ("input", "select", "textarea"):
            _write_value(tag)


def drop_unseen(root: Tag, opened: Set[str]) -> Counter[str]:
    """Take out what is struck or hidden; how often there was text in it, by the notice's code.
    `opened` are the ids of what buttons unfold."""
    counts = Counter[str]()
    for tag in list(tags_of(root)):
        if _is_gone(tag):
            continue
        style = str(tag.get("style", ""))
        if tag.name in _STRUCK or (style and _STRUCK_STYLE.search(style)):
            code = "struck_text"
        elif style and _is_hidden(tag, style, opened):
            code = "hidden_text"
        else:
            continue
        counts[code] += any(string.strip() for string in tag.strings)
        tag.decompose()
    return counts


def _is_hidden(tag: Tag, style: str, opened: Set[str]) -> bool:
    """Hidden as the page is loaded, and nothing before it that might unfold it."""
    if hidden_is_read() or not _HIDDEN_STYLE.search(style):
        return False
    if tag.get("id") in opened or tag.get("role") == "tabpanel":
        return False
    before = tag.find_previous_sibling()
    return not (isinstance(before, Tag) and _opens(before))


def _opens(tag: Tag) -> bool:
    inner = (node for node in islice(tag.descendants, _LOOKED_AT) if isinstance(node, Tag))
    return any(
        one.name in _OPENERS or "onclick" in one.attrs or one.get("role") in ("button", "tab")
        for one in (tag, *inner)
    )


def _write_equation(tag: Tag) -> None:
    """In its place; one that is hidden because a picture shows it is read from there."""
    above = tag.parent
    if above is not None and above.get_text(strip=True) == tag.get_text(strip=True):
        del above["style"]
    tag.insert_before(NavigableString(linear(tag)))
    tag.decompose()


def _write_description(picture: Tag) -> None:
    text = " ".join(str(picture.get("alt", "")).split())
    classes = str(picture.get("class", ""))
    if not text or _FILE_NAME.fullmatch(text) or _PICTURE_OF_EQUATION in classes:
        return
    figure = picture.find_parent("figure")
    if figure is None or text not in figure.get_text():
        before = "" if _is_word(picture.previous_sibling, -1) else " "
        behind = "" if _is_word(picture.next_sibling, 0) else " "
        picture.replace_with(NavigableString(before + text + behind))


def _is_word(node: PageElement | None, at: int) -> bool:
    """Whether a text stands right beside the picture, as in the middle of a sentence."""
    return isinstance(node, NavigableString) and bool(str(node)[at:][:1].strip())


def _write_value(entry: Tag) -> None:
    """What is filled in or chosen, where it stands in a table or beside words; a box to search or
    a menu says nothing of the page."""
    if entry.name == "input" and str(entry.get("type", "")).lower() not in _TYPED:
        return
    if entry.name == "input":
        text = str(entry.get("value", ""))
    elif entry.name == "textarea":
        text = entry.get_text()
    else:
        chosen = (o for o in entry.find_all("option") if "selected" in o.attrs)
        text = ", ".join(" ".join(option.get_text().split()) for option in chosen)
    above = (tag.name for tag in islice(entry.parents, _LOOKED_AT))
    if any(name in _HOLDS_VALUES for name in above):
        entry.insert_before(NavigableString(f" {text.strip()} "))
    entry.decompose()
