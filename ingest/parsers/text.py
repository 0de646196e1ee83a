"""Plain text: paragraphs by blank lines, or by lines where lines are not wrapped."""

import re
from collections.abc import Iterator

from ingest.clean import clean
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.captions import is_caption, is_chapter, is_wrapped
from ingest.parsing.decode import decode
from ingest.parsing.parser import PageProgress
from ingest.types import Document

_BLANK_LINE = re.compile(r"\n[ \t\u3000]*\n+")


class TextParser:
    extensions = (".txt", ".text", ".log")
    signature = b""

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        builder = DocumentBuilder(data, name, "text/plain")
        lines = list(_lines(clean(decode(data, name))))
        for number, (line, tight) in enumerate(lines):
            following = lines[number + 1][0] if number + 1 < len(lines) else ""
            if is_chapter(line):
                builder.heading(line, 2 if "节" in line[:10] else 1)
            elif is_caption(line, following):
                builder.heading(line, 3)
            else:
                builder.paragraph(line, tight=tight)
        return builder.build()


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Lines, wrapped ones together as one, and whether the line before belongs to the same run."""
    for paragraph in _BLANK_LINE.split(text):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        if len(lines) > 1 and is_wrapped(lines):
            yield "\n".join(lines), False
        else:
            for number, line in enumerate(lines):
                yield line, number > 0


PARSER = TextParser()
