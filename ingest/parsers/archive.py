"""ZIP archives: every member that can be read as a section of one document."""

import zipfile
from collections.abc import Sequence
from operator import itemgetter
from pathlib import PurePosixPath

from ingest.errors import ParseError
from ingest.parsers.parts import add_part
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.charsets import is_accident, likely_encoding
from ingest.parsing.package import Package
from ingest.parsing.parser import PageProgress
from ingest.types import Document

_UTF8_NAME = 0x800
_WINDOWS = ("gb18030", "big5hkscs", "cp932", "euc_kr")  # else CP437 is what zipfile says
_LITTER = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"}


class ArchiveParser:
    extensions = (".zip",)
    signature = b"PK"

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        package = Package(data, name, "a ZIP archive")
        builder = DocumentBuilder(data, name, "application/zip")
        builder.title = PurePosixPath(name).stem
        wanted = [entry for entry in package.entries if _wanted(entry)]
        members = list(zip(_names(wanted), wanted, strict=True))
        members.sort(key=itemgetter(0))
        read = 0
        for number, (path, entry) in enumerate(members, start=1):
            read += add_part(builder, package.read(entry), path, level=1)
            if on_page:
                on_page(number, len(members))
        if not read:
            raise ParseError(f"{name} holds no file that could be read.", code="no_text")
        return builder.build()


def _wanted(entry: zipfile.ZipInfo) -> bool:
    return not _LITTER & set(entry.filename.split("/"))


def _names(entries: Sequence[zipfile.ZipInfo]) -> list[str]:
    """Chinese Windows writes names in GBK without saying so; zipfile reads them as CP437. All names
    of an archive are in one encoding, and together they tell it more surely."""
    stored = [_stored(entry) for entry in entries]
    odd = [raw for raw in stored if raw is not None and _utf8(raw) is None]
    encoding = likely_encoding(b"\n".join(odd)) if odd else None
    names: list[str] = []
    for raw, entry in zip(stored, entries, strict=True):
        name = None if raw is None else _utf8(raw)
        if raw is not None and name is None and encoding in _WINDOWS:
            name = raw.decode(encoding, errors="replace")
        names.append(name or entry.filename)
    return names


def _stored(entry: zipfile.ZipInfo) -> bytes | None:
    """The bytes of a name in an encoding that is not told; None where it is UTF-8 or ASCII."""
    if entry.flag_bits & _UTF8_NAME or entry.filename.isascii():
        return None
    try:
        return entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return None


def _utf8(raw: bytes) -> str | None:
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        return None
    return None if is_accident(name) else name


PARSER = ArchiveParser()
