"""Which rows of a grid are its title, its head (in one row or several) and its notes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ingest.tables.contents import NOTHING, YEAR, all_words, are_numbers, contrasts, is_number
from ingest.tables.forms import are_particulars, is_form
from ingest.tables.grid import Grid
from ingest.tables.labels import are_open_labels, has_label, is_label_row

_UNIT_ROW = re.compile(r"(?:计量)?单位|units?", re.IGNORECASE)
_MAX_HEAD_ROWS = 5
_LOOKED_AHEAD = 5  # rows that a line of labels is compared with
_MAX_HEAD_CHARACTERS = 80  # of one cell; more are running text
_MAX_LABEL_NOTES = 2  # rows of labels below a table; more are its rows


class HeadRule(StrEnum):
    """How sure a format lets us be that the first row is a head where nothing in it says so."""

    FIRST = "first"  # of several rows the first is
    WORDS = "words"  # it is if no number stands in it
    LIKELY = "likely"  # the same, but of two columns, which may be names and values, as the next
    CONTRAST = "contrast"  # it is if words stand in it over a column of numbers
    DECLARED = "declared"  # the file says all


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows `[0, head)` are titles, `[head, body)` heads, `[notes, …)` remarks below the table."""

    head: int
    body: int
    notes: int


def layout(grid: Grid, rule: HeadRule, *, sparse_titles: bool = False) -> Layout:
    """What the rows are. A row that one merged cell takes whole is a title above the head and a
    note below the table, and so are labels with their values; with `sparse_titles` also one above
    in which only one cell is filled."""
    rows = grid.row_count
    if grid.column_count < 2:
        if sparse_titles and rule is not HeadRule.FIRST:
            return Layout(rows, rows, rows)  # words one below the other are no table
        head = 1 if rows > 1 and (rule is HeadRule.FIRST or _declared(grid, 0)) else 0
        return Layout(0, head, rows)
    top = 0
    while top < rows and _is_title(grid, top, sparse=sparse_titles):
        top += 1
    notes = rows
    while notes > top + 2 and grid.fills_row(notes - 1):
        notes -= 1
    if top == rows or (sparse_titles and notes - top == 1 and _is_label_row(grid, top)):
        return Layout(rows, rows, rows)
    first = top
    while first < notes - 1 and (
        _is_title(grid, first, sparse=sparse_titles) or _is_caption(grid, first)
    ):
        first += 1
    if first > top and _is_head(grid, first, notes, rule):
        top = first
    head = top + 1 if _is_head(grid, top, notes, rule) else top
    while top < head < min(notes - 1, top + _MAX_HEAD_ROWS) and _goes_on(grid, head, notes):
        head += 1
    if head == top + 1 and not _declared(grid, top):
        if is_form(grid, top, notes):
            head = top
        elif are_particulars(grid, top, notes):
            top, head = top + 1, head + 1
    if top < head:
        notes = _end_of_body(grid, head, notes)
    return Layout(top, head, notes)


def _end_of_body(grid: Grid, body: int, end: int) -> int:
    """Where notes begin: cells over the whole width, and a row or two of labels with their values
    where no other row of the body is like them."""
    labels = {
        row for row in range(body, end) if _is_label_row(grid, row) and not grid.fills_row(row)
    }
    if len(labels) > min(_MAX_LABEL_NOTES, (end - body) // 2):
        labels = set()
    for below in (labels, set[int]()):
        notes = end
        while notes > body + 1 and (grid.fills_row(notes - 1) or notes - 1 in below):
            notes -= 1
        if min(below, default=end) >= notes:
            break
    return notes


def row_head_count(grid: Grid, layout_: Layout) -> int:
    """1 where the first column names the rows: the file says so, or its head is empty."""
    body = range(layout_.body, layout_.notes)
    if any((row, 0) in grid.declared for row in body):
        return 1
    heads = range(layout_.head, layout_.body)
    empty = bool(heads) and not any(grid.texts[row][0] for row in heads)
    return int(empty and any(grid.texts[row][0] for row in body))


def head_texts(grid: Grid, rows: Sequence[int]) -> list[list[str]]:
    """By column: its heads from the top, each text once."""
    return [
        list(dict.fromkeys(text for row in rows if (text := grid.texts[row][column])))
        for column in range(grid.column_count)
    ]


def _is_title(grid: Grid, row: int, *, sparse: bool) -> bool:
    if grid.fills_row(row):
        return True
    return sparse and len(grid.cells(row)) == 1 and grid.span(row, grid.cells(row)[0][0])[0] == 1


def _is_caption(grid: Grid, row: int) -> bool:
    """Whether labels stand in the row and fewer cells than in those of the table below it."""
    cells = grid.cells(row)
    if not has_label([text for _, text in cells]):
        return False
    if any(grid.span(row, column)[0] > 1 for column, _ in cells):
        return False  # a head that reaches down
    following = range(row + 1, min(row + 1 + _LOOKED_AHEAD, grid.row_count))
    return len(cells) < max(len(grid.cells(below)) for below in following)


def _is_label_row(grid: Grid, row: int) -> bool:
    return is_label_row([text for _, text in grid.cells(row)])


def _is_head(grid: Grid, row: int, end: int, rule: HeadRule) -> bool:
    if end - row < 2:
        return _declared(grid, row) and rule is HeadRule.DECLARED
    if rule is HeadRule.DECLARED or _declared(grid, row):
        return _declared(grid, row)
    texts = [text for _, text in grid.cells(row)]
    if any(len(text) > _MAX_HEAD_CHARACTERS for text in texts):
        return False
    full = len(texts) == grid.column_count
    if is_label_row(texts) and not (full and are_open_labels(texts)):
        return False
    if rule is HeadRule.FIRST:
        return True
    wide = rule is HeadRule.LIKELY and grid.column_count > 2
    sure = wide or rule is HeadRule.WORDS
    return all_words(grid, row) and (sure or contrasts(grid, row, end))


def _declared(grid: Grid, row: int) -> bool:
    """Whether the file calls every filled cell of the row a head."""
    places = [(row, column) for column, _ in grid.cells(row)]
    return bool(places) and all(place in grid.declared for place in places)


def _goes_on(grid: Grid, row: int, end: int) -> bool:
    """Whether `row` is a head as well: it parts the cells of the row above."""
    if grid.fills_row(row):
        return False  # a heading inside the table
    if all((row, column) in grid.declared for column in range(grid.column_count)):
        return True
    if _are_units(grid, row, end) or _reach_down(grid, row):
        return True
    groups = _groups(grid, row)
    if not groups:
        return False
    return _fits_below(grid, row, groups, end) and _mark_groups(grid, row, groups)


def _reach_down(grid: Grid, row: int) -> bool:
    """Whether several heads of the row above go on in this one, and others do not."""
    cells = grid.cells(row)
    above = sum(grid.origin(row, column)[0] < row for column, _ in cells)
    return 1 < above < len(cells)


def _are_units(grid: Grid, row: int, end: int) -> bool:
    """Units below the heads: under the first column nothing, words under several others that hold
    numbers only."""
    first, *rest = grid.texts[row]
    filled = [column for column, text in enumerate(rest, start=1) if text]
    units = [column for column in filled if not NOTHING.fullmatch(grid.texts[row][column])]
    if (first and not _UNIT_ROW.fullmatch(first)) or len(units) < 2:
        return False
    return all(
        grid.texts[row - 1][column]
        and not is_number(grid.texts[row][column])
        and are_numbers([grid.texts[below][column] for below in range(row + 1, end)])
        for column in filled
    )


def _groups(grid: Grid, row: int) -> list[range]:
    """Columns of the row above that one head covers: a merged one, or one with empty places
    behind it that are filled in this row."""
    above = grid.texts[row - 1]
    groups: list[range] = []
    column = 0
    while column < grid.column_count:
        wide = grid.span(row - 1, column)[1] if above[column] else 1
        if wide == 1 and above[column] and grid.texts[row][column]:
            while (
                column + wide < grid.column_count
                and not above[column + wide]
                and grid.texts[row][column + wide]
            ):
                wide += 1
        if 1 < wide < grid.column_count:
            groups.append(range(column, column + wide))
        column += wide
    return groups


def _fits_below(grid: Grid, row: int, groups: list[range], end: int) -> bool:
    """Under each group stand words of its own; under each other head nothing, or itself. Where no
    other column says so, repeated words or numbers below tell heads from a first row."""
    inside = {column for group in groups for column in group}
    below = grid.texts[row]
    if any(grid.origin(row, c)[0] < row for c in range(grid.column_count) if below[c]):
        return True  # a head above reaches down into the row
    if any(not below[c] or (is_number(below[c]) and not YEAR.fullmatch(below[c])) for c in inside):
        return False
    if any(len({grid.origin(row, c) for c in group}) < 2 for group in groups):
        return False
    others = [c for c in range(grid.column_count) if c not in inside]
    if any(below[c] and (grid.texts[row - 1][c] or is_number(below[c])) for c in others):
        return False
    continued = any(
        grid.texts[row - 1][c] or (not below[c] and any(grid.texts[r][c] for r in range(row, end)))
        for c in others
    )
    if continued and any(grid.span(row - 1, group[0])[1] > 1 for group in groups):
        return True
    return _repeats(grid, row, groups) or contrasts(grid, row, end, sorted(inside))


def _repeats(grid: Grid, row: int, groups: list[range]) -> bool:
    """Plan, actual under each of several quarters."""
    named = [tuple(grid.texts[row][column] for column in group) for group in groups]
    return len(named) > 1 and len(set(named)) == 1


def _mark_groups(grid: Grid, row: int, groups: list[range]) -> bool:
    """Heads that only stand over several columns are merged over them."""
    for group in groups:
        if grid.span(row - 1, group[0])[1] == 1:
            grid.merge(row - 1, group[0], 1, len(group))
    return True
