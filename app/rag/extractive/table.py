"""Tables as they stand in chunks: one line a row, cells between bars, empty ones included."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.rag.retrieval.pack import Around
from app.rag.types import Passage
from ingest.tables.lines import cells_of, is_row

Cells = tuple[str, ...]

# Between cells. Rows of documents that were read by an earlier version have bars there only.
BETWEEN = " | "


@dataclass(frozen=True, slots=True)
class Table:
    """`whole` where its first and its last row are certainly there."""

    head: Cells
    rows: tuple[Cells, ...]
    whole: bool


def tables_of(passages: Sequence[Passage], around: Around | None = None) -> Iterator[Table]:
    """Every table of two rows or more; chunks that follow each other are read as one text.

    `around`, where given, has the chunks beside those: a table at the end of one is known to be
    whole where nothing follows, or no row of it.
    """
    pieces = sorted(passages, key=lambda p: (p.document_id, _ordinals(p)[0]))
    lines: list[str] = []
    goes_on = False  # a table from a chunk that is not there
    last: Passage | None = None
    for piece in pieces:
        first = piece.document_id, _ordinals(piece)[0]
        head = _carried(piece if around is None else around.get(first, piece))
        text = piece.text.strip("\n").split("\n")
        if _cells(text[0]) == _cells(head):  # where the headings are not those of the first chunk
            head = ""
        if last is None or (last.document_id, _ordinals(last)[1] + 1) != first:
            yield from _tables(lines, goes_on, ends=_ends(last, around))
            lines, goes_on = [head] if head else [], bool(head)
        elif not head:
            lines.append("")
        lines += text
        last = piece
    yield from _tables(lines, goes_on, ends=_ends(last, around))


def _ordinals(piece: Passage) -> tuple[int, int]:
    """Of its first and its last chunk. Its own ordinal is that of the one that was found, and a
    chunk that goes over a page has several parts."""
    ids = list(dict.fromkeys(part.chunk_id for part in piece.parts)) or [piece.chunk_id]
    before = ids.index(piece.chunk_id)
    return piece.ordinal - before, piece.ordinal - before + len(ids) - 1


def _carried(chunk: Passage) -> str:
    """The head of a table that began before it: the reader puts it among the headings."""
    return chunk.headings[-1] if chunk.headings and _cells(chunk.headings[-1]) else ""


def _ends(last: Passage | None, around: Around | None) -> bool:
    """Whether a table at the passage's end certainly ends there."""
    if last is None or around is None:
        return False
    following = around.get((last.document_id, _ordinals(last)[1] + 1))
    return following is None or not _carried(following)


def _tables(lines: Sequence[str], goes_on: bool, *, ends: bool) -> Iterator[Table]:
    run: list[Cells] = []
    first = 0
    for number, line in enumerate([*lines, ""]):
        if cells := _cells(line):
            first = first if run else number
            run.append(cells)
        elif run:
            whole = (ends or number < len(lines)) and not (goes_on and first == 0)
            if len(run) > 2:
                yield Table(run[0], tuple(run[1:]), whole)
            run = []


def _cells(line: str) -> Cells:
    """The cells of a row; none where the line is no row."""
    if is_row(line):
        return cells_of(line)
    return tuple(cell.strip() for cell in line.split(BETWEEN)) if BETWEEN in line else ()
