"""Tables of pages: what goes on from one page to the next is one table with one head."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.pages.lines import Line
from ingest.parsing.builder import DocumentBuilder
from ingest.tables.grid import Field, fill, used_columns
from ingest.tables.heads import HeadRule, layout

_SAME_EDGE = 0.01  # of a table's width: how far the sides of its parts may differ


@dataclass(slots=True)
class TableParts:
    """Parts of one table, a page each. `last` is the page of the last one. All parts are taken
    before the first is added."""

    parts: list[Line]
    last: int
    _columns: set[int] | None = None  # those that any part uses

    def takes(self, table: Line, page: int) -> bool:
        """Whether the first table of the next page goes on with this one; it is then a part."""
        if page != self.last + 1 or not _same_columns(table, self.parts[-1]):
            return False
        if not self._repeated(table) and _has_head(table.rows):
            return False
        self.parts.append(table)
        self.last = page
        return True

    def add(self, builder: DocumentBuilder, table: Line) -> None:
        """Add one of the parts; a head that is said again is left out."""
        if self._columns is None:
            self._columns = used_columns(row for part in self.parts for row in part.rows)
        columns = self._columns
        if table is self.parts[0]:
            head = HeadRule.FIRST if table.ruled else HeadRule.LIKELY
            builder.table(table.rows, head=head, columns=columns)
        else:
            rows = table.rows[self._repeated(table) :]
            builder.table(rows, head=HeadRule.DECLARED, columns=columns, goes_on=True)

    def _repeated(self, table: Line) -> int:
        """How many rows of the head it begins with."""
        found = layout(fill(self.parts[0].rows), HeadRule.FIRST)
        head = self.parts[0].rows[found.head : found.body]
        count = 0
        while count < min(len(head), len(table.rows)) and _words(head[count]) == _words(
            table.rows[count]
        ):
            count += 1
        return count


def _has_head(rows: Sequence[Sequence[Field]]) -> bool:
    found = layout(fill(rows), HeadRule.CONTRAST)
    return found.body > found.head


def _words(row: Sequence[Field]) -> list[str]:
    return [cell.text for cell in row]


def _same_columns(table: Line, before: Line) -> bool:
    slack = _SAME_EDGE * (before.right - before.left)
    edges = abs(table.left - before.left), abs(table.right - before.right)
    return max(edges) <= slack and _width(table) == _width(before)


def _width(table: Line) -> int:
    return max((sum(cell.column_span for cell in row) for row in table.rows), default=0)
