"""Which rows of a table a question is about."""

import re
from collections import Counter
from collections.abc import Sequence

from app.rag.extractive.asked_column import names_column
from app.rag.extractive.intervals import amounts_in, interval_of
from app.rag.extractive.names import holds, names, parts, plain
from app.rag.extractive.table import Cells, Table
from app.rag.grounding.facts.fact import facts_in, same
from app.rag.grounding.facts.numbers import numerals_as_digits
from app.rag.grounding.wording import source_terms

_ROW = re.compile(r"第\s*(\d{1,3})\s*行|\brow (\d{1,3})\b", re.IGNORECASE)
_LEAST_RANGES = 2  # one alone may be a limit that is mentioned
_LONGEST_RUNNING_NUMBER = 2
_LEAST_WEIGHT = 0.5  # of the best row's


def rows_named(table: Table, column: int, question: str) -> list[Cells]:
    """The rows identified, else those that share terms with the question which not every row
    has, as rare ones as the best of them. `column` is that of the answer."""
    if identified := rows_identified(table, column, question):
        return identified
    weights = _weights(table.rows, column, question, without=table.head)
    best = max(weights)
    return [
        row
        for row, weight in zip(table.rows, weights, strict=True)
        if weight and weight >= _LEAST_WEIGHT * best
    ]


def rows_identified(table: Table, column: int, question: str) -> list[Cells]:
    """The rows that the question names in their first cell, whole or by an item that no other row
    has, or whose range holds its amount, or that it names in another cell than the answer's."""
    head = table.head[column] if 0 <= column < len(table.head) else ""
    if rows := _rows_with_name(table, 0, question, head=head):
        return _closest(rows, column, question)
    others = [n for n in range(len(table.head)) if n != column]
    for other in others:
        if rows := _rows_with_amount(table, other, question):
            return rows
    for other in others[1:]:
        if rows := _rows_with_name(table, other, question):
            return rows
    for other in others:
        if rows := _rows_with_fact(table, other, question):
            return rows
    return []


def row_counted(table: Table, question: str) -> Cells | None:
    """The row that the question names by its place, 第三行 or "row 3", the head not counted; None
    where rows have such numbers of their own, or the first may be missing."""
    found = _ROW.search(numerals_as_digits(question))
    if found is None or not table.whole:
        return None
    number = int(found[1] or found[2])
    if any(row[0].strip() == str(number) for row in table.rows):
        return None
    return table.rows[number - 1] if 0 < number <= len(table.rows) else None


def cells_given(table: Table, question: str) -> tuple[Cells, int] | None:
    """The one row that the question names by a cell behind the first, and that cell's column; None
    where it names its first cell, or several rows."""
    if _rows_with_name(table, 0, question):
        return None
    found = [
        (row, column)
        for column in range(1, len(table.head))
        for row in _rows_with_name(table, column, question)
        or _rows_with_fact(table, column, question)
    ]
    return found[0] if len({row for row, _ in found}) == 1 else None


def _rows_with_name(table: Table, column: int, question: str, *, head: str = "") -> list[Cells]:
    """The rows whose cell there the question holds whole, else an item of it of their own. The
    longer ones first: 陪产假 does not name 产假. The `head` that is asked for names no row: 合计 of
    研发 is not the row 合计."""
    cells = [row[column] if column < len(row) else "" for row in table.rows]
    items = [parts(cell) for cell in cells]
    rows_with = Counter(item for each in items for item in set(each))
    called = [
        [*_whole(plain(cell), key=column == 0), *(item for item in each if rows_with[item] == 1)]
        for cell, each in zip(cells, items, strict=True)
    ]
    left, found = {plain(question), plain(numerals_as_digits(question))}, set()
    asked = plain(head)
    for name in sorted({name for each in called for name in each}, key=len, reverse=True):
        if asked and len(asked) >= len(name):
            left, asked = {each.replace(asked, "\n", 1) for each in left}, ""
        if any(holds(each, name) for each in left):
            found.add(name)
            left = {each.replace(name, "\n") for each in left}
    return [row for row, each in zip(table.rows, called, strict=True) if found.intersection(each)]


def _whole(cell: str, *, key: bool) -> list[str]:
    """The cell as a name, if it is one: of numbers those alone that are keys and no running ones,
    2024 but not 12."""
    return [cell] if names(cell) or (key and len(cell) > _LONGEST_RUNNING_NUMBER) else []


def _rows_with_fact(table: Table, column: int, question: str) -> list[Cells]:
    """The rows of the day or the code that the question names, however each is written, and of a
    number where the question names its column as well."""
    exact = {"date", "identifier", "time"}
    if names_column(table, column, question):
        exact.add("quantity")
    asked = [fact for fact in facts_in(question) if fact.kind in exact]
    found = []
    for row in table.rows:
        held = facts_in(row[column]) if column < len(row) else ()
        if len(held) == 1 and any(same(fact, held[0]) for fact in asked):
            found.append(row)
    return found


def _rows_with_amount(table: Table, column: int, question: str) -> list[Cells]:
    ranges = [interval_of(row[column]) if column < len(row) else None for row in table.rows]
    units = {each.unit for each in ranges if each}
    if sum(each is not None for each in ranges) < _LEAST_RANGES or len(units) != 1:
        return []
    amounts = amounts_in(question, units.pop())
    held = [
        (row, each)
        for row, each in zip(table.rows, ranges, strict=True)
        if each and any(map(each.holds, amounts))
    ]
    return [row for row, each in held if not any(other.is_within(each) for _, other in held)]


def _closest(rows: list[Cells], column: int, question: str) -> list[Cells]:
    """Of rows with one and the same key those that share most with the question beside it."""
    if len(rows) < 2 or len({row[0] for row in rows}) > 1:
        return rows
    weights = _weights(rows, column, question)
    best = max(weights)
    return [row for row, weight in zip(rows, weights, strict=True) if weight == best]


def _weights(
    rows: Sequence[Cells], column: int, question: str, *, without: Cells = ()
) -> list[float]:
    """By row what its terms share with the question: a term counts for less, the more rows have
    it, and for nothing where all do. The cell of the answer itself is left out."""
    asked = source_terms(question) - source_terms(" ".join(without))
    shared = [asked & source_terms(" ".join((*row[:column], *row[column + 1 :]))) for row in rows]
    rows_with = Counter(term for terms in shared for term in terms)
    return [
        sum(1 / rows_with[term] for term in terms if rows_with[term] < len(rows))
        for terms in shared
    ]
