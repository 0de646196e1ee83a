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
    _labels: dict[str, str] = field(default_factory=dict)  # of those written, by id

    def write(self, body: "_Element") -> None:
        """Add every note that `body` calls, once, behind the paragraph that calls it."""
        last: dict[_Element, _Element] = {}  # by paragraph: what stands behind it already
        for reference in list(body.iter(f"{W}{self.kind}Reference")):
            key = reference.get(f"{W}id", "")
            note = self.by_id.get(key)
            caller = next(reference.iterancestors(f"{W}p"), None)
            text = note_text(note) if note is not None else ""
            if caller is None or not text or _is_deleted(reference):
                continue
            chinese = bool(_CHINESE.search(text))
            known = key in self._labels
            label = self._labels.setdefault(key, self._label(chinese))
            _mark(reference, label, chinese=chinese)
            if not known:
                made = paragraph(f"{label}{'：' if chinese else ': '}{text}")
                last.get(caller, caller).addnext(made)
                last[caller] = made

    def _label(self, chinese: bool) -> str:
        number = len(self._labels) + 1
        names = _NAMES[self.kind]
        return f"{names[0]}{number}" if chinese else f"{names[1]} {number}"


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
