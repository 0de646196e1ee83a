"""Rows of names and their values, without a colon between them, which are no heads."""

import re
from collections.abc import Sequence

from ingest.tables.contents import ABSENT, DIGIT, NOTHING, all_words, contrasts, has_merged
from ingest.tables.grid import Grid

_NARROW_FORM = 3  # columns; in so few, a wide cell may be anything
_FEWEST_ROWS = 3  # a head and two rows
_NAME = re.compile(r"(?:[签簽][字名章]|盖章|日期|时间|电话|手机|联系人|地址|意见|编号)$")


def is_form(grid: Grid, row: int, end: int) -> bool:
    """Names beside values, without a colon: below the row, one value reaches over the whole width,
    under what would be the heads of several columns, and no column holds numbers."""
    width = grid.column_count
    if width <= _NARROW_FORM or has_merged(grid, row) or contrasts(grid, row, end):
        return False
    if _are_of_one_kind(grid.texts[row][1:]) or _repeats_names(grid, row, end):
        return False
    return len(set(grid.texts[row][1:])) > 1 and any(
        grid.texts[below][1]
        and grid.origin(below, 1) == (below, 1)
        and grid.span(below, 1)[1] == width - 1
        for below in range(row + 1, end)
    )


def _are_of_one_kind(texts: Sequence[str]) -> bool:
    """Heads that begin or end alike: 周一 周二, 基础版 专业版."""
    if not all(texts):
        return False
    begins, ends = {text[0] for text in texts}, {text[-1] for text in texts}
    return any(len(found) == 1 and not next(iter(found)).isascii() for found in (begins, ends))


def _repeats_names(grid: Grid, row: int, end: int) -> bool:
    """Whether below the row a text stands twice where a form has its names, in every other column,
    which is no name of the row itself: several people may each have their telephone."""
    named = {
        tuple(dict.fromkeys(grid.texts[below][::2]))  # in a form, two parties have the same names
        for below in range(row + 1, end)
        if not has_merged(grid, below)
    }
    names = [
        text
        for texts in named
        for text in texts
        if text and text not in grid.texts[row] and not _NAME.search(text)
    ]
    return len(set(names)) < len(names)


def are_particulars(grid: Grid, row: int, end: int) -> bool:
    """Names and values without colons above the head, as 客户 东升制冷 日期 4月9日: below no column
    of the row there are numbers only, and below several of the next row, which is all words."""
    below = row + 1
    if end - below < _FEWEST_ROWS or has_merged(grid, row):
        return False
    texts = [text for _, text in grid.cells(row)]
    full = len(grid.cells(below)) - (not grid.texts[row][0])
    if len(texts) == full and not _are_named_values(texts, grid.texts[below]):
        return False  # heads, over a first row without its numbers
    if len(grid.cells(below)) < len(grid.cells(row)) or not all_words(grid, below):
        return False
    if not grid.texts[below][0] or NOTHING.fullmatch(grid.texts[below][0]):
        return False  # units
    heads = [
        text
        for column, text in grid.cells(below)
        if contrasts(grid, below, end, [column]) and not NOTHING.fullmatch(text)
    ]
    return len(set(heads)) > 1 and not contrasts(grid, row, end)


def _are_named_values(texts: Sequence[str], below: Sequence[str]) -> bool:
    """Whether every other text may name the one behind it, of which one has a digit, or below
    which nothing stands in the place of a number."""
    names, values = texts[::2], texts[1::2]
    return (
        len(names) == len(values)
        and not any(map(DIGIT.search, names))
        and (
            any(map(DIGIT.search, values))
            or (len(set(below)) == len(below) and not any(map(_is_absent, below)))
        )
    )


def _is_absent(text: str) -> bool:
    return bool(NOTHING.fullmatch(text) or ABSENT.fullmatch(text))
