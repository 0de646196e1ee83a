"""A message as a document, whichever program kept it: subject, head, body, attachments."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.parsers.parts import add_part
from ingest.parsing.builder import DocumentBuilder

_MAX_ATTACHMENTS = 500


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """`head` are lines such as `From: …`; of `plain` and `html` the first that is not blank
    counts."""

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
    if message.plain.strip():
        for paragraph in message.plain.replace("\r\n", "\n").split("\n\n"):
            builder.paragraph(paragraph)
    elif message.html.strip():
        from ingest.parsing.html_blocks import add_html

        add_html(builder, message.html)
    for attachment in message.attachments[:_MAX_ATTACHMENTS]:
        add_part(builder, attachment.data, attachment.name, level=2)
