"""A part of a document's text as HTML, with its words marked and its tables drawn as tables."""

import html
from collections.abc import Sequence

from ui.client import wire
from ui.safe_markdown import highlighted

Span = tuple[int, int, str]  # start and end in the document, CSS class


def drawn(
    text: str,
    start: int,
    spans: list[Span],
    tables: Sequence[wire.Table],
    headings: Sequence[str] = (),
) -> str:
    """HTML of `text`, whose first character has offset `start`. Everything from the document is
    escaped. Lines that are one of the `headings` are drawn as such."""
    end = start + len(text)
    pieces: list[str] = []
    at = start
    for table in tables:
        first, last = max(table["start"], at), min(table["end"], end)
        if first < last:
            before = text[at - start : first - start]
            pieces.append(_words(before, at, spans, headings))
            # A caption that stands in the text is part of it, with its marks.
            is_written = before.rstrip().endswith(table["caption"])
            pieces.append(_table(table, "" if is_written else table["caption"], spans))
            at = last
    pieces.append(_words(text[at - start :], at, spans, headings))
    return "".join(pieces)


def _words(text: str, start: int, spans: list[Span], headings: Sequence[str]) -> str:
    """Text beside a table, without the blank lines that part them."""
    lead = len(text) - len(text.lstrip("\n"))
    at = start + lead
    lines = []
    for line in text.strip("\n").split("\n"):
        words = highlighted(line, at, spans)
        is_heading = line.strip() in headings and line.strip()
        lines.append(f'<span class="zw-heading">{words}</span>' if is_heading else words)
        at += len(line) + 1
    return "\n".join(lines)


def _table(table: wire.Table, title: str, spans: list[Span]) -> str:
    caption = f"<caption>{html.escape(title)}</caption>" if title else ""
    by_place = {(cell["row"], cell["column"]): cell for cell in table["cells"]}
    covered = {place for cell in table["cells"] for place in _covered(cell)}
    rows = sorted({row for row, _ in by_place})
    body = "".join(
        "<tr>"
        + "".join(
            _cell(by_place.get((row, column)), spans)
            for column in range(table["column_count"])
            if (row, column) in by_place or (row, column) not in covered
        )
        + "</tr>"
        for row in rows
    )
    return f'<table class="zw-table">{caption}{body}</table>'


def _covered(cell: wire.Cell) -> set[tuple[int, int]]:
    return {
        (row, column)
        for row in range(cell["row"], cell["row"] + cell["row_span"])
        for column in range(cell["column"], cell["column"] + cell["column_span"])
    }


def _cell(cell: wire.Cell | None, spans: list[Span]) -> str:
    if cell is None:
        return "<td></td>"
    tag = "td" if cell["role"] == "none" else "th"
    down = f' rowspan="{cell["row_span"]}"' if cell["row_span"] > 1 else ""
    across = f' colspan="{cell["column_span"]}"' if cell["column_span"] > 1 else ""
    return f"<{tag}{down}{across}>{highlighted(cell['text'], cell['start'], spans)}</{tag}>"
