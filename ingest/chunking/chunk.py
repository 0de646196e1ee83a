"""Cuts a document into chunks that follow its blocks, headings and sentences.

    units (sentence, row, heading, code line) → sections (h1, h2) → chunks of about equal size

Spans never overlap: a sentence overlap of chunks would put the same words twice into a prompt
and twice into the ranking, and neighbours can be fetched by ordinal where context is wanted.
"""

import re
from collections.abc import Sequence
from itertools import accumulate

from ingest.chunking.sections import sections
from ingest.chunking.units import Boundary, CountTokens, Unit, split_into_units
from ingest.types import Chunk, Document

DEFAULT_CHUNK_TOKENS = 120
MIN_CHUNK_TOKENS = 16
_EARLIEST_CUT = 0.5  # of the aim: below it a chunk would be needlessly small
_BOUNDARY_WEIGHT = {Boundary.HEADING: 0.5, Boundary.BLOCK: 0.25}  # in shares of the aim
_OUTER_BARS = re.compile(r"^\| | \|$", re.MULTILINE)
_MAX_TITLE_CHARACTERS = 80
_MAX_PATH_CHARACTERS = 120


def chunk(
    document: Document, count_tokens: CountTokens, *, max_tokens: int = DEFAULT_CHUNK_TOKENS
) -> list[Chunk]:
    """Chunks in order; together they hold all non-blank text of the document once.

    No sentence or table row is cut unless it alone exceeds the limit (rows: twice the limit; up
    to there a row stays whole in a chunk of its own). Tokens are counted once a unit and summed,
    so the work grows with the length of the text.
    Raises ValueError where `max_tokens` is below 16.
    """
    if max_tokens < MIN_CHUNK_TOKENS:
        raise ValueError(f"max_tokens must be at least {MIN_CHUNK_TOKENS}, not {max_tokens}")
    chunks: list[Chunk] = []

    def count(texts: Sequence[str]) -> list[int]:
        return count_tokens([_OUTER_BARS.sub("", text) for text in texts])

    for section in sections(split_into_units(document, count, max_tokens), max_tokens):
        for piece in _pack(section.units, max_tokens):
            chunks.append(_chunk(document, piece, len(chunks)))
    return chunks


def indexed_text(document_title: str, headings: Sequence[str], chunk_text: str) -> str:
    """What is embedded and indexed: title and heading path in front. Never for citing.

    The front is kept to about 200 characters, so that it fits beside a chunk into the model. The
    bars around table rows are left out: they mean nothing to an embedder, and make short rows look
    alike. With them embedded and counted, R@1 on the sample base was .928 instead of .954 (two
    questions; `make eval-smoke`).
    """
    path = [heading for heading in headings if heading != document_title]
    trail = " › ".join(path)
    front = (document_title[:_MAX_TITLE_CHARACTERS], trail[-_MAX_PATH_CHARACTERS:])
    return "\n".join([*(line for line in front if line.strip()), _OUTER_BARS.sub("", chunk_text)])


def _pack(units: list[Unit], max_tokens: int) -> list[list[Unit]]:
    """As few chunks as fit, near equal in size, cut at the best boundaries."""
    totals = [0, *accumulate(unit.tokens for unit in units)]
    pieces: list[list[Unit]] = []
    begin = 0
    while begin < len(units):
        remaining = totals[-1] - totals[begin]
        if remaining <= max_tokens:
            pieces.append(units[begin:])
            break
        end = _best_cut(units, totals, begin, max_tokens)
        pieces.append(units[begin:end])
        begin = end
    return pieces


def _best_cut(units: list[Unit], totals: list[int], begin: int, max_tokens: int) -> int:
    """Index after the chunk's last unit; cuts after a heading come last of all."""
    remaining = totals[-1] - totals[begin]
    aim = remaining / -(-remaining // max_tokens)
    best, best_score = begin + 1, float("-inf")
    for end in range(begin + 1, len(units)):
        size = totals[end] - totals[begin]
        if size > max_tokens and end > begin + 1:
            break
        score = _BOUNDARY_WEIGHT.get(units[end].boundary, 0.0) - abs(size - aim) / aim
        score -= 2.0 if size < _EARLIEST_CUT * aim else 0.0
        score -= 4.0 if units[end - 1].boundary is Boundary.HEADING else 0.0
        if score > best_score:
            best, best_score = end, score
    return best


def _chunk(document: Document, piece: list[Unit], ordinal: int) -> Chunk:
    start, end = piece[0].start, piece[-1].end
    text = document.text[start:end]
    end -= len(text) - len(text.rstrip())
    stretches = document.stretches(start, end)
    return Chunk(
        id=0,
        document_id=document.id,
        ordinal=ordinal,
        text=document.text[start:end],
        start=start,
        end=end,
        page=document.page_at(start),
        headings=_headings(piece),
        locator=document.locator(start, end),
        stretches=stretches if len(stretches) > 1 else (),
    )


def _headings(piece: list[Unit]) -> tuple[str, ...]:
    """The path that holds for the whole chunk, and the header of a table that it continues."""
    body: Sequence[Unit] = [u for u in piece if u.boundary is not Boundary.HEADING] or piece
    path = list(body[0].path)
    for unit in body:
        while tuple(path) != unit.path[: len(path)]:
            path.pop()
    return (*path, piece[0].table_header) if piece[0].table_header else tuple(path)
