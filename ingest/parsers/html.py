"""HTML pages: `ingest/html/blocks.py` reads them."""

import re

from ingest.errors import ParseError
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.decode import decode
from ingest.parsing.parser import PageProgress
from ingest.types import Document

_CHARSET = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)=[\"' ]*([\w-]+)", re.IGNORECASE
)


class HtmlParser:
    extensions = (".html", ".htm", ".xhtml")
    signature = b""

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        from ingest.html.blocks import add_html  # BeautifulSoup takes a while to load

        text = decode(data, name, declared=declared_charset(data))
        builder = DocumentBuilder(data, name, "text/html")
        try:
            add_html(builder, text, whole_page=True)
        except (RecursionError, ValueError) as error:
            raise ParseError(f"{name} is not readable HTML: {error}") from error
        return builder.build()


def declared_charset(data: bytes) -> str | None:
    """The encoding that the page names in its head."""
    charset = _CHARSET.search(data[:4096])
    return charset[1].decode("ascii") if charset else None


PARSER = HtmlParser()
