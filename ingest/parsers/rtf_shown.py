"""What of a Rich Text file is shown: struck and hidden text is taken out, notes stand in brackets
where they are called."""

import re
from collections import Counter
from dataclasses import dataclass, replace

_TOKEN = re.compile(r"\\\'[0-9a-fA-F]{2}|\\([a-z]+)(-?\d+)? ?|\\[^a-z]|[{}]|[^\\{}]+")
_UNICODE = re.compile(r"\\u(-?\d+)")
_CJK_FROM = 0x2E80
# Groups that hold no text of the document; what is struck or hidden in them says nothing.
_ASIDE = {"fonttbl", "colortbl", "stylesheet", "info", "xe", "tc", "pict", "object", "listtable"}
_ENDS = {"par": " ", "line": " ", "cell": " ", "tab": " "}


@dataclass(slots=True)
class _Group:
    struck: bool = False
    hidden: bool = False
    aside: bool = False
    is_note: bool = False  # of which it is the outermost group
    in_note: bool = False


def without_unseen(source: str, *, hidden: bool) -> tuple[str, Counter[str]]:
    """`source` without what is not seen, and how many pieces of it there were, by the notice's
    code. With `hidden` hidden text stays."""
    if not re.search(r"\\(?:strike|striked|v|footnote)(?![a-z])", source):
        return source, Counter()
    reader = _Reader(read_hidden=hidden)
    for token in _TOKEN.finditer(source):
        reader.take(token)
    return "".join(reader.kept), reader.counts


class _Reader:
    def __init__(self, *, read_hidden: bool) -> None:
        self.kept: list[str] = []
        self.counts = Counter[str]()
        self._groups = [_Group()]
        self._read_hidden = read_hidden
        self._dropping = ""  # the notice's code of what was dropped last
        self._notes: list[int] = []  # where the open ones begin in `kept`
        self._numbered = 0

    def take(self, token: re.Match[str]) -> None:
        text, word = token[0], token[1]
        group = self._groups[-1]
        if text == "{":
            self._groups.append(replace(group, is_note=False))
        elif text == "}":
            if group.is_note:
                self._end_note()
            if len(self._groups) > 1:
                self._groups.pop()
        elif word and word != "u":
            self._control(group, word, token[2] or "")
            if word == "footnote":
                return
            text = _ENDS.get(word, text) if group.in_note else text
        elif text == "\\*":
            group.aside = True
        elif self._is_dropped(group, text):
            return
        self.kept.append(text)

    def _control(self, group: _Group, word: str, number: str) -> None:
        if word in ("strike", "striked"):
            group.struck = number != "0"
        elif word == "v":
            group.hidden = number != "0"
        elif word == "plain":
            group.struck = group.hidden = False
        elif word in _ASIDE:
            group.aside = True
        elif word == "footnote":
            group.is_note = group.in_note = True
            group.struck = group.hidden = group.aside = False
            self._notes.append(len(self.kept))

    def _is_dropped(self, group: _Group, text: str) -> bool:
        hidden = group.hidden and not self._read_hidden
        if group.aside or not (group.struck or hidden):
            if text.strip():
                self._dropping = ""
            return False
        code = "hidden_text" if hidden else "struck_text"
        if code != self._dropping and text.strip():
            self.counts[code] += 1
            self._dropping = code
        return True

    def _end_note(self) -> None:
        """`（注1：…）`, or in brackets of its own language, where the note is called."""
        begin = self._notes.pop()
        self._numbered += 1
        text = "".join(self.kept[begin:])
        codes = (int(code[1]) % 0x10000 for code in _UNICODE.finditer(text))
        if re.search(r"\\\'[89a-fA-F]", text) or any(code >= _CJK_FROM for code in codes):
            opening, closing = f"（注{self._numbered}：", "）"
        else:
            opening, closing = f" (Note {self._numbered}: ", ")"
        self.kept.insert(begin, _written(opening))
        self.kept.append(_written(closing))


def _written(text: str) -> str:
    """In the way RTF writes Unicode."""
    return "".join(c if c.isascii() else f"\\u{ord(c)}?" for c in text)
