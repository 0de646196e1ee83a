"""The statements of an answer: its sentences, list items and table cells, with their markers.

Code, formulas, links, list numbers, abbreviations and decimals are neither sentences nor markers.
Nothing here changes a text; positions are half-open character ranges of the answer.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.rag.grounding.facts.fact import facts_in
from app.rag.grounding.markdown import Block, blocks, masked, plain
from app.rag.types import Marker
from ingest.chunking.sentences import sentence_spans

StatementKind = Literal["sentence", "heading", "cell"]

_NUMBER = r"[1-9１-９]\d?"
_MARKER = re.compile(
    r"[\[【［]\s*(?:(?:来源|资料|文档|[Ss]ources?)\s*[:：]?)?\s*"
    rf"({_NUMBER}(?:\s*[-–—~～至,，、;；和]\s*{_NUMBER})*)\s*[\]】］](?![A-Za-z0-9_(])"
)
_SERIES = re.compile(r"(\d+)(?:\s*[-–—~～至]\s*(\d+))?")
_MOST_IN_SERIES = 6  # [1-9] is no marker
# snake_case[1], x = items[1]
_AFTER_CODE = re.compile(r"(?:[A-Za-z0-9]_[A-Za-z0-9]\w*|=\s*[A-Za-z_][\w.]*)$", re.ASCII)
_STOPS = "。！？；.!?;"
# Behind a full stop belongs to the sentence before it.
_TRAILING = re.compile(rf"(?<=[{_STOPS}])(?:[*_]{{1,3}}|[ \t]*\x00+)+")
_CONTINUES = re.compile(r"(?<![。！？；.!?;:：])(?:\r\n?|\n)[ \t>]*(?=[a-z])")
_LINE_END = re.compile(r"\r\n?|\n")
_SEMICOLON = re.compile(r"(?<=；)")
_BOLD = re.compile(r"\*\*[^*\n]{1,40}\*\*[:：.。]?")  # over a text it is a heading
# What numbers an item, or names its step: no number of the statement.
_LABEL = re.compile(
    r"^(?:\[[ xX]\]\s+|(?:-(?!\d)|[•·])\s*|\d{1,2}[、.．)）](?!\d)\s*"
    r"|[（(][\d一二三四五六七八九十]{1,3}[)）]\s*|[一二三四五六七八九十]{1,3}、|[①-⑳]\s*|(?:[Ss]tep|[Oo]ption)\s+\d{1,2}[:：.]?\s+"
    r"|第[\d一二三四五六七八九十]{1,3}[，,、步][：:]?\s*|步骤[\d一二三四五六七八九十]{1,3}[:：]?\s*)"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """`text` is what it says, without markup and markers. Of a cell, `about` is what its row and
    its column are called; of anything else, what introduces it."""

    start: int
    end: int
    text: str
    kind: StatementKind
    markers: tuple[Marker, ...] = ()
    about: str = ""


def statements(answer: str) -> list[Statement]:
    """All of them in their order. Their spans do not overlap."""
    found: list[Statement] = []
    rows: dict[tuple[int, int], list[Block]] = {}
    for block in blocks(answer):
        if block.kind == "cell":
            rows.setdefault((block.table, block.row), []).append(block)
        else:
            found += _sentences(answer, block)
    heads = {table: cells for (table, row), cells in rows.items() if row == 0}
    for (table, row), cells in rows.items():
        if row > 0:
            found += _cells(answer, cells, heads.get(table, []))
    return sorted(found, key=lambda statement: statement.start)


def markers(answer: str) -> list[Marker]:
    """All markers of the answer in their order, those in headings and heads of tables too."""
    return [
        marker
        for block in blocks(answer)
        for marker in _markers(masked(answer[block.start : block.end]), block.start)
    ]


def without_markers(answer: str) -> str:
    """For a prompt in which the numbers mean other sources."""
    kept, end = "", 0
    for marker in markers(answer):
        kept += answer[end : marker.start].rstrip(" ")
        end = marker.end
    return kept + answer[end:]


def reads_as_code(text: str) -> bool:
    """Whether brackets right behind it are an index, and no marker: `M_12_B[1]`."""
    return _AFTER_CODE.search(text[-40:]) is not None


def _markers(text: str, offset: int) -> list[Marker]:
    return [
        Marker(offset + found.start(), offset + found.end(), numbers)
        for found in _MARKER.finditer(text)
        if not reads_as_code(text[: found.start()]) and (numbers := _numbers(found[1]))
    ]


def _numbers(said: str) -> tuple[int, ...]:
    """Those of `1, 3` and of `2-4`; none of a series that is too long to be meant."""
    series = [(int(one), int(last or one)) for one, last in _SERIES.findall(said)]
    if any(not one <= last < one + _MOST_IN_SERIES for one, last in series):
        return ()
    return tuple(number for one, last in series for number in range(one, last + 1))


def _sentences(answer: str, block: Block) -> Iterator[Statement]:
    text = masked(answer[block.start : block.end])
    found = _markers(text, block.start)
    for marker in found:
        start, end = marker.start - block.start, marker.end - block.start
        text = text[:start] + "\x00" * (end - start) + text[end:]
    # As closing brackets, so that a sentence ends behind them.
    text = _TRAILING.sub(lambda m: ")" * len(m[0]), text).replace("\x00", "X")
    for start, end in _spans(text):
        span = (block.start + start, block.start + end)
        own = tuple(m for m in found if span[0] <= m.start < span[1])
        made = _statement(answer, *span, "sentence", own)
        bold = _BOLD.fullmatch(answer[slice(*span)]) and not _states_fact(made.text)
        heads = bold and answer[span[1] :].strip()
        if block.kind == "heading":
            heads = (answer[: span[0]].strip("# \n") + answer[span[1] :]).strip()
        yield replace(made, kind="heading") if heads else made


def _states_fact(text: str) -> bool:
    """Whether it gives a measured amount or a day, or is no more than a number."""
    return not re.search(r"[^\W\d]", text) or any(
        fact.dimension or fact.kind in ("date", "time") for fact in facts_in(text)
    )


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Of sentences: a line ends one, unless the next goes on in lower case."""
    joined = _CONTINUES.sub(lambda m: " " * len(m[0]), text)
    start = 0
    for line in [*_LINE_END.finditer(joined), None]:
        end = line.start() if line else len(joined)
        for first, last in sentence_spans(joined, start, end):
            place = first
            for part in _SEMICOLON.split(joined[first:last]):
                if part.strip():
                    begin = place + len(part) - len(part.lstrip())
                    yield begin, place + len(part.rstrip())
                place += len(part)
        start = line.end() if line else end


def _cells(answer: str, cells: Sequence[Block], head: Sequence[Block]) -> Iterator[Statement]:
    """Cells behind the first of a row, which only names it; markers count for the whole row."""
    names = {cell.column: plain(answer[cell.start : cell.end]) for cell in head}
    own = [_markers(masked(answer[cell.start : cell.end]), cell.start) for cell in cells]
    of_row = tuple(marker for found in own for marker in found)
    key = _statement(answer, cells[0].start, cells[0].end, "cell", tuple(own[0])).text
    for cell, found in zip(cells, own, strict=True):
        if cell.column == 0 and len(names) > 1:
            continue
        made = _statement(answer, cell.start, cell.end, "cell", tuple(found))
        about = f"{key} {names.get(cell.column, '')}" if cell.column else names.get(0, "")
        yield replace(made, markers=made.markers or of_row, about=about.strip())


def _statement(
    answer: str, start: int, end: int, kind: StatementKind, own: tuple[Marker, ...]
) -> Statement:
    said, at = "", start
    for marker in own:
        said += answer[at : marker.start]
        at = marker.end
    text = plain(said + answer[at:end])
    return Statement(start, end, _LABEL.sub("", text) or text, kind, own)
