"""The tables of a sheet: rows that belong together, whatever blank rows stand between them."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ingest.sheets.types import Merged, Sheet
from ingest.tables.contents import ABSENT, YEAR, is_number
from ingest.tables.grid import Field

_DIGIT = re.compile(r"\d")
_NUMBERED = re.compile(
    r"[一二三四五六七八九十]+[、.．]|[（(][一二三四五六七八九十\d]+[)）]|(?:附?表|table)\s*[一二三四五六七八九十\d]",
    re.IGNORECASE,
)
_ALIKE = 2  # characters at the beginning or the end that names of one kind share
_MAX_MERGED_ROWS = 200_000
_SEVERAL = 2
_MAX_ROWS_APART = 2  # a line of particulars above the head, say
_MAX_ISLANDS = 20  # a sheet with more gaps is sparse, not full of tables
_Row = dict[int, str]  # texts by column


@dataclass(slots=True)
class Region:
    """Rows of one table with the titles above it; `numbers` are theirs in the sheet, from 0."""

    numbers: list[int] = field(default_factory=list)
    rows: list[_Row] = field(default_factory=list)

    def add(self, number: int, row: _Row) -> None:
        self.numbers.append(number)
        self.rows.append(row)

    def extend(self, other: "Region", *, without: _Row | None = None) -> None:
        """Add the rows of another, but those that are like `without`."""
        for number, row in zip(other.numbers, other.rows, strict=True):
            if row != without:
                self.add(number, row)

    @property
    def head(self) -> int:
        """Index of the first row of several cells, where the table begins below its titles."""
        return next((n for n, row in enumerate(self.rows) if len(row) > 1), len(self.rows))


def regions(sheet: Sheet) -> Iterator[Region]:
    """The sheet's tables. A blank row ends one only where another begins behind it: a title and
    what looks like a head, or a head over other columns."""
    current, remarks = Region(), Region()
    beside: list[Region] = []
    for whole in _runs(sheet):
        run, *others = _islands(whole)
        if current.rows and run.head == len(run.rows):
            remarks.extend(run)  # a heading inside the table, if rows of it follow
        elif current.rows and _goes_on(current, run, remarks.rows):
            head = current.rows[current.head] if current.head < len(current.rows) else None
            current.extend(remarks)
            current.extend(run, without=head)  # which may be said again
            remarks = Region()
        else:
            yield from (region for region in (current, *beside) if region.rows)
            remarks.extend(run)
            current, remarks, beside = remarks, Region(), []
        beside += others
    yield from (region for region in (current, *beside, remarks) if region.rows)


def _islands(run: Region) -> list[Region]:
    """Tables that stand beside each other: of several columns each, with a blank column between
    them, and not beginning in the same row or sharing nearly all of them. The leftmost comes first.
    """
    used = sorted({column for row in run.rows for column in row})
    cuts = [after for before, after in pairwise(used) if after > before + 1]
    if not cuts or len(cuts) > _MAX_ISLANDS:
        return [run]
    parts = [_part(run, begin, end) for begin, end in pairwise([0, *cuts, used[-1] + 1])]
    begins = [part.numbers[part.head] if part.head < len(part.rows) else -1 for part in parts]
    joined = [parts[0]]
    for part, begin in zip(parts[1:], begins[1:], strict=True):
        left = joined[-1]
        first = left.numbers[min(left.head, len(left.rows) - 1)]
        titles_only = begin < 0 or left.head == len(left.rows)
        if titles_only or begin == first or _share_rows(left, part):
            joined[-1] = _joined(run, left, part)
        else:
            joined.append(part)
    return joined


def _share_rows(left: Region, right: Region) -> bool:
    """Whether both end in the same row, all but a few rows have cells in both, and no name stands
    in both heads: halves of one table, with a blank column or the places under merged cells between
    them."""
    rows = dict(zip(right.numbers, right.rows, strict=True))
    start = max(part.numbers[part.head] for part in (left, right))
    beside = (row for part in (left, right) for row in _part_row(part, start).values())
    if any(is_number(text) and not YEAR.fullmatch(text) for text in beside):
        return False  # one of them has begun above
    both = [
        (set(row.values()), set(rows[number].values()))
        for number, row in zip(left.numbers, left.rows, strict=True)
        if number in rows
    ]
    apart = len(left.rows) + len(right.rows) - 2 * len(both)
    return (
        apart <= _MAX_ROWS_APART < len(both)
        and left.numbers[-1] == right.numbers[-1]
        and not any(texts & others for texts, others in both[:_MAX_ROWS_APART])
    )


def _part_row(part: Region, number: int) -> _Row:
    return next((row for at, row in zip(part.numbers, part.rows, strict=True) if at == number), {})


def _part(run: Region, begin: int, end: int) -> Region:
    """The columns `[begin, end)` of a run."""
    part = Region()
    for number, row in zip(run.numbers, run.rows, strict=True):
        cells = {column: text for column, text in row.items() if begin <= column < end}
        if cells:
            part.add(number, cells)
    return part


def _joined(run: Region, left: Region, right: Region) -> Region:
    columns = [column for part in (left, right) for row in part.rows for column in row]
    return _part(run, min(columns), max(columns) + 1)


def fields(region: Region, merges: Sequence[Merged]) -> Iterator[list[Field] | list[str]]:
    """The region's rows for the grid, merged cells with what they cover; columns in which nothing
    stands are left out."""
    used = sorted({column for row in region.rows for column in row})
    at = {column: place for place, column in enumerate(used)}
    begins, below = _merged(region, merges, used)
    for number, row in zip(region.numbers, region.rows, strict=True):
        if not begins:
            yield [row.get(column, "") for column in used]
            continue
        cells = {
            column: Field(text, begins.get((number, column), 1), column=at[column])
            for column, text in row.items()
        }
        for column, wide in below.get(number, ()):
            cells.setdefault(column, Field("", wide, column=at[column], above=True))
        yield [cells[column] for column in sorted(cells)]


def _merged(
    region: Region, merges: Sequence[Merged], used: Sequence[int]
) -> tuple[dict[tuple[int, int], int], dict[int, list[tuple[int, int]]]]:
    """How many of the `used` columns a merged cell covers, by row and column where it begins; and
    by row the columns and widths of those that reach into it from above."""
    begins: dict[tuple[int, int], int] = {}
    below: dict[int, list[tuple[int, int]]] = {}
    left = _MAX_MERGED_ROWS
    rows = dict(zip(region.numbers, region.rows, strict=True))
    for merge in merges:
        if merge.left not in rows.get(merge.top, {}):
            continue  # of another region, or empty
        first, last = bisect_left(used, merge.left), bisect_right(used, merge.right)
        if first < last and used[first] == merge.left:
            begins[merge.top, merge.left] = last - first
            inside = bisect_right(region.numbers, merge.top)
            end = min(bisect_right(region.numbers, merge.bottom), inside + left)
            left -= max(end - inside, 0)
            for number in region.numbers[inside:end]:
                below.setdefault(number, []).append((merge.left, last - first))
    return begins, below


def _runs(sheet: Sheet) -> Iterator[Region]:
    """Rows without a blank one between them; a merged cell bridges those that it covers."""
    run = Region()
    bridged = -1
    bottoms: dict[int, int] = {}
    for merge in sheet.merges:
        if merge.left in sheet.cells.get(merge.top, {}):
            bottoms[merge.top] = max(bottoms.get(merge.top, 0), merge.bottom)
    for number in sorted(sheet.cells):
        if run.rows and number > max(run.numbers[-1], bridged) + 1:
            yield from _sections(run)
            run = Region()
        run.add(number, sheet.cells[number])
        bridged = max(bridged, bottoms.get(number, -1))
    if run.rows:
        yield from _sections(run)


def _sections(run: Region) -> Iterator[Region]:
    """The run, parted at headings between its rows over which a head of its own stands."""
    begin = 0
    for at in range(1, len(run.rows)):
        if len(run.rows[at]) == 1 < len(run.rows[at - 1]) and _heads_anew(run, begin, at):
            yield Region(run.numbers[begin:at], run.rows[begin:at])
            begin = at
    yield Region(run.numbers[begin:], run.rows[begin:])


def _heads_anew(run: Region, begin: int, heading: int) -> bool:
    """Whether the first row of several cells behind a heading is a head: words in several columns
    that hold only digits, below it and in the rows from `begin` on."""
    head = next((n for n in range(heading, len(run.rows)) if len(run.rows[n]) > 1), None)
    if head is None or any(is_number(text) for text in run.rows[head].values()):
        return False
    end = next((n for n in range(head + 1, len(run.rows)) if len(run.rows[n]) == 1), None)
    below = run.rows[head + 1 : end]
    texts = {
        column: text
        for column, text in run.rows[head].items()
        if _contrasts(text, column, below) and not ABSENT.fullmatch(text)
    }
    if len(set(texts.values())) < _SEVERAL:
        return False
    before = Region(run.numbers[begin:heading], run.rows[begin:heading])
    body = before.rows[before.head + 1 :]
    return sum(_has_only_digits(column, body) for column in texts) >= _SEVERAL


def _goes_on(table: Region, run: Region, between: Sequence[_Row]) -> bool:
    """Whether rows of several cells behind a blank one belong to the table before it; `between`
    are titles that stand between them."""
    if table.head == len(table.rows):
        return True  # it was only titles so far
    head = table.rows[table.head]
    body = table.rows[table.head + 1 :]
    first = run.rows[run.head]
    if first == head:
        return True
    if not set(first) & set(head):
        return False
    titles = [*between, *run.rows[: run.head]]
    titled = bool(titles)
    below = run.rows[run.head + 1 :]
    if _are_numbered(titles) and _are_numbered(table.rows[: table.head]):
        return any(is_number(text) for text in first.values()) or any(
            cells.get(column) == text
            for rows in (below, body)  # its own first, which are few
            for cells in rows
            for column, text in first.items()
        )
    if any(first.get(column) == text for column, text in head.items()):
        return False  # a head that shares a column's name
    return not _looks_like_head(first, below, body, titled=titled, other=set(first) != set(head))


def _are_numbered(titles: Sequence[_Row]) -> bool:
    """Whether a title says which of several tables it is of: 二、审批权限, 表2, (3) Rates."""
    return any(_NUMBERED.match(text) for row in titles for text in row.values())


def _looks_like_head(
    row: _Row, below: list[_Row], body: list[_Row], *, titled: bool, other: bool
) -> bool:
    """Words over rows of their own that have digits where it has none. Under a title, or over other
    columns than the table's, that is enough, as are both together, and a title over rows that have
    no digits where the table's have. Else the table's own rows must have digits in several of those
    columns, or in one where no more of theirs hold only digits; then a text like those of its
    column, or in the place of a missing value, is one of a row."""
    if not below or any(is_number(text) for text in row.values()):
        return False
    contrasting = [column for column in row if _contrasts(row[column], column, below)]
    if titled and any(_contrasts(text, column, body) for column, text in row.items()):
        return True
    if titled or other:
        return bool(contrasting) or (titled and other)
    both = [column for column in contrasting if _contrasts(row[column], column, body)]
    if len(both) != 1:
        return len(both) > 1
    columns = {column for cells in body for column in cells}
    rows = [*body, *below]
    return (
        sum(_has_only_digits(column, body) for column in columns) < 2
        and not ABSENT.fullmatch(row[both[0]])
        and not any(
            _are_alike(text, cells.get(column, ""))
            for column, text in row.items()
            for cells in rows
        )
    )


def _are_alike(text: str, other: str) -> bool:
    """Names of one kind: 甲机房 and 丙机房, pump 3 and pump house."""
    return text == other or (
        min(len(text), len(other)) > _ALIKE
        and (text[:_ALIKE] == other[:_ALIKE] or text[-_ALIKE:] == other[-_ALIKE:])
    )


def _has_only_digits(column: int, rows: list[_Row]) -> bool:
    found = False
    for row in rows:
        if column in row:
            if not _DIGIT.search(row[column]):
                return False
            found = True
    return found


def _contrasts(text: str, column: int, rows: list[_Row]) -> bool:
    return not _DIGIT.search(text) and _has_only_digits(column, rows)
