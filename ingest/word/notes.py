"""Foot- and endnotes: a mark in the sentence, the note as a paragraph below."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.clean import CJK
from ingest.word.xml import W, paragraph, run

if TYPE_CHECKING:
    from lxml.etree import _Element

_CHINESE = re.compile(f"[{CJK}]")
_NAMES = {"footnote": ("注", "Note"), "endnote": ("尾注", "Endnote")}


@dataclass(slots=True)
class Notes:
    """The notes of one kind by their ids; numbered in the order in which they are called."""

    kind: str  # `footnote` or `endnote`
    by_id: Mapping[str, "_Element"]
    _count: int = field(default=0)

    def write(self, body: "_Element") -> None:
        """Add every note that `body` calls, once, behind the paragraph that calls it."""
        last: dict[_Element, _Element] = {}  # by paragraph: what stands behind it already
        for reference in list(body.iter(f"{W}{self.kind}Reference")):
            note = self.by_id.get(reference.get(f"{W}id", ""))
            caller = next(reference.iterancestors(f"{W}p"), None)
            if note is None or caller is None or _is_deleted(reference):
                continue
            text = note_text(note)
            if not text:
                continue
            self._count += 1
            label = self._label(text)
            _mark(reference, label, chinese=bool(_CHINESE.search(text)))
            made = paragraph(f"{label}{'：' if _CHINESE.search(text) else ': '}{text}")
            last.get(caller, caller).addnext(made)
            last[caller] = made

    def _label(self, text: str) -> str:
        chinese, english = _NAMES[self.kind]
        return f"{chinese}{self._count}" if _CHINESE.search(text) else f"{english} {self._count}"


def notes_by_id(root: "_Element", kind: str) -> dict[str, "_Element"]:
    """Notes proper; the rules between text and notes are stored beside them."""
    return {
        note.get(f"{W}id", ""): note
        for note in root.iterfind(f"{W}{kind}")
        if note.get(f"{W}type", "normal") == "normal"
    }


def note_text(note: "_Element") -> str:
    lines = ("".join(t.text or "" for t in p.iter(f"{W}t")) for p in note.iter(f"{W}p"))
    return " ".join(filter(None, map(str.strip, lines)))


def _mark(reference: "_Element", label: str, *, chinese: bool) -> None:
    """`（注1）` in the place of the raised figure, which would read as part of a number."""
    caller = reference.getparent()
    if caller is not None:
        if reference.get(f"{W}customMarkFollows") in ("1", "true", "on"):
            for own in caller.iterfind(f"{W}t"):
                own.text = ""
        caller.addnext(run(f"（{label}）" if chinese else f" ({label})"))


def _is_deleted(reference: "_Element") -> bool:
    return next(reference.iterancestors(f"{W}del", f"{W}moveFrom"), None) is not None
