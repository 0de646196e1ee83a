"""Parsers by file name. A module in this folder that holds a `PARSER` is a format; no list to mend.

document = parse(data, "报告.pdf")
"""

import importlib
import pkgutil
from functools import cache
from pathlib import PurePosixPath

from ingest.errors import ParseError, UnsupportedFormat
from ingest.parsing.builder import base_name
from ingest.parsing.parser import PageProgress, Parser
from ingest.types import Document

MAX_BYTES = 512 * 1024 * 1024
_SIGNATURES = ((b"%PDF-", "a PDF"), (b"PK\x03\x04", "a ZIP or Office file"))
_BINARY = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x7fELF", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!")


@cache
def _parsers() -> dict[str, Parser]:
    found: dict[str, Parser] = {}
    for module in pkgutil.iter_modules(__path__):
        parser = getattr(importlib.import_module(f"{__name__}.{module.name}"), "PARSER", None)
        if parser is not None:
            found |= dict.fromkeys(parser.extensions, parser)
    return found


def supported_extensions() -> tuple[str, ...]:
    """All extensions that can be read, sorted, lower case with the dot."""
    return tuple(sorted(_parsers()))


def parser_for(name: str) -> Parser:
    """The parser for a file name. Raises UnsupportedFormat, which lists what can be read."""
    suffix = PurePosixPath(base_name(name)).suffix.lower()
    try:
        return _parsers()[suffix]
    except KeyError:
        formats = ", ".join(extension[1:] for extension in supported_extensions())
        what = f"files ending in {suffix}" if suffix else "files without a suffix"
        raise UnsupportedFormat(f"Cannot read {what}. Supported: {formats}.") from None


def parse(data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
    """Read a file. Raises UnsupportedFormat or ParseError."""
    name = base_name(name)
    parser = parser_for(name)
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise ParseError(f"{name} is empty.", code="empty")
    if len(data) > MAX_BYTES:
        raise ParseError(f"{name} is larger than {MAX_BYTES >> 20} MiB.", code="too_large")
    _check_content(data, name, parser)
    return parser.parse(data, name, on_page=on_page)


def _check_content(data: bytes, name: str, parser: Parser) -> None:
    """Refuse a file whose first bytes contradict its suffix, before a library stumbles on it."""
    if parser.signature:
        return  # binary formats know their own damage best
    for signature, what in _SIGNATURES:
        if data.startswith(signature):
            raise ParseError(f"{name} is {what} by content; give it the right suffix.")
    if data.startswith(_BINARY):
        raise ParseError(f"{name} holds binary data, not text.", code="encoding")
