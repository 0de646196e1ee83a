"""Equations (Office MathML) as linear text: `Q=0.62A√((2P)/d)`."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ingest.word.xml import M

if TYPE_CHECKING:
    from lxml.etree import _Element

_MAX_DEPTH = 60


def linear(element: "_Element", depth: int = 0) -> str:
    """An equation, or a part of one, in reading order. Office MathML: ECMA-376, part 1, 22.1."""
    if depth > _MAX_DEPTH:
        return "".join(element.itertext(f"{M}t"))
    name = element.tag.removeprefix(M) if isinstance(element.tag, str) else ""
    if name == "t":
        return element.text or ""
    if name.endswith("Pr") or not name:
        return ""
    if name == "oMathPara":
        return "\n".join(linear(child, depth + 1) for child in element.iterfind(f"{M}oMath"))
    write = _WRITERS.get(name)
    if write is not None:
        return write(element, _Inside(element, depth + 1))
    return _content(element, depth)


class _Inside:
    """The parts of an element as text."""

    def __init__(self, element: "_Element", depth: int) -> None:
        self._element, self._depth = element, depth

    def __call__(self, name: str) -> str:
        """The child with this name."""
        return _content(self._element.find(f"{M}{name}"), self._depth)

    def all(self, path: str) -> list[str]:
        """The children at a path."""
        return [_content(child, self._depth) for child in self._element.iterfind(path)]


def _content(element: "_Element | None", depth: int) -> str:
    if element is None:
        return ""
    return "".join(linear(child, depth + 1) for child in element)


def grouped(text: str) -> str:
    """In parentheses where it is more than one name or number."""
    text = text.strip()
    plain = text.replace(".", "").replace("'", "").isalnum()
    single = plain and (len(text) == 1 or text.replace(".", "").isdigit() or text.isalpha())
    return text if single or _is_bracketed(text) else f"({text})"


def _is_bracketed(text: str) -> bool:
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place == len(text) - 1
    return False


def _property(element: "_Element", name: str, default: str) -> str:
    """A character among the properties; one that is given as empty is empty."""
    found = element.find(f"{M}{element.tag.removeprefix(M)}Pr/{M}{name}")
    return default if found is None else found.get(f"{M}val", "")


def _fraction(_: "_Element", part: _Inside) -> str:
    return f"{grouped(part('num'))}/{grouped(part('den'))}"


def _root(_: "_Element", part: _Inside) -> str:
    degree = part("deg").strip()
    return f"{grouped(degree) if degree else ''}√({part('e')})"


def scripts(base: str, below: str, above: str) -> str:
    """A letter with what stands below and above it."""
    text = base
    if below.strip():
        text += f"_{grouped(below)}"
    return f"{text}^{grouped(above)}" if above.strip() else text


def _scripted(_: "_Element", part: _Inside) -> str:
    base = part("e")
    letters = base.strip()
    return scripts(
        base if len(letters) < 2 or letters.isalnum() else grouped(base), part("sub"), part("sup")
    )


def _pre_scripted(_: "_Element", part: _Inside) -> str:
    return scripts("", part("sub"), part("sup")) + part("e")


def _nary(element: "_Element", part: _Inside) -> str:
    sign = _property(element, "chr", "∫")
    return f"{scripts(sign, part('sub'), part('sup'))} {part('e')}"


def _delimited(element: "_Element", part: _Inside) -> str:
    opening, closing = _property(element, "begChr", "("), _property(element, "endChr", ")")
    return opening + _property(element, "sepChr", "|").join(part.all(f"{M}e")) + closing


def _function(_: "_Element", part: _Inside) -> str:
    return f"{part('fName').strip()} {part('e').strip()}"


def _limit(_: "_Element", part: _Inside) -> str:
    return f"{part('e').strip()}_{grouped(part('lim'))}"


def _limit_above(_: "_Element", part: _Inside) -> str:
    return f"{part('e').strip()}^{grouped(part('lim'))}"


def _matrix(element: "_Element", part: _Inside) -> str:
    wide = max((len(row.findall(f"{M}e")) for row in element.iterfind(f"{M}mr")), default=1)
    cells = part.all(f"{M}mr/{M}e")
    rows = (", ".join(cells[at : at + wide]) for at in range(0, len(cells), max(wide, 1)))
    return f"[{'; '.join(rows)}]"


def _equations(_: "_Element", part: _Inside) -> str:
    return "; ".join(part.all(f"{M}e"))


def _accented(element: "_Element", part: _Inside) -> str:
    mark = _property(element, "chr", "\u0302")
    return part("e") + mark


def _barred(_: "_Element", part: _Inside) -> str:
    return part("e") + "\u0305"


_WRITERS: dict[str, Callable[["_Element", _Inside], str]] = {
    "f": _fraction,
    "rad": _root,
    "sSup": _scripted,
    "sSub": _scripted,
    "sSubSup": _scripted,
    "sPre": _pre_scripted,
    "nary": _nary,
    "d": _delimited,
    "func": _function,
    "limLow": _limit,
    "limUpp": _limit_above,
    "m": _matrix,
    "eqArr": _equations,
    "acc": _accented,
    "bar": _barred,
}
