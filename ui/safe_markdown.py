"""Makes untrusted text safe for Streamlit's Markdown.

Answers may use headings, emphasis, lists, tables and code. Images, links, formulas and Streamlit's
directives (`:red[…]`, `:material/…:`, emoji short codes) become plain text: a document could have
tricked the model into writing them, and an image's address can leak private text. Markers `[n]`
become links within the page.
"""

import html
import re
from collections.abc import Callable

from markdown_it import MarkdownIt

BREAK = "\u2060"  # word joiner: invisible, but breaks up the pattern around it
# HTML blocks and references are escaped later, so they must not shape the blocks here either: an
# HTML block that swallowed a fence would swap code and text.
_BLOCKS = MarkdownIt("commonmark").enable("table").disable(["html_block", "reference"])
# A code span on one line. Spans with a pipe are excluded, since it would end a table cell.
_CODE_SPAN = re.compile(r"(?<![`\\])(`+)(?!`)([^\n|]*?[^\n|`])\1(?!`)")
_MARKER = re.compile(r"\[(\d{1,3})\]")
# Streamlit rewrites these after parsing, so a backslash does not escape them.
_DIRECTIVE = re.compile(r":(?=[A-Za-z_]|[+-]1:|\d+\w*:)")
_ADDRESS = re.compile(
    r"(?i)\b(https?|ftp|mailto|data|javascript)(:)|\b(www)(\.)|([\w.+-])(@)(?=\w)"
)
# Marks inside of a size (600*400*300) or a name (__init__) are characters.
_TIMES = re.compile(r"(?<=[0-9A-Za-z)）\]])\*(?=[0-9A-Za-z(（\[])")
_DUNDER = re.compile(r"(?<!\w)__[a-z][a-z0-9]*(?:_[a-z0-9]+)*__(?!\w)", re.ASCII)
_CODE_FENCE = re.compile(r"^([>\s\d.)*+-]*)(`{3,}|~{3,})(.*)$")
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$&^=\"'/])")


def answer(text: str, sources: int, anchor: str) -> str:
    """`text` for st.markdown. Markers 1…`sources` link to `#{anchor}-n`; others stay text."""

    def marker(found: re.Match[str]) -> str:
        number = int(found[1])
        return f"[{number}](#{anchor}-{number})" if 1 <= number <= sources else rf"\[{found[1]}\]"

    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    opening, code = _fences(text)
    lines = [
        _fence_line(line) if number in opening else line if number in code else _line(line, marker)
        for number, line in enumerate(text.split("\n"))
    ]
    return "\n".join(lines)


def table_ends(text: str) -> list[int]:
    """Where the lines of tables end, each table's last."""
    ends = [0]
    for line in re.finditer(r"[^\r\n]*(?:\r\n?|\n|$)", text):
        ends.append(line.end())
    tables = (token.map for token in _BLOCKS.parse(text) if token.type == "table_open")
    return [len(text[: ends[lines[1]]].rstrip("\r\n")) for lines in tables if lines]


def _fences(text: str) -> tuple[set[int], set[int]]:
    """Line numbers that open a fence, and line numbers of all fenced code.

    Indented code is treated as text, to be safe.
    """
    opening: set[int] = set()
    code: set[int] = set()
    for token in _BLOCKS.parse(text):
        if token.type == "fence" and token.map:
            opening.add(token.map[0])
            code.update(range(*token.map))
    return opening, code


def _fence_line(line: str) -> str:
    """The opening fence, with a language that renders nothing but code."""
    found = _CODE_FENCE.match(line)
    if not found:
        return line
    language = re.match(r"\s*([\w+#.-]*)", found[3])
    name = language[1] if language else ""
    return found[1] + found[2] + ("text" if name.lower() in ("mermaid", "math", "latex") else name)


def _line(line: str, marker: Callable[[re.Match[str]], str]) -> str:
    parts: list[str] = []
    end = 0
    for span in _CODE_SPAN.finditer(line):
        parts += [_plain_part(line[end : span.start()], marker), span[0]]
        end = span.end()
    parts.append(_plain_part(line[end:], marker))
    return "".join(parts)


def _plain_part(text: str, marker: Callable[[re.Match[str]], str]) -> str:
    parts: list[str] = []
    end = 0
    for found in _MARKER.finditer(text):
        parts += [_inert(text[end : found.start()]), marker(found)]
        end = found.end()
    parts.append(_inert(text[end:]))
    return "".join(parts)


def _inert(text: str) -> str:
    """Keeps emphasis, lists, headings and tables; turns links, images and directives into text."""
    text = text.replace("\\", "\\\\").replace("`", "\\`")
    text = re.sub(r"([\[\]$<!~])", r"\\\1", text)
    text = _TIMES.sub(r"\*", text)
    text = _DUNDER.sub(lambda found: found[0].replace("_", r"\_"), text)
    text = text.replace("&", "&amp;")
    text = _ADDRESS.sub(lambda m: "".join(part or "" for part in m.groups()) + BREAK, text)
    return _DIRECTIVE.sub(":" + BREAK, text)


def plain(text: str) -> str:
    """Escapes names and titles for labels and Markdown; shown literally, on one line."""
    text = " ".join(text.replace("\x00", "").split())
    text = _ADDRESS.sub(lambda m: "".join(part or "" for part in m.groups()) + BREAK, text)
    text = _PUNCTUATION.sub(r"\\\1", text)
    return _DIRECTIVE.sub(":" + BREAK, text)


def shortened(name: str, width: int = 32) -> str:
    """Shortens a long name in the middle, so that its beginning and extension stay."""
    return name if len(name) <= width else f"{name[: width - 13]}…{name[-12:]}"


def highlighted(text: str, start: int, spans: list[tuple[int, int, str]]) -> str:
    """HTML of `text`, whose first character has offset `start`, with spans marked.

    spans: (start, end, css class) in document offsets; where they overlap, the later one wins.
    All document text is escaped.
    """
    classes = [""] * len(text)
    for first, last, name in spans:
        for place in range(max(0, first - start), min(len(text), last - start)):
            classes[place] = name
    pieces: list[str] = []
    place = 0
    while place < len(text):
        end = place
        while end < len(text) and classes[end] == classes[place]:
            end += 1
        part = html.escape(text[place:end])
        pieces.append(f'<mark class="{classes[place]}">{part}</mark>' if classes[place] else part)
        place = end
    return "".join(pieces)


def plain_lines(text: str) -> str:
    """Escapes a text of several lines; shown literally, with its line breaks."""
    return "\n".join(plain(line) for line in text.strip().split("\n"))
