import numpy as np
import pytest

from ingest.chunking.chunk import indexed_text
from ingest.embedding.hashing import HashingEmbedder
from ingest.errors import ParseError
from ingest.pipeline import chunk_limit, read
from ingest.types import Chunk, Document

TEXT = """# 租赁合同

租期三年，自签字之日起算。押金为两个月租金。

# Leave

Annual leave is ten days. Sick leave is twelve days."""


def texts_of(document: Document, chunks: list[Chunk]) -> list[str]:
    return [indexed_text(document.title, piece.headings, piece.text) for piece in chunks]


def test_from_bytes_to_chunks() -> None:
    seen: list[tuple[str, int, int]] = []
    embedder = HashingEmbedder()
    document, chunks = read(
        TEXT.encode(),
        "../合同.md",
        embedder.token_counts,
        chunk_tokens=40,
        on_progress=lambda *step: seen.append(step),
    )
    assert document.name == "合同.md" and document.title == "租赁合同"
    assert [chunk.ordinal for chunk in chunks] == [0, 1]
    assert seen[0] == ("parsing", 0, 1)


def test_title_and_headings_are_embedded_but_not_cited() -> None:
    embedder = HashingEmbedder()
    document, chunks = read(TEXT.encode(), "a.md", embedder.token_counts, chunk_tokens=40)
    vectors = embedder.embed(texts_of(document, chunks), kind="document")
    query = embedder.embed(["租赁合同"], kind="query")[0]
    bare = embedder.embed([c.text for c in chunks], kind="document")
    assert vectors[1] @ query > bare[1] @ query  # the second has the title in front
    assert "租赁" not in chunks[1].text


def test_bad_files_raise() -> None:
    with pytest.raises(ParseError):
        read(b"", "a.md", HashingEmbedder().token_counts)


def test_chunks_leave_room_for_their_front() -> None:
    assert chunk_limit(400, 512) == 400
    assert chunk_limit(1000, 512) == 416
    assert chunk_limit(400, 64) == 16


def test_hashing_brings_like_texts_together() -> None:
    embedder = HashingEmbedder()
    texts = ["试用期为三个月", "租金按月支付", "rent is paid monthly", "", "，，，"]
    vectors = embedder.embed(texts, kind="document")
    assert vectors.dtype == np.float32 and vectors.shape == (5, 256)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    for query, best in (("试用期多久", 0), ("租金怎么支付", 1), ("monthly rent", 2)):
        assert int(np.argmax(vectors @ embedder.embed([query], kind="query")[0])) == best
    np.testing.assert_array_equal(vectors, HashingEmbedder().embed(texts, kind="query"))
