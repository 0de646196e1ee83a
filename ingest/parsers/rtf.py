"""Rich Text Format through striprtf: paragraphs, and tables with their merged cells."""

import re
from collections.abc import Iterator

from ingest.clean import clean
from ingest.errors import ParseError
from ingest.parsers.rtf_shown import without_unseen
from ingest.parsing.builder import DocumentBuilder
from ingest.parsing.options import hidden_is_read
from ingest.parsing.parser import PageProgress
from ingest.scripts import lowered, raised
from ingest.tables.grid import Field
from ingest.types import Document

_CODE_PAGE = re.compile(rb"\\ansicpg(\d{3,5})")
_HIGH = re.compile(rb"[\x80-\xff]")
# Marks that pass through striprtf in place of the control words that it makes bars and line ends.
_ROW_BEGIN, _ROW_END, _CELL_END = "\x1d", "\x1e", "\x1f"
_TABLE_WORD = re.compile(r"\\(trowd|row|cell)(?![a-z])[ ]?")
_MARK_OF = {"trowd": _ROW_BEGIN, "row": _ROW_END, "cell": _CELL_END}
_ROW = re.compile(r"\\trowd(?![a-z])(?:(?!\\row(?![a-z])).)*", re.DOTALL)
_LIST_NUMBER = re.compile(r"\\(?:listtext|pntext)(?![a-z])[ ]?")  # a group that striprtf skips
# Possessive: the digits of a control word, as in \fs22, are no figures.
_SMALL = re.compile(
    r"\\(super|sub)(?![a-z\d-])((?:\\[a-tv-z]++(?:-?\d++)?+)*+) ?([\d+-]+)(?=[}\\])"
)
_EDGE = re.compile(r"\\(clvmrg|clvmgf|clmrg|cellx(-?\d{1,7}))(?![a-z])")

_Edges = list[tuple[int, str]]  # right edge of each cell in twips, and how it is merged


class RtfParser:
    extensions = (".rtf",)
    signature = b"{\\rtf"

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        from striprtf.striprtf import rtf_to_text

        if not data.lstrip().startswith(self.signature):
            raise ParseError(f"{name} is damaged or not a Rich Text file. Save it again and retry.")
        # The format is ASCII; writers that put raw bytes in mean their code page.
        source = _HIGH.sub(lambda byte: b"\\'%02x" % ord(byte[0]), data).decode("ascii")
        source, unseen = without_unseen(source, hidden=hidden_is_read())
        source = _SMALL.sub(_small, _LIST_NUMBER.sub("", source))
        marked = _TABLE_WORD.sub(lambda word: _MARK_OF[word[1]], source)
        page = _CODE_PAGE.search(data)
        encoding = f"cp{page[1].decode()}" if page else "cp1252"
        try:
            text = rtf_to_text(marked, encoding=encoding, errors="replace")
        except (ValueError, LookupError, OverflowError, TypeError) as error:
            raise ParseError(f"{name} is not readable as Rich Text: {error}") from error
        builder = DocumentBuilder(data, name, "application/rtf")
        for code, count in unseen.items():
            builder.notice(code, count=count)
        _add(builder, text, [_edges(row[0]) for row in _ROW.finditer(source)])
        return builder.build()


def _small(found: re.Match[str]) -> str:
    """Raised or lowered figures as characters of their own, in the way RTF writes Unicode."""
    figures = raised(found[3]) if found[1] == "super" else lowered(found[3])
    return found[2] + "".join(f"\\u{ord(character)}?" for character in figures)


def _edges(row: str) -> _Edges:
    """The cells that a row defines last; Word says it before the cells and again behind them."""
    found: _Edges = []
    merged = ""
    for word in _EDGE.finditer(row[row.rindex("\\trowd") :]):
        if word[2]:
            found.append((int(word[2]), merged))
            merged = ""
        else:
            merged = word[1]
    return found


def _add(builder: DocumentBuilder, text: str, edges: list[_Edges]) -> None:
    """Paragraphs and tables; a table is what rows make that follow each other."""
    rows: list[list[str]] = []
    first = 0
    for number, piece in enumerate(text.split(_ROW_END)):
        before, cells = _parted(piece)
        if before.strip() or not cells:
            _add_table(builder, rows, edges[first : first + len(rows)])
            rows, first = [], number
            _add_lines(builder, clean(before))
        if cells:
            rows.append(cells)
    _add_table(builder, rows, edges[first : first + len(rows)])


def _parted(piece: str) -> tuple[str, list[str]]:
    """The text before a row, and the row's cells."""
    if _CELL_END not in piece:
        return piece.replace(_ROW_BEGIN, ""), []
    begin = piece.find(_ROW_BEGIN)
    if not 0 <= begin < piece.index(_CELL_END):
        begin = piece.rfind("\n", 0, piece.index(_CELL_END))
    before, row = piece[: max(begin, 0)], piece[max(begin, 0) :]
    return before, row.replace(_ROW_BEGIN, "").split(_CELL_END)[:-1]


def _add_table(builder: DocumentBuilder, rows: list[list[str]], edges: list[_Edges]) -> None:
    if not rows:
        return
    known = len(edges) == len(rows) and all(
        len(row) == len(edge) for row, edge in zip(rows, edges, strict=True)
    )
    builder.table(_placed(rows, edges) if known else rows)


def _placed(rows: list[list[str]], edges: list[_Edges]) -> Iterator[list[Field]]:
    """Cells in the columns that the right edges of all rows make."""
    lines = sorted({edge for row in edges for edge, _ in row})
    column_at = {edge: number for number, edge in enumerate(lines)}
    for row, ends in zip(rows, edges, strict=True):
        fields: list[Field] = []
        at = 0
        for text, (edge, merged) in zip(row, ends, strict=True):
            wide = max(column_at[edge] + 1 - at, 0)
            if merged == "clmrg" and fields:
                fields[-1] = fields[-1]._replace(column_span=fields[-1].column_span + wide)
            elif wide:
                fields.append(Field(text, wide, column=at, above=merged == "clvmrg"))
            at = max(at, column_at[edge] + 1)
        yield fields


def _add_lines(builder: DocumentBuilder, text: str) -> None:
    tight = False
    for line in text.split("\n"):
        if line.strip():
            builder.paragraph(line, tight=tight)
        tight = bool(line.strip())


PARSER = RtfParser()
