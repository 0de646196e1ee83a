"""The smallest pieces that a chunk is made of: sentences, headings, table rows, lines of code."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import lru_cache

from ingest.chunking.sentences import sentence_spans
from ingest.types import Block, BlockKind, Document

CountTokens = Callable[[Sequence[str]], list[int]]
Span = tuple[int, int]

# Where a sentence that exceeds the limit may be cut, best first; `""` is the last resort.
_CLAUSE_SEPARATORS = ["\n", "；", "：", "，", "、", "; ", ": ", ", ", " | ", " ", ""]
_MAX_ROW_LIMITS = 2
_REMEMBERED_PIECES = 10_000


class Boundary(Enum):
    """What begins at a unit; the stronger, the better a place to cut before it."""

    SENTENCE = auto()
    BLOCK = auto()
    HEADING = auto()


@dataclass(frozen=True, slots=True)
class Unit:
    """`[start, end)` of the text, white space behind included; never cut any further."""

    start: int
    end: int
    tokens: int
    boundary: Boundary
    path: tuple[str, ...]  # headings from the top, a heading's own included
    levels: tuple[int, ...]  # of the headings in `path`
    table_header: str = ""  # for table rows: the header row's text


def split_into_units(document: Document, count_tokens: CountTokens, max_tokens: int) -> list[Unit]:
    """All non-blank text as units, in order. Tokens are counted for all of them in one call."""
    text = document.text
    whole = list(_whole_units(document))
    counts = count_tokens([text[unit.start : unit.end] for unit, _ in whole])

    @lru_cache(_REMEMBERED_PIECES)  # words come again and again
    def count_one(piece: str) -> int:
        return count_tokens([piece])[0]

    found: list[Unit] = []
    for (unit, is_row), tokens in zip(whole, counts, strict=True):
        if tokens <= max_tokens * (_MAX_ROW_LIMITS if is_row else 1):
            found.append(replace(unit, tokens=tokens))
        else:
            pieces = _split(text[unit.start : unit.end], count_one, max_tokens)
            found.extend(_units_of(unit, pieces, count_tokens(pieces)))
    return found


def _whole_units(document: Document) -> Iterator[tuple[Unit, bool]]:
    """Units of any length, tokens not counted yet, and whether each is a row of a table."""
    text = document.text
    path: list[tuple[int, str]] = []
    header = ""
    for block in _with_gaps(document):
        if block.kind is BlockKind.HEADING:
            path = [above for above in path if above[0] < block.level]
            path.append((block.level, text[block.start : block.end]))
        header = _table_header(text, block, header)
        for number, (start, end) in enumerate(_spans(text, block)):
            unit = Unit(
                start,
                end,
                0,
                _boundary(block, number),
                tuple(heading for _, heading in path),
                tuple(level for level, _ in path),
                header if block.kind is BlockKind.TABLE_ROW else "",
            )
            yield unit, block.kind in (BlockKind.TABLE_ROW, BlockKind.TABLE_HEADER)


def _with_gaps(document: Document) -> Iterator[Block]:
    """The blocks, and a paragraph wherever text lies outside of them."""
    position = 0
    for block in (*document.blocks, None):
        start = block.start if block else len(document.text)
        gap = document.text[position:start]
        if gap.strip():
            lead = len(gap) - len(gap.lstrip())
            yield Block(BlockKind.PARAGRAPH, position + lead, position + len(gap.rstrip()))
        if block:
            yield block
            position = block.end


def _table_header(text: str, block: Block, current: str) -> str:
    if block.kind is BlockKind.TABLE_HEADER:
        return text[block.start : block.end]
    return current if block.kind is BlockKind.TABLE_ROW else ""


def _spans(text: str, block: Block) -> list[Span]:
    match block.kind:
        case BlockKind.PARAGRAPH:
            return sentence_spans(text, block.start, block.end)
        case BlockKind.CODE:
            return _line_spans(text, block.start, block.end)
    return [(block.start, block.end)]


def _line_spans(text: str, start: int, end: int) -> list[Span]:
    spans: list[Span] = []
    for line in text[start:end].splitlines(keepends=True):
        spans.append((start, start + len(line)))
        start += len(line)
    return spans


def _boundary(block: Block, number: int) -> Boundary:
    if block.kind is BlockKind.HEADING:
        return Boundary.HEADING
    return Boundary.BLOCK if number == 0 else Boundary.SENTENCE


def _units_of(unit: Unit, pieces: Sequence[str], counts: Sequence[int]) -> Iterator[Unit]:
    """The pieces of a unit that exceeds the limit by itself."""
    start = unit.start
    for piece, tokens in zip(pieces, counts, strict=True):
        boundary = unit.boundary if start == unit.start else Boundary.SENTENCE
        end = start + len(piece)
        yield replace(unit, start=start, end=end, tokens=tokens, boundary=boundary)
        start = end


def _split(text: str, count_one: Callable[[str], int], max_tokens: int) -> list[str]:
    """Pieces that concatenate to `text`: no overlap, no stripping, separators kept."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    return RecursiveCharacterTextSplitter(
        separators=_CLAUSE_SEPARATORS,
        keep_separator="end",
        chunk_size=max_tokens,
        chunk_overlap=0,
        strip_whitespace=False,
        length_function=count_one,
    ).split_text(text)
