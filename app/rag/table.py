"""Whose cell is it? An answer that is a cell of a table, and the rows it could be of.

Asked how long maternity leave is, a small model answers with a cell of the right column and any
row. The row that the question names is the right one, or the one whose range holds its amount (three
years are in 满 3 年不满 5 年); where it names none, all are the answer: a table says what depends on
what.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.rag.intervals import amounts_in, interval_of
from app.rag.language import Language, language_of
from app.rag.types import Passage
from app.rag.wording import source_terms

Cells = tuple[str, ...]

_BETWEEN = " | "  # cells, as every parser writes them
_MOST_ROWS = 8  # more are no answer
_LEAST_RANGES = 2  # one alone may be a limit that is mentioned
_AROUND = re.compile(r"^[\s。．；，、.;,]+|[\s。．；，、.;,]+$")
_UNIT = re.compile(r"\s*[^\W\d]{0,2}$")  # 天, 元, 个月, h
_MARKS: dict[Language, tuple[str, str, str]] = {"zh": ("：", "，", "；"), "en": (": ", ", ", "; ")}


@dataclass(frozen=True, slots=True)
class Table:
    """`whole` where its first and its last row are certainly there."""

    head: Cells
    rows: tuple[Cells, ...]
    whole: bool


def may_be_cell(beginning: str, tables: Sequence[Table], question: str) -> bool:
    """Whether some row begins like that, or some cell behind the first of its row."""
    said, asked = _bare(beginning), _bare(question)
    texts = (text for table in tables for row in table.rows for text in (_line(row), *row[1:]))
    return any(
        (written := _bare(text)).startswith(said) or _repeats(said, written, asked)
        for text in texts
    )


def with_its_row(answer: str, tables: Sequence[Table], question: str) -> str:
    """The answer as the table has it, with the rows that the question leaves open.

    As it is where it is neither a row, nor a cell behind the first of a row, or already of the one
    row that the question names whole: 产假 may mean the row of 陪产假, or one that was not found.
    """
    for table in tables:
        for row in table.rows:
            if _BETWEEN.strip() in answer and _bare(_line(row)).startswith(_bare(answer)):
                meant = _meant(table, len(row), question)
                rows = meant or _named(table, len(row), question)
                rows = rows if meant or row in rows else [row]
                return _told(rows, range(1, len(row)), question)
    found = [
        (table, row, column, _named(table, column, question))
        for table in tables
        for row in table.rows
        for column in range(1, min(len(row), len(table.head)))
        if _same(answer, row[column], _bare(question))
    ]
    if not found:
        return answer
    # 15 days may stand in many tables
    asked = source_terms(question)
    table, row, column, named = max(
        found,
        key=lambda each: (
            each[1] in _meant(each[0], each[2], question),
            len(source_terms(" ".join(each[0].head)) & asked),
            bool(each[3]),
        ),
    )
    if named == [row] == _held_by_key(table, question):
        return answer
    rows = named or (list(table.rows) if table.whole else [row])
    head = f"{table.head[column]}{_MARKS[language_of(question)][0]}"
    return head + _told(rows if len(rows) <= _MOST_ROWS else [row], [column], question)


def tables_of(passages: Sequence[Passage]) -> Iterator[Table]:
    """Every table of two rows or more; chunks that follow each other are read as one text."""
    pieces = sorted(passages, key=lambda p: (p.document_id, p.ordinal))
    lines: list[str] = []
    goes_on = False  # a table from a chunk that is not there
    last: Passage | None = None
    for piece in pieces:
        # the reader puts the head of a table that goes on among the headings
        head = piece.headings[-1] if piece.headings and _BETWEEN in piece.headings[-1] else ""
        if last is None or (last.document_id, last.ordinal + 1) != (
            piece.document_id,
            piece.ordinal,
        ):
            yield from _tables(lines, goes_on)
            lines, goes_on = [head] if head else [], bool(head)
        elif not head:
            lines.append("")
        lines += piece.text.strip("\n").split("\n")
        last = piece
    yield from _tables(lines, goes_on)


def _tables(lines: Sequence[str], goes_on: bool) -> Iterator[Table]:
    run: list[Cells] = []
    first = 0
    for number, line in enumerate([*lines, ""]):
        if _BETWEEN in line:
            first = first if run else number
            run.append(tuple(cell.strip() for cell in line.split(_BETWEEN)))
        elif run:
            whole = number < len(lines) and not (goes_on and first == 0)
            if len(run) > 2:
                yield Table(run[0], tuple(run[1:]), whole)
            run = []


def _told(rows: Iterable[Cells], columns: Iterable[int], question: str) -> str:
    _, comma, semicolon = _MARKS[language_of(question)]
    wanted = [0, *columns]
    lines = ([row[c] for c in wanted if c < len(row) and row[c]] for row in rows)
    return semicolon.join(comma.join(cells) for cells in lines if len(cells) > 1)


def _named(table: Table, column: int, question: str) -> list[Cells]:
    """The rows that are meant, else those that share terms with the question which not every row
    has."""
    if meant := _meant(table, column, question):
        return meant
    asked = source_terms(question) - source_terms(" ".join(table.head))
    held = [
        asked & source_terms(" ".join((*each[:column], *each[column + 1 :]))) for each in table.rows
    ]
    everywhere = frozenset.intersection(*held)
    return [each for each, found in zip(table.rows, held, strict=True) if found - everywhere]


def _meant(table: Table, column: int, question: str) -> list[Cells]:
    """The rows whose first cell the question holds, or whose range, in another column than that of
    the answer, holds its amount."""
    return _held_by_key(table, question) or _held_by_range(table, column, question)


def _held_by_range(table: Table, column: int, question: str) -> list[Cells]:
    for other in range(len(table.head)):
        if other == column:
            continue
        ranges = [interval_of(row[other]) if other < len(row) else None for row in table.rows]
        units = {each.unit for each in ranges if each}
        if len([each for each in ranges if each]) < _LEAST_RANGES or len(units) != 1:
            continue
        amounts = amounts_in(question, units.pop())
        held = [
            row
            for row, each in zip(table.rows, ranges, strict=True)
            if each and any(map(each.holds, amounts))
        ]
        if held:
            return held
    return []


def _held_by_key(table: Table, question: str) -> list[Cells]:
    left, keys = _bare(question), set()
    for key in sorted({_bare(each[0]) for each in table.rows}, key=len, reverse=True):
        if len(key) > 1 and key in left:  # 陪产假 does not name 产假
            keys.add(key)
            left = left.replace(key, "\n")
    return [each for each in table.rows if _bare(each[0]) in keys]


def _same(answer: str, cell: str, asked: str) -> bool:
    """Alike but for spaces, marks around them, words of the question behind the answer, and a unit
    that one of them lacks."""
    said, written = _bare(answer), _bare(cell)
    if not said or not written:
        return False
    if said == written or _repeats(said, written, asked):
        return True
    shorter, longer = sorted((said, written), key=len)
    numeric = shorter.replace(",", "").replace(".", "").isdigit()
    return numeric and longer.startswith(shorter) and bool(_UNIT.fullmatch(longer[len(shorter) :]))


def _repeats(said: str, written: str, asked: str) -> bool:
    """Whether what was said is the cell and words of the question: 15 天 and 年假."""
    rest = said[len(written) :] if written and said.startswith(written) else ""
    return bool(rest) and not written.isdigit() and rest in asked


def _line(row: Cells) -> str:
    return _BETWEEN.join(row)


def _bare(text: str) -> str:
    return "".join(_AROUND.sub("", text).split()).casefold()
