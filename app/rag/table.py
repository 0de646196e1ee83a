"""Whose cell is it? An answer that is a cell of a table, and the rows it could be of.

Asked how long maternity leave is, a small model answers with a cell of the right column and any
row. The row that the question names is the right one; where it names none, all are the answer:
a table says what depends on what.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.rag.language import Language, language_of
from app.rag.types import Passage
from app.rag.wording import source_terms

Cells = tuple[str, ...]

_BETWEEN = " | "  # cells, as every parser writes them
_MOST_ROWS = 8  # more are no answer
_AROUND = re.compile(r"^[\s。．；，、.;,]+|[\s。．；，、.;,]+$")
_UNIT = re.compile(r"\s*[^\W\d]{0,2}$")  # 天, 元, 个月, h
_MARKS: dict[Language, tuple[str, str, str]] = {"zh": ("：", "，", "；"), "en": (": ", ", ", "; ")}


@dataclass(frozen=True, slots=True)
class Table:
    """`whole` where its first and its last row are certainly there."""

    head: Cells
    rows: tuple[Cells, ...]
    whole: bool


def may_be_cell(beginning: str, tables: Sequence[Table]) -> bool:
    """Whether some cell begins like that, behind the first of its row."""
    wanted = _bare(beginning)
    cells = (cell for table in tables for row in table.rows for cell in row[1:])
    return any(_bare(cell).startswith(wanted) for cell in cells)


def with_its_row(answer: str, tables: Sequence[Table], question: str) -> str:
    """The answer as the table has it, with the rows that the question leaves open.

    As it is where it is no cell behind the first of a row, or of the one row that is asked about.
    """
    for table in tables:
        for row in table.rows:
            for column in range(1, min(len(row), len(table.head))):
                if _same(answer, row[column]):
                    return _told(answer, table, row, column, question)
    return answer


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


def _told(answer: str, table: Table, row: Cells, column: int, question: str) -> str:
    asked = _named(table, column, question)
    if asked == [row]:
        return answer
    if not asked and table.whole and len(table.rows) <= _MOST_ROWS:
        asked = list(table.rows)
    colon, comma, semicolon = _MARKS[language_of(question)]
    if not 0 < len(asked) <= _MOST_ROWS:
        asked = [row]
    listed = semicolon.join(
        f"{each[0]}{comma}{each[column]}" for each in asked if column < len(each) and each[column]
    )
    return f"{table.head[column]}{colon}{listed}" if listed else answer


def _named(table: Table, column: int, question: str) -> list[Cells]:
    """The rows whose first cell the question holds, else those that share terms with it which not
    every row has."""
    bare = _bare(question)
    keys = {key for each in table.rows if len(key := _bare(each[0])) > 1 and key in bare}
    keys = {key for key in keys if not any(key != other and key in other for other in keys)}
    if keys:
        return [each for each in table.rows if _bare(each[0]) in keys]
    asked = source_terms(question) - source_terms(" ".join(table.head))
    held = [
        asked & source_terms(" ".join((*each[:column], *each[column + 1 :]))) for each in table.rows
    ]
    everywhere = frozenset.intersection(*held)
    return [each for each, found in zip(table.rows, held, strict=True) if found - everywhere]


def _same(answer: str, cell: str) -> bool:
    """Alike but for spaces, marks around them, and a unit that one of them lacks."""
    said, written = _bare(answer), _bare(cell)
    if not said or not written:
        return False
    if said == written:
        return True
    shorter, longer = sorted((said, written), key=len)
    numeric = shorter.replace(",", "").replace(".", "").isdigit()
    return numeric and longer.startswith(shorter) and bool(_UNIT.fullmatch(longer[len(shorter) :]))


def _bare(text: str) -> str:
    return "".join(_AROUND.sub("", text).split()).casefold()
