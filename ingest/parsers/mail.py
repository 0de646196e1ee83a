"""A message as a document, whichever program kept it: subject, head, body, attachments."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.clean import CJK
from ingest.parsers.parts import add_part
from ingest.parsing.builder import DocumentBuilder

if TYPE_CHECKING:
    from bs4 import Tag

_MAX_ATTACHMENTS = 500
_STUB_SHARE = 0.5  # of the other part's words
_STUB = re.compile(
    r"不支持.{0,6}HTML|HTML.{0,4}(?:格式|版本|邮件)|浏览器.{0,10}(?:查看|打开|阅读)"
    r"|(?:support|view|read|display).{0,40}(?:HTML|browser)|HTML.{0,20}(?:client|reader|support)",
    re.IGNORECASE | re.DOTALL,
)
_MAX_STUB_CHARACTERS = 300
_SAID_SHARE = 0.9  # of the plain part's words, which the other one must have
_FEWEST_ROWS = 3  # of two columns; fewer lay out a signature
_MAX_CELL_CHARACTERS = 200  # longer ones lay out a page
_QUOTED = re.compile(r"^[>|]", re.MULTILINE)
_WORD = re.compile(f"[{CJK}]|[^\\W_{CJK}]+")


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    data: bytes | None  # None where it is no file, or none that can be opened
    read_as: str = ""  # a name with the suffix to read it by, where its own has another or none


@dataclass(frozen=True, slots=True)
class Message:
    """`head` are lines such as `From: …`; `html` counts where `plain` is blank or a stub."""

    subject: str
    head: list[str]
    plain: str = ""
    html: str = ""
    attachments: list[Attachment] = field(default_factory=list)
    pictures: int = 0  # that stand between its words and are not read


def head(fields: Iterable[tuple[str, object]]) -> list[str]:
    """Lines of the fields that say something."""
    return [f"{name}: {value}" for name, value in fields if value and str(value).strip()]


def add_message(builder: DocumentBuilder, message: Message) -> None:
    """The whole message; attachments that cannot be read are named with the reason."""
    builder.title = message.subject
    builder.heading(message.subject, 1)
    builder.paragraph("\n".join(message.head))
    if shows_plain(message.plain, message.html):
        for paragraph in message.plain.replace("\r\n", "\n").split("\n\n"):
            builder.paragraph(paragraph)
    elif message.html.strip():
        from ingest.html.blocks import add_html

        add_html(builder, message.html)
    for attachment in message.attachments[:_MAX_ATTACHMENTS]:
        if attachment.data is None:
            builder.place("")
            builder.paragraph(f"[{attachment.name}]")
            continue
        add_part(builder, attachment.data, attachment.name, level=2, read_as=attachment.read_as)
    if message.pictures:
        builder.notice("pictures", count=message.pictures)


def shows_plain(plain: str, html: str) -> bool:
    """Whether the plain text is the one to read, not that in HTML."""
    return bool(plain.strip()) and not (_is_stub(plain, html) or _lacks_tables(plain, html))


def _lacks_tables(plain: str, html: str) -> bool:
    """Whether the HTML says all that the plain text says, and has a table, of which that has only
    the cells, one below the other."""
    if "<table" not in html.lower():
        return False
    from bs4 import BeautifulSoup

    words = set(_WORD.findall(plain))
    if len(words - set(_html_words(html))) > (1 - _SAID_SHARE) * len(words):
        return False
    quoted = _QUOTED.search(plain) is not None
    tables = BeautifulSoup(html, "lxml").find_all("table")
    return any(_is_table(table, quoted=quoted) for table in tables)


def _is_table(table: "Tag", *, quoted: bool) -> bool:
    """Several rows of as many short cells each, and no table inside; not of words that are quoted,
    whose marks only the plain text has."""
    if table.find("table") is not None or (quoted and table.find_parent("blockquote") is not None):
        return False
    rows = [row.find_all(("td", "th")) for row in table.find_all("tr")]
    counts = [len(row) for row in rows]
    widest = max(counts, default=0)
    short = all(len(cell.get_text()) <= _MAX_CELL_CHARACTERS for row in rows for cell in row)
    headed = table.find("th") is not None
    enough = counts.count(widest) >= (_FEWEST_ROWS if widest == 2 and not headed else 2)
    return widest > 1 and enough and short


def words_of(plain: str, html: str) -> str:
    """What a text says, plain or else in HTML, whatever its marks and line ends."""
    return " ".join(_WORD.findall(plain) if plain.strip() else _html_words(html))


def _is_stub(plain: str, html: str) -> bool:
    """Whether the plain text only asks to look at the other: it says so, or is shorter and lacks
    its words."""
    if not html.strip():
        return False
    html_words, plain_words = _html_words(html), _WORD.findall(plain)
    kept = len(set(html_words) & set(plain_words)) / len(set(html_words)) if html_words else 1.0
    asks = len(plain) < _MAX_STUB_CHARACTERS and _STUB.search(plain) is not None
    return (asks or len(html_words) > len(plain_words)) and kept < _STUB_SHARE


def _html_words(html: str) -> list[str]:
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html, "lxml")
    for tag in soup(["script", "style", "head"]):
        tag.decompose()
    return _WORD.findall(soup.get_text(" "))
