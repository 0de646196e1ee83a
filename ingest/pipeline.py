"""The main line of ingestion: parse → clean → chunk. It needs no model, only its tokenizer.

Cleaning happens inside parsing, block by block, so that spans are those of the stored text.
"""

from collections.abc import Callable
from typing import Protocol

from ingest.chunking.chunk import DEFAULT_CHUNK_TOKENS, chunk
from ingest.chunking.units import CountTokens
from ingest.parsers import parse
from ingest.parsing.parser import PageProgress
from ingest.types import Chunk, Document

Progress = Callable[[str, int, int], None]  # stage, done, total

# Room for title, heading path, the model's own prefix and its special tokens beside a chunk.
_FRONT_TOKENS = 96


class Parse(Protocol):
    """`ingest.parsers.parse`, or a sandbox's."""

    def __call__(
        self, data: bytes, name: str, *, on_page: PageProgress | None = None
    ) -> Document: ...


def read(
    data: bytes,
    name: str,
    count_tokens: CountTokens,
    *,
    chunk_tokens: int = DEFAULT_CHUNK_TOKENS,
    on_progress: Progress | None = None,
    parse: Parse = parse,
) -> tuple[Document, list[Chunk]]:
    """Parse, clean and chunk; `count_tokens` is the embedder's. Raises IngestError.

    `on_progress` gets `("parsing", pages done, pages)` where the format has pages.
    """
    report = on_progress or _ignore
    report("parsing", 0, 1)
    document = parse(data, name, on_page=lambda done, total: report("parsing", done, total))
    chunks = chunk(document, count_tokens, max_tokens=chunk_tokens)
    return document, chunks


def chunk_limit(chunk_tokens: int, model_tokens: int) -> int:
    """`chunk_tokens`, or less where a chunk with its front would not fit into the model."""
    return max(min(chunk_tokens, model_tokens - _FRONT_TOKENS), 16)


def _ignore(stage: str, done: int, total: int) -> None:
    pass
