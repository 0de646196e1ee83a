"""A sheet as it is shown. Rows and columns are counted from 0."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.tables.grid import CellPosition

_NAMED_CELLS = 5


class Merged(NamedTuple):
    """The corners of a merged cell, both included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(slots=True)
class Sheet:
    """`cells` are the texts by row and column; blank ones are left out. What is hidden is counted
    and, unless it was asked for, left out, as are comments and pictures."""

    title: str
    cells: dict[int, dict[int, str]] = field(default_factory=dict)
    merges: list[Merged] = field(default_factory=list)
    unsure: list[CellPosition] = field(default_factory=list)  # formulas without a stored result
    hidden: bool = False
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    boxes: list[str] = field(default_factory=list)  # texts of text boxes
    comments: int = 0
    pictures: int = 0  # in cells, instead of a text, and over them
    charts: int = 0

    def add(self, row: int, column: int, text: str) -> None:
        """Put a text into its place; a blank one changes nothing."""
        if text := text.strip():
            self.cells.setdefault(row, {})[column] = text

    def without_hidden(self) -> "Sheet":
        """What is shown. A merged cell that begins in a hidden row or column begins where it is
        seen first."""
        if not self.hidden_rows and not self.hidden_columns:
            return self
        columns = {column for cells in self.cells.values() for column in cells}
        rows_left = sorted(set(self.cells) - self.hidden_rows)
        columns_left = sorted(columns - self.hidden_columns)
        shown = Sheet(
            self.title,
            boxes=self.boxes,
            unsure=[
                (row, column)
                for row, column in self.unsure
                if row not in self.hidden_rows and column not in self.hidden_columns
            ],
        )
        moved: dict[CellPosition, str] = {}
        for merge in self.merges:
            rows = _between(rows_left, merge.top, merge.bottom)
            merged_columns = _between(columns_left, merge.left, merge.right)
            text = self.cells.get(merge.top, {}).get(merge.left, "")
            if rows and merged_columns and text:
                moved[rows[0], merged_columns[0]] = text
                shown.merges.append(Merged(rows[0], merged_columns[0], rows[1], merged_columns[1]))
        for row in rows_left:
            kept = {c: t for c, t in self.cells[row].items() if c not in self.hidden_columns}
            if kept:
                shown.cells[row] = kept
        for (row, column), text in moved.items():
            shown.add(row, column, text)
        return shown

    def named_unsure(self) -> str:
        """Where formulas stand that have no result: D2, D3, …"""
        named = ", ".join(cell_name(row, column) for row, column in self.unsure[:_NAMED_CELLS])
        return named + (", …" if len(self.unsure) > _NAMED_CELLS else "")


def _between(places: Sequence[int], first: int, last: int) -> tuple[int, int] | None:
    """The first and the last of the sorted `places` from `first` to `last`."""
    begin, end = bisect_left(places, first), bisect_right(places, last)
    return (places[begin], places[end - 1]) if begin < end else None


def cell_name(row: int, column: int) -> str:
    """As a spreadsheet names it: row 1, column 3 is D2."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"
