"""Which column of a table a question asks for: by its head, and by the kind of thing asked.

*What price* asks for money where one column alone holds any, *now* for the one of two columns that
is the newer. These are words of the language, none of a certain table. Where the head that is named
is of another kind than what is asked, it is named for something else, and no column is told.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.rag.extractive.names import holds, names, parts, plain
from app.rag.extractive.table import Table
from app.rag.grounding.wording import source_terms


@dataclass(frozen=True, slots=True)
class _Kind:
    """What asks for it, and the heads or else the cells by which a column is of it."""

    asks: re.Pattern[str]
    heads: re.Pattern[str]
    cells: re.Pattern[str] | None = None


def _kind(asks: str, heads: str, cells: str = "") -> _Kind:
    return _Kind(re.compile(asks), re.compile(heads), re.compile(cells) if cells else None)


_KINDS = (  # the surer first
    _kind(
        r"多少钱|什么价|价[格钱]|几块|[最更](?:贵|便宜)|贵了|便宜了"
        r"|^how much (?:is|are)\b|\bprices?\b|\bcosts?\b|expensive|cheap",
        r"(?<!评)价|(?<!免)费|[钱薪]|金额|\([^)]*元|\b(?:price|cost|fee|amount)s?\b",
        r"[¥￥$€£]|\d\s*(?:万?元|块)|\b(?:yuan|dollars?|pounds?|euros?)\b",
    ),
    _kind(
        r"几度|多少度|what temperature|how (?:hot|cold|warm)",
        r"温度|[气室水]温|\btemperature\b",
        r"\d\s*[℃°]",
    ),
    _kind(r"几点|what time", r"时间|时刻|\b(?:time|hours?)\b", r"\d[:：]\d\d"),
    _kind(
        r"哪一?[天年月日]|什么时[候间]|何时|几[号月]|最[早晚先]"
        r"|^when (?:is|are|was|were|will|does|do|did)\b|which (?:day|date)|\bearliest|\blatest",
        r"日$|[日星]期$|\b(?:date|day)\b|\b(?:due|from|until|for)$",
        r"\d\s*[年月/.-]\s*\d|\d{1,2}\s+[a-z]{3,9}\s+\d{4}",
    ),
    _kind(
        r"谁(?!家)|哪位|哪个人|\bwho(?:m|se)?\b",
        r"[人员师]$|姓名|负责|主管|经办|[组班店]长|\b(?:name|person|owner)\b|\bby$",
    ),
    _kind(r"电话|手机|号码|\bphone\b", r"电话|手机|分机|\b(?:phone|extension)\b"),
    _kind(
        r"多久|多长时间|(?<!哪)几个?(?:[天年周]|小时)|几个月|多少个?(?:[天年周月]|小时)"
        r"|how long|how many (?:days|weeks|months|years|hours)",
        r"(?<![日星])期$|[年时期]限$|天数|时[长效]|周期|频[次率]|\b(?:duration|period|term)\b",
        r"^(?!.*[年月]\s*\d).*\d\s*(?:天|[日周年]|个?月|小时|分钟|days?|weeks?|months?|years?|hours?)",
    ),
    _kind(
        r"哪里|哪儿|在哪|几楼|什么地方|\bwhere\b",
        r"地[点址方]|位置|[库楼][位层]|场[所地]|\b(?:location|place|address)\b",
    ),
    _kind(r"多重|最[轻重]|how heavy|heaviest|lightest", r"重量|[净毛体]重|重$|\bweight\b"),
)
_YES_OR_NO = re.compile(r"[吗么][?？]?$|^(?:is|are|was|were|do|does|did|can)\b")
_NUMBER = re.compile(r"\d[\d,.]*")  # its unit may stand in no cell
_NEW = (
    re.compile(r"现在|目前|如今|眼下|[调改变]\S{0,2}[后之]后?|之后|以后|新|\b(?:now|current(?:ly)?|new|after)\b"),
    re.compile(r"现|后|新|今|\b(?:now|new|current|after|revised|this)\b"),
)  # fmt: skip
_OLD = (
    re.compile(
        r"以前|之前|原[来先]?|过去|从前|旧|\S前的|去年|\b(?:before|old|previous(?:ly)?|last)\b"
    ),
    re.compile(r"原|前|旧|去|\b(?:before|old|previous|former|last)\b"),
)
Columns = Sequence[int]


def column_asked(table: Table, question: str, among: Columns | None = None) -> int | None:
    """The one column that is asked for, `among` these or any but the first."""
    columns = range(1, len(table.head)) if among is None else among
    named = _named(table, columns, question)
    of_kind = _of_kind(table, columns, plain(question))
    likely = named or of_kind
    if named and of_kind:
        likely = [c for c in named if c in of_kind or _may_be_of_kind(table, c, plain(question))]
        # a word of a head may be the matter of the whole table: 体检项目
        if not likely and not any(names_column(table, column, question) for column in named):
            likely = of_kind
    if len(likely) > 1:
        likely = _of_era(table, likely, plain(question)) or likely
    return likely[0] if len(likely) == 1 else None


def names_column(table: Table, column: int, question: str) -> bool:
    """Whether the question says the column's head, or an item of it."""
    asked, head = plain(question), plain(table.head[column])
    return any(holds(asked, part) for part in [*([head] if names(head) else []), *parts(head)])


def asks_for_key(table: Table, question: str) -> bool:
    """Whether the first column alone is of the kind asked: when, of a table of days. None other
    is named."""
    columns = range(len(table.head))
    return _of_kind(table, columns, plain(question)) == [0] and not _named(
        table, columns[1:], question
    )


def eras(table: Table) -> list[tuple[int, int]]:
    """Pairs of columns that are the same before and after."""
    heads = [plain(head) for head in table.head]
    bare = [_NEW[1].sub("", _OLD[1].sub("", head)) for head in heads]
    return [
        (old, new)
        for old, head in enumerate(heads)
        for new, other in enumerate(heads)
        if old != new and bare[old] == bare[new]
        and _OLD[1].search(head) and _NEW[1].search(other) and head != other
    ]  # fmt: skip


def _shared(table: Table, column: int, question: str) -> int:
    """How much of the head is in the question, but for what all heads have."""
    head, asked_text = table.head[column], question
    everywhere = set.intersection(*(set(source_terms(each)) for each in table.head if each))
    levels = plain(head).split("/")  # of a head in several rows: 水 / 今年
    return (
        len((source_terms(head) & source_terms(question)) - everywhere)
        + sum(len(part) for part in parts(head) if holds(asked_text, part))
        + sum(len(level) == 1 and level in asked_text for level in levels if len(levels) > 1)
    )


def _named(table: Table, columns: Columns, question: str) -> list[int]:
    """Those whose heads share most with the question; none where none shares anything."""
    left = _without_cells(table, plain(question))
    shared = {column: _shared(table, column, left) for column in columns}
    best = max(shared.values(), default=0)
    return [column for column in columns if best and shared[column] == best]


def _without_cells(table: Table, asked: str) -> str:
    """Without the cells that it names, those apart that are heads as well: 星期四 is no 星期."""
    cells = {plain(cell) for row in table.rows for cell in row} - set(map(plain, table.head))
    for cell in sorted(filter(names, cells), key=len, reverse=True):
        if holds(asked, cell):
            asked = asked.replace(cell, "\n")
    return asked


def _kinds(asked: str) -> list[_Kind]:
    return [] if _YES_OR_NO.search(asked) else [k for k in _KINDS if k.asks.search(asked)]


def _may_be_of_kind(table: Table, column: int, asked: str) -> bool:
    """Whether its cells are of a kind asked, or numbers that may be."""
    cells = _cells(table, column)
    return any(
        kind.cells and (_most(cells, kind.cells) or all(map(_NUMBER.fullmatch, cells)))
        for kind in _kinds(asked)
    )


def _of_kind(table: Table, columns: Columns, asked: str) -> list[int]:
    """Those whose head is of the kind asked, else those whose cells are."""
    kinds = _kinds(asked)
    heads = {column: plain(table.head[column]) for column in columns}
    for kind in kinds:
        if found := [column for column in columns if kind.heads.search(heads[column])]:
            return found
    return [
        column
        for column in columns
        if any(kind.cells and _most(_cells(table, column), kind.cells) for kind in kinds)
    ]


def _of_era(table: Table, columns: Columns, asked: str) -> list[int]:
    for asks, heads in (_NEW, _OLD):
        if asks.search(asked):
            return [column for column in columns if heads.search(plain(table.head[column]))]
    return []


def _cells(table: Table, column: int) -> list[str]:
    return [plain(row[column]) for row in table.rows if column < len(row) and row[column]]


def _most(cells: Iterable[str], pattern: re.Pattern[str]) -> bool:
    found = [pattern.search(cell) is not None for cell in cells]
    return sum(found) > len(found) / 2
