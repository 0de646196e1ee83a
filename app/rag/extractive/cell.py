"""Whose cell is it? An answer that is a cell of a table is told with the row it is of.

Asked how long maternity leave is, a small model answers with a cell of the right column and any
row, or of the right row and any column. What the question names is the right one (`lookup.py`);
where it names no row, all are the answer: a table says what depends on what.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.rag.extractive.asked_column import asks_for_key, column_asked, names_column
from app.rag.extractive.extremes import rows_compared
from app.rag.extractive.lookup import cells_given, row_counted, rows_identified, rows_named
from app.rag.extractive.names import plain
from app.rag.extractive.table import BETWEEN, Cells, Table, tables_of
from app.rag.grounding.wording import source_terms
from app.rag.language import Language, language_of
from app.rag.retrieval.pack import Around
from app.rag.types import Passage
from ingest.tables.lines import cells_of

_MOST_ROWS = 8  # more are no answer
_WHICH = re.compile(
    r"(?:(?<![在到去])哪|哪(?=[一个些家种类]))(?![天里儿年月日号位]|个人|\W*$)"
    r"|\b(?:[Ww]hich|[Ww]hose)\b"
)
_DIFFERENCE = re.compile(
    r"比.+[多少贵高低长短重轻大小快慢]了?(?:多少|几)|(?<!最)(?:贵|便宜|[涨降])了?(?:多少|几)"
    r"|\bhow much (?:more|less|cheaper|dearer)\b|\bdifference\b",
    re.IGNORECASE,
)
_AROUND = re.compile(r"^[\s。．；，、.;,|]+|[\s。．；，、.;,|]+$")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_UNIT = re.compile(r"\s*[^\W\d]{0,2}$")  # 天, 元, 个月, h
_MARKS: dict[Language, tuple[str, str, str]] = {"zh": ("：", "，", "；"), "en": (": ", ", ", "; ")}


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
            if BETWEEN.strip() in answer and _bare(_line(row)).startswith(_bare(answer)):
                return _row_text(table, row, question)
    found = list(_cells_alike(answer, tables, question))
    if not found:
        return answer
    # 15 days may stand in many tables
    asked = source_terms(question)
    table, row, column = max(
        found,
        key=lambda each: (
            each[1] in rows_identified(each[0], each[2], question),
            len(source_terms(" ".join(each[0].head)) & asked),
            bool(rows_named(each[0], each[2], question)),
        ),
    )
    named_rows = rows_identified(table, column, question)
    asked_for = column_asked(table, question)
    if asked_for not in (None, column) and (
        text := _column_text(table, named_rows, asked_for, question)
    ):
        return text
    if named_rows == [row] and plain(row[0]) in plain(question):
        return answer
    rows = rows_named(table, column, question) or (list(table.rows) if table.whole else [row])
    return _column_text(table, rows if len(rows) <= _MOST_ROWS else [row], column, question)


@dataclass(frozen=True, slots=True)
class AskedCell:
    """What the question asks for, `13`, and the same with its row and column, `13（7月，补贴）`."""

    value: str
    text: str
    named: bool = True  # its column by a word of the question, not by the kind of thing asked

    def is_in(self, answer: str) -> bool:
        said, value = (_THOUSANDS.sub("", _bare(text)) for text in (answer, self.value))
        return re.search(rf"(?<!\d){re.escape(value)}(?!\d)", said) is not None

    def is_in_row(self, text: str) -> bool:
        """Whether a row of the text has it, with what the question says of the row."""
        named = _bare(self.text)
        return any(
            _bare(self.value) in map(_bare, cells)
            and any(len(cell) > 1 and _bare(cell) in named for cell in cells if cell != self.value)
            for cells in map(cells_of, text.split("\n"))
        )

    def is_all_of(self, answer: str) -> bool:
        return _bare(self.value) == _bare(answer)

    def is_told_with(self, answer: str) -> bool:
        """Whether the answer names its row or column alone."""
        return not self.is_in(answer) and _bare(answer) in _bare(self.text)


def cell_asked_for(tables: Sequence[Table], question: str) -> AskedCell | None:
    """The one cell that the question asks for: where it names both row and column, names a row by
    what stands in it and asks which it is, or compares rows. None where there is none, or where
    several tables have one, and for a difference: no cell is that."""
    if _DIFFERENCE.search(question):
        return None
    found = [cell for table in tables if (cell := _cell_in(table, question))]
    named = [cell for cell in found if cell.named]
    likely = named or found
    return likely[0] if len(likely) == 1 else None


def table_asked_first(hits: Sequence[Passage], around: Around, question: str) -> Sequence[Passage]:
    """The hits with those of the document first whose table has the row and the column that the
    question names: few are read, and a manual speaks more often of HG-200 than the price list
    does. As they are where there is no such cell, or several."""
    by_document: dict[str, list[Passage]] = {}
    for hit in hits:
        by_document.setdefault(hit.document_id, []).append(hit)
    found = [
        (document, cell)
        for document, own in by_document.items()
        for table in tables_of(own, around)
        if (cell := _where_they_meet(table, question))
    ]
    if len(found) != 1:
        return hits
    ((document, cell),) = found
    return sorted(hits, key=lambda hit: (hit.document_id != document, not cell.is_in_row(hit.text)))


def _cell_in(table: Table, question: str) -> AskedCell | None:
    if compared := rows_compared(table, question):
        return _compared(table, *compared, question)
    column = column_asked(table, question)
    if row := row_counted(table, question):
        value = row[column or 0]
        return AskedCell(value, _of(value, [each for each in row if each != value], question))
    which = _WHICH.search(question) or asks_for_key(table, question)
    by_head = column is not None and names_column(table, column, question)
    given = cells_given(table, question) if which else None
    if given and (not by_head or given[1] == column):
        row, named = given
        what = [row[named], table.head[named]]
        return AskedCell(row[0], _of(row[0], what, question)) if row[0] else None
    return _where_they_meet(table, question)


def _where_they_meet(table: Table, question: str) -> AskedCell | None:
    """The cell of the one row and the column that the question names."""
    column = column_asked(table, question)
    rows = rows_identified(table, column, question) if column else []
    if not column or len(rows) != 1 or column >= len(rows[0]) or not rows[0][column]:
        return None
    text = _column_text(table, rows, column, question)
    return AskedCell(rows[0][column], text, names_column(table, column, question))


def _compared(
    table: Table, rows: Sequence[Cells], column: int, by: Sequence[int], question: str
) -> AskedCell:
    """`寄养（原价 60 元，现价 55 元）`, and the next behind a semicolon."""
    told = (_of(row[column], [f"{table.head[c]} {row[c]}" for c in by], question) for row in rows)
    named = any(names_column(table, c, question) for c in by)
    return AskedCell(rows[0][column], _MARKS[language_of(question)][2].join(told), named)


def asks_for_an_empty_cell(tables: Sequence[Table], question: str) -> bool:
    """Whether the question names a row and a column whose cell says nothing, and no other table
    has such a cell that does."""
    empty = False
    for table in tables:
        column = column_asked(table, question)
        rows = rows_identified(table, column, question) if column else []
        if column and len(rows) == 1 and names_column(table, column, question):
            filled = column < len(rows[0]) and bool(rows[0][column])
            if filled:
                return False
            empty = True
    return empty


def _cells_alike(
    answer: str, tables: Sequence[Table], question: str
) -> Iterator[tuple[Table, Cells, int]]:
    """Table, row and column of every cell that is the answer; one that lacks its unit only where
    no cell holds it with the unit: 5 米 is not 5 where a cell says 线长 5 米."""
    asked, said = _bare(question), _bare(answer)
    cells = [
        (table, row, column)
        for table in tables
        for row in table.rows
        for column in range(1, min(len(row), len(table.head)))
    ]
    exact = not said.isdigit() and any(said in _bare(row[column]) for _, row, column in cells)
    for table, row, column in cells:
        if _same(answer, row[column], asked, exact=exact):
            yield table, row, column


def _row_text(table: Table, row: Cells, question: str) -> str:
    named_rows = rows_identified(table, len(row), question)
    rows = named_rows or rows_named(table, len(row), question)
    return _rows_text(rows if named_rows or row in rows else [row], range(1, len(row)), question)


def _column_text(table: Table, rows: Sequence[Cells], column: int, question: str) -> str:
    """One cell, and in brackets what it is of: `500（一类：北京、上海，员工）`. Of several rows the
    head and the cells of the column, each behind the key of its row. Where keys are the same, what
    tells rows apart comes along. Empty where none of the rows has a cell there."""
    filled = [row for row in rows if column < len(row) and row[column]]
    keys = [row[0] for row in table.rows]
    columns = [column] if len(set(keys)) == len(keys) else range(1, column + 1)
    if len(filled) == 1:
        (row,) = filled
        asked = plain(question)
        named = [c for c, cell in enumerate(row) if len(cell) > 1 and plain(cell) in asked]
        of = [row[c] for c in sorted({0, *columns, *named}) if c != column and row[c]]
        return _of(row[column], [*of, table.head[column]], question)
    head = f"{table.head[column]}{_MARKS[language_of(question)][0]}"
    return head + _rows_text(filled, columns, question) if filled else ""


def _of(value: str, what: Sequence[str], question: str) -> str:
    language = language_of(question)
    named = _MARKS[language][1].join(dict.fromkeys(each for each in what if each))
    return f"{value}（{named}）" if language == "zh" else f"{value} ({named})"


def _rows_text(rows: Iterable[Cells], columns: Iterable[int], question: str) -> str:
    _, comma, semicolon = _MARKS[language_of(question)]
    wanted = [0, *columns]
    lines = ([row[c] for c in wanted if c < len(row) and row[c]] for row in rows)
    return semicolon.join(comma.join(cells) for cells in lines if len(cells) > 1)


def _same(answer: str, cell: str, asked: str, *, exact: bool) -> bool:
    """Alike but for spaces, marks around them, words of the question behind the answer, and, unless
    `exact`, a unit that one of them lacks."""
    said, written = _bare(answer), _bare(cell)
    if not said or not written:
        return False
    if said == written or _repeats(said, written, asked):
        return True
    shorter, longer = sorted((said, written), key=len)
    numeric = shorter.replace(",", "").replace(".", "").isdigit()
    unit = bool(_UNIT.fullmatch(longer[len(shorter) :])) and longer.startswith(shorter)
    return numeric and unit and not exact


def _repeats(said: str, written: str, asked: str) -> bool:
    """Whether what was said is the cell and words of the question: 15 天 and 年假."""
    rest = said[len(written) :] if written and said.startswith(written) else ""
    return bool(rest) and not written.isdigit() and rest in asked


def _line(row: Cells) -> str:
    return BETWEEN.join(row)


def _bare(text: str) -> str:
    return "".join(_AROUND.sub("", text).split()).casefold()
