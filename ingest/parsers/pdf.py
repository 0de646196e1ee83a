"""PDF: the text layer where a page has one, text recognition where it has none."""

from ingest.builder import DocumentBuilder
from ingest.errors import ParseError
from ingest.layout import add_pages
from ingest.parsers import PageProgress
from ingest.pdf_pages import read_pages
from ingest.types import Document


class PdfParser:
    extensions = (".pdf",)
    signature = b"%PDF-"

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        pages = read_pages(data, name, on_page)
        if not any(c.isalnum() for page in pages for line in page for c in line.text):
            raise ParseError(
                f"{name} has no text, and none was recognised in its pictures.", code="no_text"
            )
        builder = DocumentBuilder(data, name, "application/pdf")
        add_pages(builder, pages)
        return builder.build()


PARSER = PdfParser()
