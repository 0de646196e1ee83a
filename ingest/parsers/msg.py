"""Outlook messages (.msg) through python-oxmsg."""

import struct
from typing import Any

from ingest.errors import ParseError
from ingest.parsers.html import declared_charset
from ingest.parsers.mail import Attachment, Message, add_message, head
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.decode import decode
from ingest.parsing.parser import PageProgress
from ingest.types import Document

_HTML, _DISPLAY_NAME = 0x1013, 0x3001  # [MS-OXPROPS]


class MsgParser:
    extensions = (".msg",)
    signature = b"\xd0\xcf\x11\xe0"

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        builder = DocumentBuilder(data, name, "application/vnd.ms-outlook")
        add_message(builder, _read(data, name))
        return builder.build()


def _read(data: bytes, name: str) -> Message:
    import oxmsg

    try:
        stored = oxmsg.Message.load(data)
        people = "; ".join(_person(one.name, one.email_address) for one in stored.recipients)
        return Message(
            subject=stored.subject,
            head=head((("From", stored.sender), ("To", people), ("Date", stored.sent_date))),
            plain=stored.body or "",
            html=_html(stored, name),
            attachments=[
                Attachment(_name(one) or f"attachment {number}", one.file_bytes)
                for number, one in enumerate(stored.attachments, start=1)
            ],
        )
    except (
        OSError,
        ValueError,
        LookupError,
        AttributeError,
        TypeError,
        AssertionError,
        RecursionError,
        struct.error,
    ) as error:  # what olefile and oxmsg raise over damage
        raise ParseError(
            f"{name} is damaged or not an Outlook message. Save it from Outlook again and retry."
        ) from error


def _html(stored: Any, name: str) -> str:  # no stubs
    """oxmsg takes a code page for less than what Windows writes in it."""
    content = stored.properties.binary_prop_value(_HTML)
    if not content:
        return stored.html_body or ""
    return decode(
        content, name, declared=declared_charset(content) or stored.properties.body_encoding
    )


def _name(attachment: Any) -> str:  # no stubs
    """A message that is attached has no file name, but one to show."""
    return attachment.file_name or attachment.properties.str_prop_value(_DISPLAY_NAME) or ""


def _person(name: str, address: str) -> str:
    return f"{name} <{address}>" if name and address and name != address else name or address


PARSER = MsgParser()
