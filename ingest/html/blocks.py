"""The blocks of an HTML page, through BeautifulSoup: main content without navigation."""

import re
from collections.abc import Iterator, Set
from itertools import groupby

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, PreformattedString, Tag

from ingest.clean import clean, unwrap
from ingest.html.inline import (
    is_caption_button,
    is_mark,
    item_mark,
    opened_by_buttons,
    write_inline,
)
from ingest.html.shown import drop_unseen, tags_of, write_shown
from ingest.parsing.builder import DocumentBuilder
from ingest.tables.grid import Field
from ingest.tables.heads import HeadRule
from ingest.types import BlockKind

_LEFT_OUT = set(
    re.findall(
        r"\w+",
        "script style template noscript iframe svg canvas nav aside select button input textarea",
    )
)
_OF_A_SITE = ("nav", "form", "button", "input")  # in a header that is no title block
_BESIDE = _LEFT_OUT | {"footer"}
_MANY = 20  # headings that are looked at
_LEFT_OUT_ROLES = {"navigation", "search", "banner", "contentinfo"}
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
_MAX_SPAN_DIGITS = 5

_Rows = list[list[Field]]


def add_html(
    builder: DocumentBuilder,
    html: str,
    *,
    whole_page: bool = False,
    kept: Set[str] = frozenset(),
    head: HeadRule = HeadRule.LIKELY,
) -> None:
    """Add the blocks of a page, or of a piece of HTML inside another format. `kept` are tags that
    stand beside the main content of other pages and are text of this one, which is then read whole.
    `head` is the rule for tables that mark no cell as a head."""
    # An XML declaration with an encoding would be refused in text that is decoded already.
    soup = BeautifulSoup(clean(re.sub(r"^\s*<\?xml[^>]*\?>", "", html)), "lxml")
    if whole_page and soup.title:
        builder.title = unwrap(soup.title.get_text())
    opened = opened_by_buttons(tags_of(soup))
    write_shown(soup)
    left_out = [
        tag
        for tag in tags_of(soup)
        if tag.name not in kept and _is_left_out(tag, whole_page, opened)
    ]
    for tag in left_out:
        tag.decompose()
    for code, count in drop_unseen(soup, opened).items():
        if count:
            builder.notice(code, count=count)
    for tag in list(tags_of(soup)):
        write_inline(tag)
    _Walk(builder, head).run(_main(soup) if whole_page and not kept else soup.body or soup)


def _is_left_out(tag: Tag, whole_page: bool, opened: set[str]) -> bool:
    """`opened` are the ids of what buttons unfold."""
    if tag.name in ("rt", "rp"):
        return True  # guides above characters, which would tear the words
    if not whole_page:
        return tag.name in ("script", "style")
    if tag.name in _LEFT_OUT or tag.get("role") in _LEFT_OUT_ROLES:
        return not (is_caption_button(tag) or is_mark(tag))
    if ("hidden" in tag.attrs or tag.get("aria-hidden") == "true") and tag.get("id") not in opened:
        return True
    if not _is(tag.parent, "body"):
        return False
    return tag.name == "footer" or (tag.name == "header" and not _is_title_block(tag))


def _is_title_block(header: Tag) -> bool:
    """Whether the heading of the page stands there, with what is said of the text below it, and not
    the name of the site, above another heading."""
    heading = header.find("h1")
    if heading is None:
        return False
    others = [
        other
        for other in heading.find_all_next("h1", limit=_MANY)
        if not any(above is header or above.name in _BESIDE for above in other.parents)
    ]
    if len(others) != 1:
        return True  # the only heading, or one above those of several parts
    links = heading.find_all("a")
    words = sum(len(link.get_text(strip=True)) for link in links)
    return not any(map(_is_of_a_site, header.find_all(_OF_A_SITE))) and (
        words < len(heading.get_text(strip=True)) or not (links or heading.find("img"))
    )


def _is_of_a_site(tag: Tag) -> bool:
    """Not the contents of the page itself."""
    links = tag.find_all("a")
    return not links or not all(str(link.get("href", "")).startswith("#") for link in links)


def _main(soup: BeautifulSoup) -> Tag:
    body = soup.body or soup
    mains = [
        tag for tag in tags_of(body) if tag.name in ("main", "article") or tag.get("role") == "main"
    ]
    best = max(mains, key=lambda tag: len(tag.get_text()), default=body)
    enough = len(best.get_text()) >= _MIN_MAIN_SHARE * len(body.get_text())
    return best if enough else body


class _Walk:
    """Groups strings by their nearest block element, without recursion however deep the page."""

    def __init__(self, builder: DocumentBuilder, head: HeadRule) -> None:
        self._builder = builder
        self._head = head
        self._tables: dict[int, _Rows | None] = {}  # by id(table); None lays out the page
        self._done: set[int] = set()

    def run(self, root: Tag) -> None:
        for _, group in groupby(_strings(root), key=lambda pair: id(pair[0])):
            pairs = list(group)
            self._block(pairs[0][0], "".join(text for _, text in pairs))

    def _block(self, owner: Tag, text: str) -> None:
        table = _table_of(owner)
        rows = self._rows(table) if table else None
        if table is not None and rows is not None:
            if id(table) not in self._done:
                self._done.add(id(table))
                self._add_table(table, rows)
        elif owner.name in _HEADINGS:
            self._builder.heading(_lines(text), _HEADINGS[owner.name])
        elif owner.name == "pre":
            self._builder.add(BlockKind.CODE, text.replace("\v", "\n"))
        elif text.strip() and (item := _item(owner)) is not None:
            self._builder.paragraph(f"{item_mark(item)} {_lines(text)}", tight=True)
        else:
            self._builder.paragraph(_lines(text))

    def _add_table(self, table: Tag, rows: _Rows) -> None:
        declared = any(cell.head for row in rows for cell in row)
        caption = next((tag for tag in table.children if _is(tag, "caption")), None)
        self._builder.table(
            rows,
            head=HeadRule.DECLARED if declared else self._head,
            caption=_cell_text(caption) if isinstance(caption, Tag) else "",
        )

    def _rows(self, table: Tag) -> _Rows | None:
        if id(table) not in self._tables:
            self._tables[id(table)] = _data_rows(table)
        return self._tables[id(table)]


def _item(owner: Tag) -> Tag | None:
    """The list item that begins with `owner`."""
    if owner.name == "li":
        return owner
    item = owner.parent
    if owner.name != "p" or item is None or item.name != "li":
        return None
    first = next((child for child in item.children if str(child).strip()), None)
    return item if first is owner else None


def _table_of(owner: Tag) -> Tag | None:
    """The table that `owner` is in a row of."""
    in_row = False
    for tag in (owner, *owner.parents):
        in_row = in_row or tag.name == "tr"
        if tag.name == "table":
            return tag if in_row else None
    return None


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


def _data_rows(table: Tag) -> _Rows | None:
    """The table's rows, or None where it lays out a page instead of holding data."""
    tags = list(tags_of(table))
    if table.get("role") == "presentation" or any(tag.name == "table" for tag in tags):
        return None
    lines = _lines_in_order([tag for tag in tags if tag.name == "tr"])
    rows = [[_field(cell, left) for cell in _cells(line)] for line, left in lines]
    if max((sum(cell.column_span for cell in row) for row in rows), default=0) < 2:
        return None
    longest = max(len(cell.text) for row in rows for cell in row)
    if longest > _MAX_CELL_CHARACTERS:
        return None
    bold = [_is_bold(line) for line, _ in lines]
    if bold[0] and not all(bold) and not any(cell.head for row in rows for cell in row):
        rows[0] = [cell._replace(head=True) for cell in rows[0]]
    return rows


def _lines_in_order(lines: list[Tag]) -> list[tuple[Tag, int]]:
    """Rows as a browser shows them, the foot last; and how many there are from each to the end of
    its group, beyond which no cell reaches."""
    groups: dict[int, list[Tag]] = {}
    for line in lines:
        groups.setdefault(id(line.parent), []).append(line)
    ordered = sorted(groups.values(), key=lambda group: _is(group[0].parent, "tfoot"))
    return [(line, len(group) - at) for group in ordered for at, line in enumerate(group)]


def _is_bold(row: Tag) -> bool:
    """Whether all words of the row are."""
    cells = [cell for cell in _cells(row) if cell.get_text(strip=True)]
    return bool(cells) and all(
        "".join(tag.get_text() for tag in tags_of(cell) if tag.name in ("b", "strong")).split()
        == cell.get_text().split()
        for cell in cells
    )


def _cells(row: Tag) -> list[Tag]:
    return [tag for tag in row.children if isinstance(tag, Tag) and tag.name in ("td", "th")]


def _field(cell: Tag, rows_left: int) -> Field:
    row = cell.parent
    in_head = row is not None and row.parent is not None and row.parent.name == "thead"
    return Field(
        _cell_text(cell),
        column_span=_span(cell, "colspan") or 1,
        row_span=min(_span(cell, "rowspan") or rows_left, rows_left),
        head=in_head or cell.name == "th",
    )


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name, "1")).strip()
    return int(value) if value.isdecimal() and len(value) <= _MAX_SPAN_DIGITS else 1


def _is(node: PageElement | None, name: str) -> bool:
    return isinstance(node, Tag) and node.name == name


def _cell_text(cell: Tag) -> str:
    parts: list[str] = []
    for node in cell.descendants:
        if isinstance(node, Tag):
            parts.append("\v" if node.name == "br" or node.name in _BLOCKS else "")
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            parts.append(str(node))
    return _lines("".join(parts))
