"""What the cells of a grid hold: numbers, words, nothing."""

import re
from collections.abc import Sequence
from itertools import pairwise, starmap

from ingest.tables.grid import Grid

# Amounts, times, dates; not 3号 or 1月, which head columns as often as they stand in them.
_NUMBER = re.compile(r"[-+−±≈~<>≤≥$¥￥€£(（\s]*\d[\d.,，:：/％%‰°℃\s-]*[)）]?")
YEAR = re.compile(r"(?:19|20)\d\d(?:[-/.年](?:0?[1-9]|1[0-2])月?)?年?")
_DATE = re.compile(r"(?:(?:19|20)\d\d[-/])?(?:0?[1-9]|1[0-2])[-/](?:0?[1-9]|[12]\d|3[01])")
DIGIT = re.compile(r"\d")
_SERIES = 3  # 1, 2, 3 over columns are days or months,
_LONG_SERIES = 5  # and so are 26, 27, 28, … whatever stands beside them;
_LAST = {12, 28, 29, 30, 31, 52, 53}  # behind the last month, day or week comes 1
# What stands where a value is missing.
NOTHING = re.compile(
    r"[-–—−_/.…*?？×√ ]+|[无無空]|[暂暫][无無]|[没沒]有|[缺免未不待].{0,3}"
    r"|n\.?[/.]?a\.?|nil|none|null",
    re.IGNORECASE,
)

# What stands in the place of a number that is not there.
ABSENT = re.compile(
    r"[-–—−_/.…*?？×√ ]+|[无無空缺免]|[暂暫][无無缺]|[没沒]有|缺[考货貨失席勤]|免[费費]"
    r"|未[知定填报報到测測]|不[详詳明]|不[适適]用|待.{1,5}|同[左上前]|停[产產用工]"
    r"|时价|市价|[面另电待][议询价]|询价|议价|请假|旷[考课工]|停业|装修中?"
    r"|n\.?/?a\.?|nil|null|none\b.*|not? .*|tb[acd]|unknown|pending|free|on request|ask .*|varies",
    re.IGNORECASE,
)


def is_number(text: str) -> bool:
    """An amount without a unit in letters: 12, 97.25 %, ¥1,200.00, 26:30, 2026-03-05."""
    return bool(_NUMBER.fullmatch(text))


def are_numbers(texts: Sequence[str]) -> bool:
    return any(texts) and all(is_number(text) for text in texts if text)


def all_words(grid: Grid, row: int) -> bool:
    """No amounts; years, dates and series such as 1, 2, 3 may be heads, where the cells below are
    none."""
    numbers = [(column, text) for column, text in grid.cells(row) if is_number(text)]
    if not numbers:
        return True
    others = len(grid.cells(row)) - len(numbers)
    if row + 1 >= grid.row_count:
        return False
    texts = [text for _, text in numbers]
    below = [grid.texts[row + 1][column] for column, _ in numbers]
    for kind in (YEAR, _DATE):
        if all(map(kind.fullmatch, texts)):
            several = len(set(texts)) == len(texts) > 1
            return (others < 2 or several) and not any(map(kind.fullmatch, below))
    values = [int(text) if text.isdecimal() else -1 for text in texts]
    if -1 in values or not all(starmap(_goes_up, pairwise(values))):
        return False
    return len(values) >= _LONG_SERIES or (
        len(values) >= _SERIES and others < 2 and values[0] in (0, 1)
    )


def _goes_up(before: int, after: int) -> bool:
    return after == before + 1 or (after == 1 and before in _LAST)


def contrasts(grid: Grid, row: int, end: int, columns: Sequence[int] | None = None) -> bool:
    """Whether some column has no digit in its head and one in every filled cell below."""
    for column in range(grid.column_count) if columns is None else columns:
        below = [text for r in range(row + 1, end) if (text := grid.texts[r][column])]
        head = grid.texts[row][column]
        if head and below and not DIGIT.search(head) and all(map(DIGIT.search, below)):
            return True
    return False


def has_merged(grid: Grid, row: int) -> bool:
    return any(grid.span(row, column) != (1, 1) for column in range(grid.column_count))
