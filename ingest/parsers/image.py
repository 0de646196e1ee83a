"""Pictures of text: photographs, screenshots, scans of one or more pages."""

from ingest.errors import ParseError
from ingest.pages.lines import Page
from ingest.pages.ocr import picture_lines
from ingest.pages.pictures import EXTENSIONS, frames
from ingest.pages.running import add_flowing_pages
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.page_view import PageView
from ingest.parsing.parser import PageProgress
from ingest.types import Document

_MEDIA_TYPES = {"jpg": "jpeg", "tif": "tiff"}


class ImageParser:
    extensions = EXTENSIONS
    signature = b"\x89PNG"  # or one of the others; Pillow looks

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        kind = name.rsplit(".", 1)[-1].lower()
        builder = DocumentBuilder(data, name, f"image/{_MEDIA_TYPES.get(kind, kind)}")
        pages: list[Page] = []
        total = 1
        for frame in frames(data, name):
            pages.append(Page(picture_lines(frame), PageView.of_picture(*frame.size)))
            total = max(total, len(pages))
            if on_page:
                on_page(len(pages), total)
        if not any(page.lines for page in pages):
            raise ParseError(f"No text was recognised in {name}.", code="no_text")
        add_flowing_pages(builder, pages)
        return builder.build()


PARSER = ImageParser()
