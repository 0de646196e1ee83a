"""E-mail as it travels (.eml) through the standard library."""

import email
import email.policy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.message import Message as StoredMessage

from ingest.errors import ParseError
from ingest.parsers.appointments import appointments
from ingest.parsers.mail import Attachment, Message, add_message, head, shows_plain, words_of
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.decode import decode
from ingest.parsing.mail_header import header_text
from ingest.parsing.parser import PageProgress
from ingest.types import Document

_FILE_NAME = re.compile(r"(?i)\b(?:file)?name\s*=\s*(?:\"([^\"]+)\"|([^\s;\"]+))")
_RELATED = "multipart/related"
_MESSAGES = {"message/rfc822", "message/global"}
_SIGNATURES = {
    f"application/{kind}" for kind in ("pgp-signature", "pkcs7-signature", "x-pkcs7-signature")
}
# Of parts without a name: text that some programs write behind a picture or a file.
_SUFFIXES = {"text/plain": ".txt", "text/html": ".html"}
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


def _read(stored: StoredMessage, name: str) -> Message:
    parts = _Parts(name)
    parts.add(stored, choice=True)
    texts = [text for text in parts.found if isinstance(text, _Text) and text.says_something]
    body = texts[0] if texts else _Text()
    return Message(
        subject=_field(stored, "Subject", body.charset),
        head=head((field, _field(stored, field, body.charset)) for field in _FIELDS),
        plain=body.plain,
        html=body.html,
        attachments=list(_behind(body, parts.found)),
        pictures=parts.pictures,
    )


@dataclass(slots=True)
class _Text:
    """A text of the message, plain, in HTML, or both: two renditions of the same."""

    plain: str = ""
    html: str = ""
    charset: str | None = None

    @property
    def says_something(self) -> bool:
        return bool(self.plain.strip() or self.html.strip())


class _Parts:
    """All that a message holds, in its order, however its parts are nested."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._open: _Text | None = None  # whose renditions are being read
        self.found: list[_Text | Attachment] = []
        self.pictures = 0

    def add(self, part: StoredMessage, *, choice: bool = False) -> None:
        """`choice` where the part is a rendition of a text by its place in the message."""
        kind = part.get_content_type()
        if kind == "multipart/alternative" and part.is_multipart():
            self._add_renditions(part)
        elif kind.startswith("multipart/") and part.is_multipart():
            for number, inner in enumerate(_inner(part)):
                self.add(inner, choice=choice and kind == _RELATED and not number)
        elif kind.startswith("image/") and _is_between_words(part):
            self.pictures += 1
        elif _is_text(part, choice=choice):
            self._add_text(part, kind)
        elif kind not in _SIGNATURES and not (choice and kind.startswith("text/x-")):
            attachment = _attachment(part, kind, len(self.found) + self.pictures, self._name)
            self.found.append(attachment)

    def _add_renditions(self, part: StoredMessage) -> None:
        before = self._open
        if before is None:
            self._open = _Text()
            self.found.append(self._open)
        for inner in _inner(part):
            self.add(inner, choice=True)
        self._open = before

    def _add_text(self, part: StoredMessage, kind: str) -> None:
        text = self._open
        if text is None:
            text = _Text()
            self.found.append(text)
        text.charset = text.charset or part.get_content_charset()
        content = _text(part, self._name)
        if kind == "text/html":
            text.html += content
        else:
            text.plain = f"{text.plain}\n\n{content}" if text.plain else content


def _behind(body: _Text, found: Sequence[_Text | Attachment]) -> Iterator[Attachment]:
    """Files, and texts other than the body. Some programs send the body's two renditions one after
    the other, and what has been said is not said again."""
    said = ""
    for number, part in enumerate(found):
        if isinstance(part, Attachment):
            yield part
        elif part is body:
            said += f" {words_of(part.plain, part.html)} "
        elif f" {(words := words_of(part.plain, part.html))} " not in said:
            said += f" {words} "
            plain = shows_plain(part.plain, part.html)
            suffix = ".txt" if plain else ".html"
            yield Attachment(
                f"attachment {number}{suffix}", (part.plain if plain else part.html).encode()
            )


def _inner(part: StoredMessage) -> list[StoredMessage]:
    payload = part.get_payload()
    return [inner for inner in payload if isinstance(inner, StoredMessage)]


def _is_between_words(part: StoredMessage) -> bool:
    """Whether a picture is part of the text in HTML, which names it by its id."""
    return bool(part.get("Content-ID")) and part.get_content_disposition() != "attachment"


def _is_text(part: StoredMessage, *, choice: bool) -> bool:
    """Text to read with the message, not a file of its own. A message without the parts that its
    header announces is text too."""
    kind = part.get_content_type()
    if kind.startswith("multipart/"):
        return True
    if kind not in _SUFFIXES or part.get_content_disposition() == "attachment":
        return False
    return not _file_name(part) or (choice and part.get_content_disposition() is None)


def _field(message: StoredMessage, name: str, charset: str | None) -> str:
    """A field of the header, decoded by us: see `mail_header`."""
    raw = (value for field, value in message.raw_items() if field.lower() == name.lower())
    return header_text(str(next(raw, "")), charset)


def _text(part: StoredMessage, name: str) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes) or not content.strip():
        return ""
    return decode(content, name, declared=part.get_content_charset())


def _attachment(part: StoredMessage, kind: str, number: int, name: str) -> Attachment:
    own = _file_name(part)
    if kind.startswith("message/") and part.is_multipart():
        inner = _inner(part)
        if kind in _MESSAGES and inner:
            subject = _field(inner[0], "Subject", None) or str(number)
            return Attachment(own or f"{subject}.eml", inner[0].as_bytes(), "message.eml")
        lines = "\n".join(block.as_string() for block in inner)  # a report in blocks of fields
        return Attachment(own or f"attachment {number}.txt", lines.encode(), "report.txt")
    content = part.get_payload(decode=True)
    data = content if isinstance(content, bytes) else b""
    if kind == "text/calendar":
        lines = "\n".join(appointments(_text(part, name)))
        return Attachment(own or f"attachment {number}.ics", lines.encode(), "calendar.txt")
    return Attachment(own or f"attachment {number}{_SUFFIXES.get(kind, '')}", data)


def _file_name(part: StoredMessage) -> str:
    """The attachment's name; in bytes beyond ASCII or encoded words too."""
    for field in ("Content-Disposition", "Content-Type"):
        if found := _FILE_NAME.search(_field(part, field, None)):
            return found[1] or found[2]
    return part.get_filename() or ""


PARSER = EmlParser()
