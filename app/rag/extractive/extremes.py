"""Questions that compare the rows of a table: which is the dearest, which one became cheaper.

A small model answers with the first row, or with any. What can be counted is counted.
"""

import re
from collections.abc import Sequence

from app.rag.extractive.asked_column import column_asked, eras
from app.rag.extractive.lookup import rows_identified
from app.rag.extractive.names import plain
from app.rag.extractive.table import Cells, Table
from app.rag.grounding.facts.fact import facts_in
from app.rag.grounding.facts.numbers import folded

_MOST = re.compile(
    r"最(?:贵|高|大|多|长|重|晚|远|厚|快|宽|深|强)"
    r"|\b(?:most|highest|largest|biggest|longest|heaviest|latest|greatest|dearest|fastest)\b"
)
_LEAST = re.compile(
    r"最(?:便宜|低|小|少|短|轻|早|先|近|薄|慢|窄|浅|弱)"
    r"|\b(?:least|lowest|smallest|shortest|lightest|earliest|cheapest|fewest|slowest)\b"
)
_UP = re.compile(r"[涨升][价了高]|上[调涨升]|贵了|[增变]多|提高了|increased|went up|dearer|rose")
_DOWN = re.compile(
    r"[降跌][价了低]|下[调降跌]|便宜了|[减变]少|降低了|decreased|went down|cheaper|fell"
)
_WHICH = re.compile(r"(?:哪|\b(?:which|what)\b)\s*.{0,12}|谁|\bwho\b")
_LEAST_ROWS = 2

Value = tuple[str, str, float]  # kind, dimension, size


def rows_compared(table: Table, question: str) -> tuple[list[Cells], int, list[int]] | None:
    """The rows that win, the column that tells what they are, and those that were compared; None
    where the question compares none of this table's columns, or asks about one row of it."""
    asked = plain(question)
    heads = "|".join(re.escape(plain(head)) for head in table.head if head)
    which = _WHICH.search(asked) or re.search(rf"(?:{heads})\W*$", asked)  # 金额最大的客户
    if which is None or not table.whole:
        return None
    if (most := _MOST.search(asked)) or _LEAST.search(asked):
        column = column_asked(table, question, _measured(table))
        compared = [column] if column is not None else []
        rows = _extreme(table, column, largest=bool(most)) if column is not None else []
    elif (up := _UP.search(asked)) or _DOWN.search(asked):
        rows, compared = _changed(table, upwards=bool(up))
    else:
        return None
    if not rows or rows_identified(table, compared[0], question):
        return None
    others = [c for c in range(len(table.head)) if c not in compared]
    named = [c for c in others if plain(table.head[c]) and plain(table.head[c]) in which[0]]
    return rows, (named or [0])[0], compared


def _measured(table: Table) -> list[int]:
    """The columns behind the first whose filled cells are sizes of one kind."""
    return [
        column
        for column in range(1, len(table.head))
        if len(values := _values(table, column)) >= _LEAST_ROWS
        and len({value[:2] for _, value in values}) == 1
    ]


def _extreme(table: Table, column: int, *, largest: bool) -> list[Cells]:
    values = _values(table, column)
    best = (max if largest else min)(value[2] for _, value in values)
    rows = [row for row, value in values if value[2] == best]
    return rows if len(rows) < len(values) else []


def _changed(table: Table, *, upwards: bool) -> tuple[list[Cells], list[int]]:
    """Rows whose later column is above, or below, the earlier one; the first pair that differs."""
    for old, new in eras(table):
        before, after = _by_row(table, old), _by_row(table, new)
        both = [row for row in table.rows if row in before and row in after]
        if len(both) < _LEAST_ROWS or any(before[row][:2] != after[row][:2] for row in both):
            continue
        moved = [
            r for r in both if (after[r][2] > before[r][2]) == upwards and after[r] != before[r]
        ]
        return moved, [old, new]
    return [], []


def _by_row(table: Table, column: int) -> dict[Cells, Value]:
    return dict(_values(table, column))


def _values(table: Table, column: int) -> Sequence[tuple[Cells, Value]]:
    """Rows with the size of their cell; none where a filled cell is no size."""
    found: list[tuple[Cells, Value]] = []
    for row in table.rows:
        cell = row[column] if column < len(row) else ""
        if not cell:
            continue
        value = _value(cell)
        if value is None:
            return []
        found.append((row, value))
    return found


def _value(cell: str) -> Value | None:
    facts = facts_in(folded(cell))
    if len(facts) != 1:
        return None
    fact = facts[0]
    if fact.kind == "date" and any(fact.date):
        year, month, day = fact.date
        return "date", "", year * 10_000.0 + month * 100 + day
    return (fact.kind, fact.dimension, fact.value) if fact.kind in ("quantity", "time") else None
