"""PDF: the text layer where a page has one, text recognition where it has none."""

import re

from ingest.errors import ParseError
from ingest.pages.pdf.pages import read_pages
from ingest.pages.running import add_flowing_pages
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.parser import PageProgress
from ingest.types import Document

_LETTER = re.compile(r"[^\W_]")


class PdfParser:
    extensions = (".pdf",)
    signature = b"%PDF-"

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        pages = read_pages(data, name, on_page)
        if not any(_LETTER.search(line.text) for page in pages for line in page.lines):
            raise ParseError(
                f"{name} has no text, and none was recognised in its pictures.", code="no_text"
            )
        builder = DocumentBuilder(data, name, "application/pdf")
        add_flowing_pages(builder, pages)
        return builder.build()


PARSER = PdfParser()
