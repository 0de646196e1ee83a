"""What a row of `expectations.jsonl` asks of a file that was read.

    must_contain        strings of its text
    must_not_contain    strings that are not in it
    in_order            strings of its text, one behind the other
    must_keep_together  cells of one table row, which stand in one line of one chunk
    rows                {"cells": {HEAD: VALUE}}: in one row each value stands under its head;
                        `A > B` is a head in two levels, a list of values stands under one head, ""
                        is an empty cell, and as a head a column without one
    expect_error        it is refused

White space and its absence are not told apart: nobody reads them either. Any ticked mark counts as
☑, any empty box as ☐.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ingest.tables.lines import cells_of, is_row
from ingest.types import BlockKind, Chunk, Document

_TICKED = re.compile("[☒✓✔✅🗹]")
_EMPTY_BOX = re.compile("[□❏▢❑]")

_Row = tuple[tuple[str, ...], tuple[str, ...]]  # heads and cells, white space removed


def judge(row: Mapping[str, Any], document: Document, chunks: Sequence[Chunk]) -> str:
    """The problem with a file that was read; empty if it is correct."""
    if row["expect_error"]:
        return "was read but should have been rejected"
    problems = (
        *_missing(row, bare(document.text)),
        *_torn(row, chunks),
        *_misplaced(row, document),
    )
    return problems[0] if problems else ""


def bare(text: str) -> str:
    """In the form in which texts are compared."""
    return _EMPTY_BOX.sub("☐", _TICKED.sub("☑", re.sub(r"\s+", "", text)))


def _missing(row: Mapping[str, Any], found: str) -> Iterator[str]:
    for want in row["must_contain"]:
        if bare(want) not in found:
            yield f"lacks {want!r}"
    for other in row.get("must_not_contain", ()):
        if bare(other) in found:
            yield f"has {other!r}"
    at = 0
    for want in row.get("in_order", ()):
        place = found.find(bare(want), at)
        if place < 0:
            yield f"lacks {want!r} at its place"
            return
        at = place + len(bare(want))


def _torn(row: Mapping[str, Any], chunks: Sequence[Chunk]) -> Iterator[str]:
    lines = [bare(line) for chunk in chunks for line in chunk.text.split("\n")]
    for cells in row["must_keep_together"]:
        if not any(all(bare(cell) in line for cell in cells) for line in lines):
            yield f"tore {' | '.join(cells)}"


def _misplaced(row: Mapping[str, Any], document: Document) -> Iterator[str]:
    written = list(_rows(document))
    for wanted in row.get("rows", ()):
        cells = wanted["cells"]
        if not any(_holds(heads, values, cells) for heads, values in written):
            expected = "; ".join(f"{head or '(no head)'}: {value}" for head, value in cells.items())
            yield f"has no row with {expected}"


def _rows(document: Document) -> Iterator[_Row]:
    """The rows of tables as their text says them, each with the line of heads above it."""
    heads: tuple[str, ...] = ()
    for block in document.blocks:
        line = document.text[block.start : block.end]
        cells = tuple(map(bare, cells_of(line))) if is_row(line) else (bare(line),)
        if block.kind is BlockKind.TABLE_HEADER:
            heads = cells
        elif block.kind is BlockKind.TABLE_ROW:
            yield heads, cells
        else:
            heads = ()


def _holds(
    heads: tuple[str, ...], values: tuple[str, ...], wanted: Mapping[str, str | Sequence[str]]
) -> bool:
    if len(heads) != len(values):
        return False
    for head, value in wanted.items():
        found = [cell for own, cell in zip(heads, values, strict=True) if _is_head(own, head)]
        each = [value] if isinstance(value, str) else value
        if not found or any(bare(one) not in found for one in each):
            return False
    return True


def _is_head(own: str, wanted: str) -> bool:
    levels = [bare(level) for level in wanted.split(" > ")]
    if len(levels) == 1:
        return own == levels[0]
    return own.startswith(levels[0]) and own.endswith(levels[-1])
