"""Reads an answer as Markdown: where its prose stands, and what in it is not prose.

CommonMark with tables (markdown-it). Positions are half-open character ranges of the answer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

BlockKind = Literal["text", "heading", "cell"]

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n|\Z)")
_MASK = "\ufffc"  # no letter, no mark
# Code spans, formulas, links and pictures, addresses, HTML: opaque to sentences and markers.
_OPAQUE = re.compile(
    r"(?P<tick>`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)(?P=tick)(?!`)"
    r"|\$\$.+?\$\$|\\\[.+?\\\]|\\\(.+?\\\)"
    # no amounts: HK$300, $5 a day, US$ 40
    r"|(?<![\\A-Za-z\d])\$(?!\s|\d[\d,.]*(?:\s+[A-Za-z]+\s|[\u3400-\u9fff，。]))"
    r"[^$\n]+?(?<![\s，,])(?<!\b(?:US|HK|NT|CA|AU|NZ))\$(?!\d)"
    r"|!?\[[^\[\]\n]*\]\([^()\s]*(?:\s+[\"'][^\"'\n]*[\"'])?\)"
    r"|(?:https?://|www\.)[^\s<>()\[\]，。；）】]+"
    r"|</?[A-Za-z][^<>\n]*>",
    re.DOTALL,
)

# A star between digits, or alone between spaces, multiplies.
_EMPHASIS = re.compile(
    r"(?<![\d\s])\*{1,3}|\*{1,3}(?![\d\s])|(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)|~~|^\s*[>#*]+\s*",
    re.MULTILINE,
)
_STATES = re.compile(r"\d|[。！？；.!?;]\s*$")
_NAME_IN_CODE = re.compile(r"[\w\u3400-\u9fff./@:+-]*")  # `items` of `items[1]`


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph's or list item's run of lines, a heading, or a cell.

    Of a cell `row` and `column` are counted from 0, row 0 being the head, and `table` tells the
    tables of an answer apart.
    """

    start: int
    end: int
    kind: BlockKind
    table: int = 0
    row: int = 0
    column: int = 0


def blocks(text: str) -> Iterator[Block]:
    """The prose of the answer in its order. Code blocks are left out."""
    lines = [found.span() for found in _LINE.finditer(text)]
    heading = False
    table, row, column, cell_end = 0, 0, -1, 0
    tokens = _parser().parse(text)
    for number, token in enumerate(tokens):
        if token.type in ("heading_open", "heading_close"):
            heading = token.nesting == 1
        elif token.type == "table_open":
            table, row = table + 1, -1
        elif token.type == "tr_open":
            row, column, cell_end = row + 1, -1, 0
        elif token.type in ("th_open", "td_open"):
            column += 1
        elif token.type == "inline" and token.map and token.content.strip():
            first, last = token.map
            if column >= 0:
                begin = max(lines[first][0], cell_end)
                start, cell_end = _place(text, token.content, begin, lines[first][1])
                yield Block(start, cell_end, "cell", table, row, column)
                continue
            start = _place(text, token.content.split("\n")[0], *lines[first])[0]
            end = _place(text, token.content.split("\n")[-1], *lines[last - 1])[1]
            names = heading or _names_items(
                token.content, [t.type for t in tokens[number - 2 :][:5]]
            )
            yield Block(start, end, "heading" if names else "text")
        elif token.type == "table_close":
            column = -1
        elif token.type == "ordered_list_open" and token.map and _is_number(tokens[number:][:4]):
            yield Block(*_place(text, "", *lines[token.map[0]]), "text")


def _is_number(list_tokens: list[Token]) -> bool:
    """Whether what reads as a list is "1999.", all that is answered."""
    types = [token.type for token in list_tokens]
    return types[1:] == ["list_item_open", "list_item_close", "ordered_list_close"]


def _names_items(content: str, around: list[str]) -> bool:
    """Whether a list item only says what the list within it is about."""
    item, *_, after = around if len(around) == 5 else ("", "")
    nested = item == "list_item_open" and after in ("bullet_list_open", "ordered_list_open")
    return nested and not _STATES.search(content)


def masked(text: str) -> str:
    """`text` with what is opaque replaced by as many characters that mean nothing."""
    return _OPAQUE.sub(lambda found: _MASK * len(found[0]), text)


def plain(text: str) -> str:
    """What a reader sees: formulas are left out, links and code keep their words."""
    return " ".join(_EMPHASIS.sub("", _OPAQUE.sub(_visible, text)).split())


def _visible(found: re.Match[str]) -> str:
    whole = found[0]
    if whole.startswith("`"):
        return _NAME_IN_CODE.match(whole.strip("` "))[0]  # type: ignore[index]  # may be empty
    if whole.startswith(("[", "![")):
        return whole.lstrip("!")[1:].partition("](")[0]
    return whole if whole.startswith(("http", "www")) else " "


def _place(text: str, content: str, start: int, end: int) -> tuple[int, int]:
    """Where `content` stands between `start` and `end`; all of it where it was rewritten, or where
    it is empty."""
    line = text[start:end].replace("\0", "\ufffd")
    for written in (content.strip(), content.strip().replace("|", "\\|")):
        if written and (at := line.find(written)) >= 0:
            return start + at, start + at + len(written)
    return start + len(line) - len(line.lstrip()), start + len(line.rstrip())


@cache
def _parser() -> MarkdownIt:
    """Without setext headings: models write `---` below a paragraph to divide, not to head it."""
    parser = MarkdownIt("commonmark").enable("table")
    return parser.disable(["lheading", "html_block", "reference", "inline"])
