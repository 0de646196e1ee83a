"""A document on its way from chunks to vectors, some of its chunks at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.db.tables import StoredDocument
from app.services.jobs.queue import Claim
from ingest.chunking.chunk import indexed_text
from ingest.embedding.embedder import Vectors
from ingest.types import Chunk, Document


@dataclass(frozen=True, slots=True)
class Reading:
    """A claimed document that was read."""

    claim: Claim
    stored: StoredDocument
    document: Document
    chunks: list[Chunk]

    def text(self, row: int) -> str:
        """What is embedded and indexed of a chunk."""
        chunk = self.chunks[row]
        return indexed_text(self.document.title, chunk.headings, chunk.text)

    @property
    def texts(self) -> list[str]:
        return [self.text(row) for row in range(len(self.chunks))]


@dataclass(slots=True, eq=False)
class Embedding:
    """`vectors` is `(len(reading.chunks), dim)`, float32, rows L2-normalised, filled in `order`.

    Longest texts come first: what is embedded together is then of one length and needs no padding,
    however few chunks are taken at a time.
    """

    reading: Reading
    vectors: Vectors
    order: NDArray[np.intp]
    taken: int = 0
    filled: int = 0
    reported_at: float = 0.0

    @classmethod
    def of(cls, reading: Reading, dim: int) -> Self:
        # UTF-8 takes about four bytes a token, in Chinese as in English.
        lengths = [len(chunk.text.encode("utf-8", "replace")) for chunk in reading.chunks]
        order = np.argsort(-np.array(lengths, dtype=np.int64), kind="stable")
        return cls(reading, np.empty((len(lengths), dim), dtype=np.float32), order)

    @property
    def left(self) -> int:
        """Chunks that nobody has taken."""
        return len(self.order) - self.taken

    @property
    def is_whole(self) -> bool:
        return self.filled == len(self.order)

    def take(self, count: int) -> "ChunkBatch":
        """The next chunks, `count` at most."""
        rows = self.order[self.taken : self.taken + count]
        self.taken += len(rows)
        return ChunkBatch(self, rows)


@dataclass(frozen=True, slots=True)
class ChunkBatch:
    """Chunks of one document that are embedded in one go."""

    embedding: Embedding
    rows: NDArray[np.intp]

    @property
    def texts(self) -> list[str]:
        return [self.embedding.reading.text(row) for row in self.rows]

    def fill(self, vectors: Vectors) -> None:
        """Keep the vectors `(len(rows), dim)` of these chunks."""
        self.embedding.vectors[self.rows] = vectors
        self.embedding.filled += len(self.rows)


def count_chunks(parts: Sequence[ChunkBatch]) -> int:
    return sum(len(part.rows) for part in parts)
