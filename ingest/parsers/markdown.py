"""Markdown (CommonMark with tables) through markdown-it; HTML inside of it as HTML."""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ingest.clean import legible, unwrap
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.decode import decode
from ingest.parsing.links import with_address
from ingest.parsing.parser import PageProgress
from ingest.scripts import lowered, raised
from ingest.types import BlockKind, Document

if TYPE_CHECKING:
    from markdown_it.token import Token

_PLACEHOLDER = re.compile(r"<([A-Za-z][\w-]*)>")
_STRUCK = re.compile(r"<(/?)(del|s|strike)(?:\s[^>]*)?>", re.IGNORECASE)
_HTML = set(
    re.findall(
        r"\w+",
        "a abbr b bdi bdo big br cite code data del dfn em font i img input ins kbd label mark q "
        "rp rt ruby s samp small span strike strong sub sup time tt u var wbr p div center details "
        "summary h1 h2 h3 h4 h5 h6 table tr td th ul ol li pre hr picture source video audio svg",
    )
)
_SMALL = {"<sup>": raised, "<sub>": lowered}
_BREAK = "\v"  # a line end that is meant as one
# From a field on, which comments may precede; behind a blank line another field, a comment, or what
# stands in: prose between two rules is none.
_FRONT_MATTER = re.compile(
    r"\A---[ \t]*\n(?=(?:#.*\n)*[^\s#-][^:\n]*:\s)"
    r"((?:[ \t]*+\S.*\n|(?:[ \t]*+\n)++(?=[ \t]+\S|#|[\w-]+:\s|---|\.\.\.))+?)"
    r"(?:---|\.\.\.)[ \t]*(?:\n|\Z)"
)
_FRONT_FIELD = re.compile(
    r"([\w -]+):(?:[ \t]++|$)(?:([\"'])(.*)\2(?:[ \t]+#.*)?|((?![|>\[{\"']).*?))[ \t]*"
)


class MarkdownParser:
    extensions = (".md", ".markdown")
    signature = b""

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        from ingest.parsing.marks import reader

        text = legible(decode(data, name))
        builder = DocumentBuilder(data, name, "text/markdown")
        if front := _FRONT_MATTER.match(text):
            title, others = _front_matter(front[1].splitlines())
            builder.title = title
            builder.paragraph("\n".join(others))
            text = text[front.end() :]
        _Walk(builder).run(reader().parse(text))
        return builder.build()


def _front_matter(lines: list[str]) -> tuple[str, list[str]]:
    """The title, and all that says something else: fields without quotation marks, other lines as
    they are."""
    title, others = "", []
    for line in lines:
        if (field := _FRONT_FIELD.fullmatch(line)) is None:
            others += [] if line.startswith("#") or not line.strip() else [line]
            continue
        name, value = field[1], field[3] or field[4] or ""
        if name == "title" and not title:
            title = value
        elif value or not field[2]:
            others.append(f"{name}: {value}".rstrip())
    return title, others


class _Walk:
    """Turns the flat token stream into blocks."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._markers: list[str] = []  # of the items that are open: "-" or "3."
        self._at_item = False  # the next paragraph opens a list item
        self._table: list[list[str]] = []
        self._in_cell = False
        self._heading_level = 0

    def run(self, tokens: Sequence["Token"]) -> None:
        for token in tokens:
            self._step(token)

    def _step(self, token: "Token") -> None:
        match token.type:
            case "heading_open":
                self._heading_level = int(token.tag[1:])
            case "bullet_list_open" | "ordered_list_open":
                self._markers.append("-")
            case "bullet_list_close" | "ordered_list_close":
                self._markers.pop()
            case "list_item_open" | "list_item_close":  # an item may be empty
                self._at_item = token.type == "list_item_open"
                self._markers[-1] = f"{token.info}." if token.info else "-"
            case "tr_open":
                self._table.append([])
            case "th_open" | "td_open":
                self._table[-1].append("")
                self._in_cell = True
            case "th_close" | "td_close":
                self._in_cell = False
            case "table_close":
                self._builder.table(self._table)
                self._table = []
            case "fence" | "code_block":
                self._builder.add(BlockKind.CODE, token.content)
            case "html_block":
                from ingest.html.blocks import add_html

                add_html(self._builder, token.content)
            case "inline":
                self._inline(token)

    def _inline(self, token: "Token") -> None:
        children, struck = _not_struck(token.children or [])
        if struck:
            self._builder.notice("struck_text", count=struck)
        lines = [unwrap(line) for line in _text(children).split(_BREAK)]
        text = "\n".join(lines)
        if self._heading_level:
            self._builder.heading(" ".join(lines), self._heading_level)
            self._heading_level = 0
        elif self._in_cell:
            self._table[-1][-1] = text
        elif self._at_item:
            self._at_item = False
            self._builder.paragraph(f"{self._markers[-1]} {text}", tight=True)
        else:
            self._builder.paragraph(text)


def _not_struck(children: Sequence["Token"]) -> tuple[list["Token"], int]:
    """What does not stand between the tags of struck text, and how much does."""
    kept: list[Token] = []
    count = 0
    tag = ""  # that struck text ends with
    for child in children:
        found = _STRUCK.fullmatch(child.content) if child.type == "html_inline" else None
        if not tag and found is not None and not found[1]:
            tag = found[2].lower()
            count += 1
        elif tag and found is not None and found[1] and found[2].lower() == tag:
            tag = ""
        elif not tag:
            kept.append(child)
    return kept, count


def _text(children: Sequence["Token"]) -> str:
    """What a reader sees: links with their addresses, descriptions of pictures, no tags."""
    parts: list[str] = []
    small: Callable[[str], str] | None = None  # of raised or lowered figures
    links: list[tuple[int, str]] = []  # where the open ones begin in `parts`, their addresses
    for child in children:
        match child.type:
            case "text" | "code_inline":
                parts.append(small(child.content) if small is not None else child.content)
            case "softbreak":
                parts.append("\n")
            case "hardbreak":
                parts.append(_BREAK)
            case "image":
                parts.append(_text(child.children or []))
            case "link_open":
                links.append((len(parts), str(child.attrs.get("href", ""))))
            case "link_close" if links:
                start, address = links.pop()
                parts[start:] = [with_address("".join(parts[start:]), unquote(address))]
            case "html_inline":
                small = _SMALL.get(child.content.lower())
                parts.append(_shown(child.content))
    return "".join(parts)


def _shown(tag: str) -> str:
    """A line end for `<br>`; what is no tag of HTML is a placeholder such as `<host>`."""
    if tag.lower().startswith("<br"):
        return _BREAK
    name = _PLACEHOLDER.fullmatch(tag)
    return tag if name is not None and name[1].lower() not in _HTML else ""


PARSER = MarkdownParser()
