"""ZIP archives: every member that can be read as a section of one document."""

import zipfile
from operator import itemgetter
from pathlib import PurePosixPath

from ingest.errors import ParseError
from ingest.parsers.parts import add_part
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.package import Package
from ingest.parsing.parser import PageProgress
from ingest.types import Document

_UTF8_NAME = 0x800
_LITTER = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"}


class ArchiveParser:
    extensions = (".zip",)
    signature = b"PK"

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        package = Package(data, name, "a ZIP archive")
        builder = DocumentBuilder(data, name, "application/zip")
        builder.title = PurePosixPath(name).stem
        members = [(_name(entry), entry) for entry in package.entries if _wanted(entry)]
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


def _name(entry: zipfile.ZipInfo) -> str:
    """Chinese Windows writes names in GBK without saying so; zipfile reads them as CP437."""
    if entry.flag_bits & _UTF8_NAME:
        return entry.filename
    raw = entry.filename.encode("cp437", errors="replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.filename


PARSER = ArchiveParser()
