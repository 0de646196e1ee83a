"""HTML through BeautifulSoup: the main content as blocks, navigation left out."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, PreformattedString, Tag

from ingest.builder import DocumentBuilder
from ingest.clean import clean, unwrap
from ingest.decode import decode
from ingest.errors import ParseError
from ingest.parsers import PageProgress
from ingest.types import BlockKind, Document

_CHARSET = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)=[\"' ]*([\w-]+)", re.IGNORECASE
)
_LEFT_OUT = (
    "script, style, template, noscript, iframe, svg, canvas, nav, aside, select, button, input, "
    "textarea, [hidden], [aria-hidden=true], [role=navigation], [role=search], [role=banner], "
    "[role=contentinfo], body > header, body > footer"
)
_MAIN = "main, [role=main], article"
_MIN_MAIN_SHARE = 0.3  # of all text, or it is not the main content
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = _HEADINGS.keys() | set(
    re.findall(
        r"\w+",
        "p div li dt dd pre blockquote table tr td th caption ul ol dl section article main header "
        "footer figure figcaption address body html details summary fieldset form center thead "
        "tbody tfoot legend",
    )
)
_MAX_CELL_CHARACTERS = 2000  # beyond it the table lays out a page
_MAX_SPAN = 200


class HtmlParser:
    extensions = (".html", ".htm", ".xhtml")
    signature = b""

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        charset = _CHARSET.search(data[:4096])
        text = decode(data, name, declared=charset[1].decode("ascii") if charset else None)
        builder = DocumentBuilder(data, name, "text/html")
        try:
            add_html(builder, text, whole_page=True)
        except (RecursionError, ValueError) as error:
            raise ParseError(f"{name} is not readable HTML: {error}") from error
        return builder.build()


def add_html(builder: DocumentBuilder, html: str, *, whole_page: bool = False) -> None:
    """Add the blocks of a page, or of a piece of HTML inside another format."""
    # An XML declaration with an encoding would be refused in text that is decoded already.
    soup = BeautifulSoup(clean(re.sub(r"^\s*<\?xml[^>]*\?>", "", html)), "lxml")
    if whole_page and soup.title:
        builder.title = unwrap(soup.title.get_text())
    for tag in soup.select(_LEFT_OUT if whole_page else "script, style"):
        tag.decompose()
    _Walk(builder).run(_main(soup) if whole_page else soup.body or soup)


def _main(soup: BeautifulSoup) -> Tag:
    body = soup.body or soup
    best = max(body.select(_MAIN), key=lambda tag: len(tag.get_text()), default=body)
    enough = len(best.get_text()) >= _MIN_MAIN_SHARE * len(body.get_text())
    return best if enough else body


class _Walk:
    """Groups strings by their nearest block element, without recursion however deep the page."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self._builder = builder
        self._is_data: dict[int, bool] = {}  # by id(table)
        self._done: set[int] = set()

    def run(self, root: Tag) -> None:
        for _, group in groupby(_strings(root), key=lambda pair: id(pair[0])):
            pairs = list(group)
            self._block(pairs[0][0], "".join(text for _, text in pairs))

    def _block(self, owner: Tag, text: str) -> None:
        table = self._data_table(owner)
        if table is not None:
            if id(table) not in self._done:
                self._done.add(id(table))
                self._builder.table(table_rows(table))
        elif owner.name in _HEADINGS:
            self._builder.heading(_lines(text), _HEADINGS[owner.name])
        elif owner.name == "pre":
            self._builder.add(BlockKind.CODE, text.replace("\v", "\n"))
        elif owner.name == "li" and text.strip():
            self._builder.paragraph(f"- {_lines(text)}", tight=True)
        else:
            self._builder.paragraph(_lines(text))

    def _data_table(self, owner: Tag) -> Tag | None:
        """The table whose row `owner` is in, unless that table only lays out the page."""
        row = owner if owner.name == "tr" else owner.find_parent("tr")
        table = row.find_parent("table") if row else None
        if table is None:
            return None
        if id(table) not in self._is_data:
            self._is_data[id(table)] = _holds_data(table)
        return table if self._is_data[id(table)] else None


def _strings(root: Tag) -> Iterator[tuple[Tag, str]]:
    """Every visible string with its nearest block element; `<br>` as a line end."""
    for node in root.descendants:
        if isinstance(node, Tag):
            if node.name == "br":
                yield _owner(node), "\v"
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            yield _owner(node), str(node)


def _owner(node: PageElement) -> Tag:
    parent = node.parent
    while parent is not None and parent.name not in _BLOCKS and parent.parent is not None:
        parent = parent.parent
    if parent is None:
        raise ValueError("text outside of any element")
    return parent


def _lines(text: str) -> str:
    """Line ends of the source are spaces in HTML (and nothing between CJK); `<br>` breaks."""
    return "\n".join(" ".join(unwrap(line).split()) for line in text.split("\v"))


def _holds_data(table: Tag) -> bool:
    if table.get("role") == "presentation" or table.find("table"):
        return False
    cells = [row.find_all(["td", "th"]) for row in table.find_all("tr")]
    if max((len(row) for row in cells), default=0) < 2:
        return False
    return all(len(cell.get_text()) <= _MAX_CELL_CHARACTERS for row in cells for cell in row)


def table_rows(table: Tag) -> Iterator[tuple[bool, Sequence[str]]]:
    """Rows as `(is header, cells)`; a cell that spans rows is repeated in each of them."""
    hanging: dict[int, tuple[int, str]] = {}  # column: rows still to fill, text
    opened = False
    for row in table.find_all("tr"):
        cells: list[str] = []
        tags = row.find_all(["td", "th"])
        for tag in tags:
            _fill(cells, hanging)
            text = _lines(tag.get_text("\v" if tag.find(["p", "div", "li", "br"]) else ""))
            cells.append(text)
            span = str(tag.get("rowspan", "1"))
            if span.isdecimal() and 1 < int(span) <= _MAX_SPAN:
                hanging[len(cells) - 1] = (int(span) - 1, text)
        _fill(cells, hanging)
        head = (bool(tags) and all(tag.name == "th" for tag in tags)) or row.find_parent("thead")
        yield bool(head) and not opened, cells
        opened = opened or not head


def _fill(cells: list[str], hanging: dict[int, tuple[int, str]]) -> None:
    """Put texts that hang down from rows above into the columns that come next."""
    while len(cells) in hanging:
        column = len(cells)
        left, text = hanging[column]
        cells.append(text)
        if left > 1:
            hanging[column] = (left - 1, text)
        else:
            del hanging[column]


PARSER = HtmlParser()
