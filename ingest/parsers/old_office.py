"""Word and PowerPoint from before 2007, and WPS Writer and Presentation.

The binary format is read through LibreOffice (`ingest.sandbox.office`), which a sandbox asks before
it passes the file on: what arrives here is then the newer format. What a file really is, its
content says: newer files, RTF and HTML under these names are read as what they are.
"""

from ingest.errors import ParseError
from ingest.parsers.docx import PARSER as DOCX
from ingest.parsers.html import PARSER as HTML
from ingest.parsers.pptx import PARSER as PPTX
from ingest.parsers.rtf import PARSER as RTF
from ingest.parsing.package import Package
from ingest.parsing.parser import PageProgress
from ingest.types import Document

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # what the binary format begins with
NEEDS_LIBREOFFICE = "needs_libreoffice"  # code of the error
_HEAD_BYTES = 4096
_HTML = (b"<html", b"<!doctype html", b"<body")


class OldOfficeParser:
    extensions = (".doc", ".dot", ".wps", ".ppt", ".pps", ".dps")
    signature = COMPOUND

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        if data.startswith(COMPOUND):
            raise needs_libreoffice(name)
        if data.startswith(b"PK"):
            slides = "ppt/presentation.xml" in Package(data, name, "an Office file").names()
            return (PPTX if slides else DOCX).parse(data, name, on_page=on_page)
        if data.lstrip().startswith(RTF.signature):
            return RTF.parse(data, name, on_page=on_page)
        if any(mark in data[:_HEAD_BYTES].lower() for mark in _HTML):
            return HTML.parse(data, name, on_page=on_page)
        raise ParseError(f"{name} is damaged or no Office file. Save it again and retry.")


def needs_libreoffice(name: str) -> ParseError:
    return ParseError(
        f"{name} is in a format from before 2007, which is read through LibreOffice. Install "
        "LibreOffice on the server (on Debian: apt-get install libreoffice-writer-nogui "
        "libreoffice-impress-nogui) and retry, or save the file as docx or pptx.",
        code=NEEDS_LIBREOFFICE,
    )


PARSER = OldOfficeParser()
