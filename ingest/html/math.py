"""Equations of pages and books (MathML Core) as linear text: `Q=0.62A√((2P)/d)`."""

from collections.abc import Callable

from bs4.element import NavigableString, Tag

from ingest.word.math import grouped, scripts

_MAX_DEPTH = 60
# Applied functions, products and sums that have no sign; a list's comma is one.
_UNSEEN = str.maketrans({"\u2061": " ", "\u2062": "", "\u2063": ",", "\u2064": " "})
_ACCENTS = {"^": "\u0302", "~": "\u0303", "¯": "\u0305", "‾": "\u0305", "_": "\u0305"}
_ACCENTS |= {"→": "\u20d7", "˙": "\u0307", "¨": "\u0308", "ˆ": "\u0302", "˜": "\u0303"}
_NOT_SHOWN = {"annotation", "annotation-xml", "mphantom"}


def is_equation(tag: Tag) -> bool:
    """Whether an equation begins with the tag, with a prefix of its name space or without."""
    return _name(tag) == "math"


def linear(tag: Tag, depth: int = 0) -> str:
    """An equation, or a part of one, in reading order."""
    name = _name(tag)
    if name in _NOT_SHOWN:
        return ""
    if depth > _MAX_DEPTH:
        return tag.get_text()
    inside = [linear(child, depth + 1) for child in tag.children if isinstance(child, Tag)]
    if not inside:
        text = tag.get_text()
        if name == "mspace" or text.isspace():
            return " "
        seen = text.translate(_UNSEEN)
        return (" ".join(seen.split()) or seen) if text else str(tag.get("alttext", ""))
    write = _WRITERS.get(name)
    if name == "semantics":
        return inside[0]  # what follows says the same in other ways
    return write(tag, inside) if write is not None else _content(tag, inside)


def _name(tag: Tag) -> str:
    return tag.name.rpartition(":")[2]


def _content(tag: Tag, inside: list[str]) -> str:
    """The parts behind each other, with words that stand among them."""
    parts = iter(inside)
    texts = (
        next(parts) if isinstance(child, Tag) else str(child).strip()
        for child in tag.children
        if isinstance(child, Tag | NavigableString)
    )
    return "".join(texts)


def _fraction(tag: Tag, inside: list[str]) -> str:
    above, below = _pair(inside)
    if str(tag.get("linethickness", "")).rstrip("pxemt%") == "0":
        return f"({above}; {below})"  # a binomial
    return f"{grouped(above)}/{grouped(below)}"


def _root(_: Tag, inside: list[str]) -> str:
    base, degree = _pair(inside)
    return f"{grouped(degree)}√({base})"


def _raised(_: Tag, inside: list[str]) -> str:
    base, above = _pair(inside)
    return scripts(_base(base), "", above)


def _lowered(_: Tag, inside: list[str]) -> str:
    base, below = _pair(inside)
    return scripts(_base(base), below, "")


def _over(_: Tag, inside: list[str]) -> str:
    base, above = _pair(inside)
    accent = _ACCENTS.get(above.strip())
    return base + accent if accent else scripts(_base(base), "", above)


def _both(_: Tag, inside: list[str]) -> str:
    base, below, above = [*inside, "", ""][:3]
    return scripts(_base(base), below, above)


def _before_and_behind(tag: Tag, inside: list[str]) -> str:
    """`mmultiscripts`: pairs behind the base, and those in front of it behind a mark."""
    names = [_name(child) for child in tag.children if isinstance(child, Tag)]
    cut = names.index("mprescripts") if "mprescripts" in names else len(names)

    def pairs(values: list[str]) -> str:
        padded = [*values, ""]
        return "".join(scripts("", *padded[at : at + 2]) for at in range(0, len(values), 2))

    return pairs(inside[cut + 1 :]) + inside[0] + pairs(inside[1:cut])


def _fenced(tag: Tag, inside: list[str]) -> str:
    marks = "".join(str(tag.get("separators", ",")).split())
    text = inside[0]
    for number, part in enumerate(inside[1:]):
        text += (marks[min(number, len(marks) - 1)] if marks else "") + part
    return f"{tag.get('open', '(')}{text}{tag.get('close', ')')}"


def _rows(_: Tag, inside: list[str]) -> str:
    return f"[{'; '.join(inside)}]"


def _cells(_: Tag, inside: list[str]) -> str:
    return ", ".join(inside)


def _base(text: str) -> str:
    letters = text.strip()
    return text if len(letters) < 2 or letters.isalnum() else grouped(text)


def _pair(inside: list[str]) -> tuple[str, str]:
    first, second = [*inside, ""][:2]
    return first, second


_WRITERS: dict[str, Callable[[Tag, list[str]], str]] = {
    "mfrac": _fraction,
    "msqrt": lambda tag, inside: f"√({_content(tag, inside)})",
    "mroot": _root,
    "msup": _raised,
    "msub": _lowered,
    "msubsup": _both,
    "munder": _lowered,
    "mover": _over,
    "munderover": _both,
    "mmultiscripts": _before_and_behind,
    "mfenced": _fenced,
    "mtable": _rows,
    "mtr": _cells,
}
