"""Which row and which column of a table a question is about."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from app.rag.extractive.intervals import amounts_in, interval_of
from app.rag.extractive.table import Cells, Table
from app.rag.grounding.wording import source_terms

_LEAST_RANGES = 2  # one alone may be a limit that is mentioned
_LONGEST_RUNNING_NUMBER = 2
_LEAST_WEIGHT = 0.5  # of the best row's
_PARTS = re.compile(r"[、，,;；:：/()]|及?以[上下内]")  # 一类：北京、上海; 总监及以上
_CJK_SPACES = re.compile(r"(?<=[\u3400-\u9fff])\s+|\s+(?=[\u3400-\u9fff])")


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
    return []


def column_named(table: Table, question: str) -> int | None:
    """The one column behind the first whose head shares most with the question."""
    asked, asked_text = source_terms(question), plain(question)
    heads = [_parts(head) for head in table.head]
    everywhere = set.intersection(*(set(source_terms(head)) for head in filter(None, table.head)))
    scores = [
        len((source_terms(head) & asked) - everywhere)
        + sum(len(part) for part in parts if _holds(asked_text, part))
        + sum(len(level) == 1 and level in asked_text for level in _levels(head))
        for head, parts in zip(table.head, heads, strict=True)
    ][1:]
    best = max(scores, default=0)
    return 1 + scores.index(best) if best and scores.count(best) == 1 else None


def names_column(table: Table, column: int, question: str) -> bool:
    """Whether the question says the column's head, or an item of it."""
    asked_text, head = plain(question), plain(table.head[column])
    return any(_holds(asked_text, part) for part in [*_whole(head, key=False), *_parts(head)])


def plain(text: str) -> str:
    """In one form, without the spaces beside Chinese characters."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return _CJK_SPACES.sub("", folded)


def _levels(head: str) -> list[str]:
    """Of a head in several rows: 水 / 今年."""
    levels = plain(head).split("/")
    return levels if len(levels) > 1 else []


def _rows_with_name(table: Table, column: int, question: str, *, head: str = "") -> list[Cells]:
    """The rows whose cell there the question holds whole, else an item of it of their own. The
    longer ones first: 陪产假 does not name 产假. The `head` that is asked for names no row: 合计 of
    研发 is not the row 合计."""
    cells = [row[column] if column < len(row) else "" for row in table.rows]
    items = [_parts(cell) for cell in cells]
    rows_with = Counter(item for each in items for item in set(each))
    names = [
        [*_whole(plain(cell), key=column == 0), *(item for item in each if rows_with[item] == 1)]
        for cell, each in zip(cells, items, strict=True)
    ]
    left, found = plain(question), set()
    asked = plain(head)
    for name in sorted({name for each in names for name in each}, key=len, reverse=True):
        if asked and len(asked) >= len(name):
            left, asked = left.replace(asked, "\n", 1), ""
        if _holds(left, name):
            found.add(name)
            left = left.replace(name, "\n")
    return [row for row, each in zip(table.rows, names, strict=True) if found.intersection(each)]


def _whole(cell: str, *, key: bool) -> list[str]:
    """The cell as a name, if it is one: of numbers those alone that are keys and no running ones,
    2024 but not 12."""
    return [cell] if _names(cell) or (key and len(cell) > _LONGEST_RUNNING_NUMBER) else []


def _names(text: str) -> bool:
    """An amount names nothing, nor does a single character."""
    return len(text) > 1 and not text[0].isdigit()


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in _PARTS.split(plain(cell)) if _names(part.strip())]


def _holds(text: str, name: str) -> bool:
    """Whether it stands there, as whole words where it begins or ends with a Latin letter."""
    before = r"(?<![a-z0-9])" if name[0].isascii() else ""
    behind = r"(?![a-z0-9])" if name[-1].isascii() else ""
    return bool(re.search(before + re.escape(name) + behind, text))


def _rows_with_amount(table: Table, column: int, question: str) -> list[Cells]:
    ranges = [interval_of(row[column]) if column < len(row) else None for row in table.rows]
    units = {each.unit for each in ranges if each}
    if sum(each is not None for each in ranges) < _LEAST_RANGES or len(units) != 1:
        return []
    amounts = amounts_in(question, units.pop())
    return [
        row
        for row, each in zip(table.rows, ranges, strict=True)
        if each and any(map(each.holds, amounts))
    ]


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
