"""EPUB books: the chapters of the spine, each read as the HTML page it is."""

import posixpath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ingest.errors import ParseError
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.decode import decode
from ingest.parsing.package import Package, refuse_entities
from ingest.parsing.parser import PageProgress
from ingest.types import Document

if TYPE_CHECKING:
    from lxml.etree import _Element

_KEPT = {"aside", "header", "footer"}  # notes and ends of chapters
_CONTAINER = "META-INF/container.xml"
_OPF = "{http://www.idpf.org/2007/opf}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_ALGORITHM = "{http://www.w3.org/2001/04/xmlenc#}EncryptionMethod"


class EpubParser:
    extensions = (".epub",)
    signature = b"PK"

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        from ingest.html.blocks import add_html

        package = Package(data, name, "an EPUB book")
        _refuse_locked(package, name)
        rootfile = package.xml(_CONTAINER).find(".//{*}rootfile")
        path = rootfile.get("full-path", "") if rootfile is not None else ""
        book = package.xml(path)
        builder = DocumentBuilder(data, name, "application/epub+zip")
        chapters = _chapters(book, posixpath.dirname(path))
        members = set(package.names())
        for number, chapter in enumerate(chapters, start=1):
            if chapter in members:
                content = package.read(chapter)
                refuse_entities(content, name)
                add_html(builder, decode(content, name), whole_page=True, kept=_KEPT)
            if on_page:
                on_page(number, len(chapters))
        builder.title = book.findtext(f".//{_TITLE}") or ""
        return builder.build()


def _chapters(book: "_Element", folder: str) -> list[str]:
    """Paths in the order of the spine, tables of contents left out."""
    items = {item.get("id"): item for item in book.iter(f"{_OPF}item")}
    found: list[str] = []
    for reference in book.iter(f"{_OPF}itemref"):
        item = items.get(reference.get("idref"))
        if item is not None and "nav" not in item.get("properties", "").split():
            path = unquote(item.get("href", "").split("#")[0])
            found.append(posixpath.normpath(posixpath.join(folder, path)))
    return found


def _refuse_locked(package: Package, name: str) -> None:
    """Copy protection encrypts chapters; that fonts are scrambled does not matter."""
    if "META-INF/encryption.xml" not in package.names():
        return
    methods = package.xml("META-INF/encryption.xml").iter(_ALGORITHM)
    if any("xmlenc" in method.get("Algorithm", "") for method in methods):
        raise ParseError(
            f"{name} is copy-protected. Upload an edition without protection.", code="encrypted"
        )


PARSER = EpubParser()
