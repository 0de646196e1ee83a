"""E-mail as it travels (.eml) through the standard library."""

import email
import email.policy
import re
from email.errors import MessageError
from email.message import EmailMessage
from email.message import Message as StoredMessage

from ingest.errors import ParseError
from ingest.parsers.mail import Attachment, Message, add_message, head
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.decode import decode
from ingest.parsing.mail_header import header_text
from ingest.parsing.parser import PageProgress
from ingest.types import Document

_FILE_NAME = re.compile(r"(?i)\b(?:file)?name\s*=\s*(?:\"([^\"]+)\"|([^\s;\"]+))")
_FIELDS = ("From", "To", "Cc", "Date")


class EmlParser:
    extensions = (".eml",)
    signature = b""

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        builder = DocumentBuilder(data, name, "message/rfc822")
        try:
            stored = email.message_from_bytes(data.lstrip(), policy=email.policy.default)
            message = _read(stored, name)
        except (MessageError, ValueError, LookupError, AttributeError, RecursionError) as error:
            raise ParseError(f"{name} is damaged or not an e-mail ({error}).") from error
        if not stored.keys():
            raise ParseError(f"{name} is not an e-mail: it has no header.")
        add_message(builder, message)
        return builder.build()


def _read(stored: EmailMessage, name: str) -> Message:
    plain = stored.get_body(("plain",))
    html = stored.get_body(("html",))
    charset = next((part.get_content_charset() for part in (plain, html) if part), None)
    return Message(
        subject=_field(stored, "Subject", charset),
        head=head((field, _field(stored, field, charset)) for field in _FIELDS),
        plain=_text(plain, name) if plain is not None else "",
        html=_text(html, name) if html is not None else "",
        attachments=[
            found
            for number, part in enumerate(stored.iter_attachments(), start=1)
            if (found := _attachment(part, number)) is not None
        ],
    )


def _field(message: StoredMessage, name: str, charset: str | None) -> str:
    """A field of the header, decoded by us: see `mail_header`."""
    raw = (value for field, value in message.raw_items() if field.lower() == name.lower())
    return header_text(str(next(raw, "")), charset)


def _text(part: StoredMessage, name: str) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes) or not content.strip():
        return ""
    return decode(content, name, declared=part.get_content_charset())


def _attachment(part: StoredMessage, number: int) -> Attachment | None:
    """None for pictures that belong to the body."""
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload(0) if part.is_multipart() else part
        if not isinstance(inner, StoredMessage):
            return None
        subject = _field(inner, "Subject", None) or str(number)
        return Attachment(_file_name(part) or f"{subject}.eml", inner.as_bytes())
    if part.get("Content-ID") and part.get_content_disposition() != "attachment":
        return None
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return None
    return Attachment(_file_name(part) or f"attachment {number}", content)


def _file_name(part: StoredMessage) -> str:
    """The attachment's name; in bytes beyond ASCII or encoded words too."""
    for field in ("Content-Disposition", "Content-Type"):
        if found := _FILE_NAME.search(_field(part, field, None)):
            return found[1] or found[2]
    return part.get_filename() or ""


PARSER = EmlParser()
