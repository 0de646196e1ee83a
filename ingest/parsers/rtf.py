"""Rich Text Format through striprtf: paragraphs, and table rows with their cells."""

import re

from ingest.clean import clean
from ingest.errors import ParseError
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.parser import PageProgress
from ingest.types import Document

_CODE_PAGE = re.compile(rb"\\ansicpg(\d{3,5})")
_HIGH = re.compile(rb"[\x80-\xff]")


class RtfParser:
    extensions = (".rtf",)
    signature = b"{\\rtf"

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        from striprtf.striprtf import rtf_to_text

        if not data.lstrip().startswith(self.signature):
            raise ParseError(f"{name} is damaged or not a Rich Text file. Save it again and retry.")
        # The format is ASCII; writers that put raw bytes in mean their code page.
        source = _HIGH.sub(lambda byte: b"\\'%02x" % ord(byte[0]), data).decode("ascii")
        page = _CODE_PAGE.search(data)
        encoding = f"cp{page[1].decode()}" if page else "cp1252"
        try:
            text = rtf_to_text(source, encoding=encoding, errors="replace")
        except (ValueError, LookupError, OverflowError, TypeError) as error:
            raise ParseError(f"{name} is not readable as Rich Text: {error}") from error
        builder = DocumentBuilder(data, name, "application/rtf")
        _add_lines(builder, clean(text))
        return builder.build()


def _add_lines(builder: DocumentBuilder, text: str) -> None:
    in_table, tight = False, False
    for line in text.split("\n"):
        if line.rstrip().endswith("|"):
            cells = line.rstrip()[:-1].split("|")
            builder.row(cells, header=not in_table and len(cells) > 1, first=not in_table)
            in_table = True
        elif line.strip():
            builder.paragraph(line, tight=tight and not in_table)
            in_table, tight = False, True
        else:
            tight = False


PARSER = RtfParser()
