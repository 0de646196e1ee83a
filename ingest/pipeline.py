"""The main line of ingestion: parse → clean → chunk → embed.

`read` needs no model and no torch, `embed` does; `ingest` is both in one process.
Cleaning happens inside parsing, block by block, so that spans are those of the stored text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ingest.chunk import DEFAULT_CHUNK_TOKENS, CountTokens, chunk, indexed_text
from ingest.embedder import Embedder, Vectors
from ingest.parsers import PageProgress, parse
from ingest.types import Chunk, Document

Progress = Callable[[str, int, int], None]  # stage, done, total

_BATCH_CHUNKS = 64
# Room for title, heading path, the model's own prefix and its special tokens beside a chunk.
_FRONT_TOKENS = 96


class Parse(Protocol):
    """`ingest.parsers.parse`, or a sandbox's."""

    def __call__(
        self, data: bytes, name: str, *, on_page: PageProgress | None = None
    ) -> Document: ...


@dataclass(frozen=True, slots=True)
class Ingested:
    """`vectors` is `(len(chunks), dim)`, float32, rows L2-normalised, aligned with `chunks`."""

    document: Document
    chunks: list[Chunk]
    vectors: Vectors


def ingest(
    data: bytes,
    name: str,
    embedder: Embedder,
    *,
    chunk_tokens: int = DEFAULT_CHUNK_TOKENS,
    on_progress: Progress | None = None,
    parse: Parse = parse,
) -> Ingested:
    """A file's bytes to chunks with vectors. Raises IngestError.

    `on_progress` gets `("parsing", pages done, pages)` where the format has pages, and
    `("embedding", chunks done, chunks)`.
    """
    limit = chunk_limit(chunk_tokens, embedder.max_tokens)
    document, chunks = read(
        data,
        name,
        embedder.token_counts,
        chunk_tokens=limit,
        on_progress=on_progress,
        parse=parse,
    )
    return Ingested(document, chunks, embed(document, chunks, embedder, on_progress=on_progress))


def read(
    data: bytes,
    name: str,
    count_tokens: CountTokens,
    *,
    chunk_tokens: int = DEFAULT_CHUNK_TOKENS,
    on_progress: Progress | None = None,
    parse: Parse = parse,
) -> tuple[Document, list[Chunk]]:
    """Parse, clean and chunk; `count_tokens` is the embedder's. Raises IngestError."""
    report = on_progress or _ignore
    report("parsing", 0, 1)
    document = parse(data, name, on_page=lambda done, total: report("parsing", done, total))
    chunks = chunk(document, count_tokens, max_tokens=chunk_tokens)
    return document, chunks


def embed(
    document: Document,
    chunks: Sequence[Chunk],
    embedder: Embedder,
    *,
    on_progress: Progress | None = None,
) -> Vectors:
    """Vectors `(len(chunks), dim)` of the chunks with title and headings in front."""
    report = on_progress or _ignore
    texts = [indexed_text(document.title, piece.headings, piece.text) for piece in chunks]
    vectors = np.empty((len(texts), embedder.dim), dtype=np.float32)
    report("embedding", 0, len(texts))
    # Texts of like length side by side: what is padded to the longest of a batch is wasted.
    order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
    for begin in range(0, len(order), _BATCH_CHUNKS):
        rows = order[begin : begin + _BATCH_CHUNKS]
        vectors[rows] = embedder.embed([texts[row] for row in rows], kind="document")
        report("embedding", begin + len(rows), len(texts))
    return vectors


def chunk_limit(chunk_tokens: int, model_tokens: int) -> int:
    """`chunk_tokens`, or less where a chunk with its front would not fit into the model."""
    return max(min(chunk_tokens, model_tokens - _FRONT_TOKENS), 16)


def _ignore(stage: str, done: int, total: int) -> None:
    pass
