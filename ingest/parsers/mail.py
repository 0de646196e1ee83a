"""A message as a document, whichever program kept it: subject, head, body, attachments."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.clean import CJK
from ingest.parsers.parts import add_part
from ingest.parsing.builder import DocumentBuilder

_MAX_ATTACHMENTS = 500
_STUB_SHARE = 0.5  # of the other part's words
_WORD = re.compile(f"[{CJK}]|[^\\W_{CJK}]+")


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """`head` are lines such as `From: …`; `html` counts where `plain` is blank or a stub."""

    subject: str
    head: list[str]
    plain: str = ""
    html: str = ""
    attachments: list[Attachment] = field(default_factory=list)


def head(fields: Iterable[tuple[str, object]]) -> list[str]:
    """Lines of the fields that say something."""
    return [f"{name}: {value}" for name, value in fields if value and str(value).strip()]


def add_message(builder: DocumentBuilder, message: Message) -> None:
    """The whole message; attachments that cannot be read are named with the reason."""
    builder.title = message.subject
    builder.heading(message.subject, 1)
    builder.paragraph("\n".join(message.head))
    if message.plain.strip() and not _is_stub(message.plain, message.html):
        for paragraph in message.plain.replace("\r\n", "\n").split("\n\n"):
            builder.paragraph(paragraph)
    elif message.html.strip():
        from ingest.parsing.html_blocks import add_html

        add_html(builder, message.html)
    for attachment in message.attachments[:_MAX_ATTACHMENTS]:
        add_part(builder, attachment.data, attachment.name, level=2)


def _is_stub(plain: str, html: str) -> bool:
    """Whether the plain text only asks to look at the other: it is shorter and lacks its words."""
    if not html.strip():
        return False
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html, "lxml")
    for tag in soup(["script", "style", "head"]):
        tag.decompose()
    html_words, plain_words = _WORD.findall(soup.get_text(" ")), _WORD.findall(plain)
    kept = len(set(html_words) & set(plain_words)) / len(set(html_words)) if html_words else 1.0
    return len(html_words) > len(plain_words) and kept < _STUB_SHARE
