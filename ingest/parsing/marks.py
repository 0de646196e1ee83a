"""CommonMark for documents: marks that are part of a number or a name stay what they are.

By the letter of CommonMark `600*400*300` holds an emphasised 400, `__init__` a strong init, and the
note `[^1]: Twice.` is an address that nobody sees. In documents they are a size, a name, a note.
"""

import re
from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline

_TIMES = re.compile(r"(?<=[0-9A-Za-z)）\]])\*(?=[0-9A-Za-z(（\[])")
_DUNDER = re.compile(r"(?<!\w)__[a-z][a-z0-9]*(?:_[a-z0-9]+)*__(?!\w)", re.ASCII)
_NOTE = re.compile(r"\[\^[^\]\s]+\]:")


@cache
def reader() -> MarkdownIt:
    """CommonMark with tables and notes, and `*` and `_` as characters inside of sizes and names."""
    markdown = MarkdownIt("commonmark").enable("table")
    markdown.inline.ruler.before("emphasis", "literal_marks", _literal)
    markdown.block.ruler.before("reference", "note", _note)
    return markdown


def _literal(state: "StateInline", silent: bool) -> bool:
    """An inline rule of markdown-it: takes the mark at the cursor as text where it is one."""
    character = state.src[state.pos]
    if character not in "*_":
        return False
    found = (_TIMES if character == "*" else _DUNDER).match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.pending += found[0]
    state.pos = found.end()
    return True


def _note(state: "StateBlock", line: int, _: int, silent: bool) -> bool:
    """A block rule of markdown-it: takes a line that defines a note as a paragraph."""
    text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
    if not _NOTE.match(text):
        return False
    if not silent:
        state.line = line + 1
        state.push("paragraph_open", "p", 1)
        inline = state.push("inline", "", 0)
        inline.content, inline.map, inline.children = text, [line, line + 1], []
        state.push("paragraph_close", "p", -1)
    return True
