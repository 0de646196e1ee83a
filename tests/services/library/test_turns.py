"""Documents take turns at the embedder: a long one holds up no short one."""

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sqlmodel import col, select

from app.db.tables import StoredChunk, StoredDocument
from app.services.ingestion.embedding import Embedding, Reading
from app.services.ingestion.reading_ahead import SMALL_BYTES, ReadingAhead
from app.services.ingestion.turns import ROUND_CHUNKS, Turns
from app.services.jobs.queue import Claim
from ingest.embedding.embedder import TextKind, Vectors
from ingest.embedding.hashing import HashingEmbedder
from ingest.parsers import parse
from ingest.parsing.parser import PageProgress
from ingest.types import Chunk, Document
from tests.patience import PATIENCE_S
from tests.services.conftest import WORKER, Application


def document(name: str, chunks: int) -> Embedding:
    """A document that was read; every chunk has another length."""
    stored = StoredDocument(
        base_id="b", name=name, path=name, series_id="s", media_type="", size_bytes=0, sha256=""
    )
    pieces = [Chunk(0, name, n, "字" * (1 + n * 7 % 31), 0, 1) for n in range(chunks)]
    parsed = Document("", name, "", "", "")
    return Embedding.of(Reading(Claim(name, 1, name), stored, parsed, pieces), dim=4)


def rounds(turns: Turns) -> list[dict[str, int]]:
    """Chunks by document of each round until nothing waits."""
    turns.close()
    found = []
    while parts := turns.take():
        found.append({part.embedding.reading.stored.name: len(part.rows) for part in parts})
    return found


def test_short_documents_end_in_the_first_rounds_and_the_long_one_goes_on_meanwhile() -> None:
    turns = Turns()
    turns.put(document("long", 1000))
    for n in range(11):
        turns.put(document(f"{n}", 20))
    found = rounds(turns)
    assert found[0] == {"long": 32, "0": 20, "1": 20, "2": 20, "3": 20, "4": 16}
    assert all(sum(each.values()) == ROUND_CHUNKS for each in found[:-1])
    last_short = max(n for n, each in enumerate(found) if set(each) != {"long"})
    assert last_short == 2
    assert sum(each.get("long", 0) for each in found) == 1000


def test_of_documents_alike_the_oldest_is_ready_first() -> None:
    """Not all of them at the end."""
    turns = Turns()
    for n in range(100):
        turns.put(document(f"{n:02}", 30))
    left = {f"{n:02}": 30 for n in range(100)}
    ready = []
    for shares in rounds(turns):
        for name, count in shares.items():
            left[name] -= count
            if not left[name]:
                ready.append(name)
    assert ready == sorted(ready)


def test_a_document_alone_gets_whole_rounds() -> None:
    turns = Turns()
    turns.put(document("long", 300))
    assert [each["long"] for each in rounds(turns)] == [128, 128, 44]


def test_every_chunk_gets_its_own_vector_and_long_texts_come_first() -> None:
    embedding = document("a", 50)
    lengths = []
    while embedding.left:
        part = embedding.take(7)
        lengths += [len(text) for text in part.texts]
        part.fill(np.array([[row] * 4 for row in part.rows], dtype=np.float32))
    assert embedding.is_whole
    assert lengths == sorted(lengths, reverse=True)
    np.testing.assert_array_equal(embedding.vectors[:, 0], np.arange(50))


def test_a_document_without_chunks_is_handed_out_once() -> None:
    turns = Turns()
    empty = document("empty", 0)
    turns.put(empty)
    assert rounds(turns) == [{"empty": 0}]
    assert empty.is_whole


def test_room_is_for_one_very_long_document_and_for_short_ones_beside_it() -> None:
    turns = Turns(limit=100)
    long = document("long", 500)
    turns.put(long)
    turns.put(document("short", 60))
    turns.put(document("short too", 60))  # less than the limit waited
    second_is_put = threading.Event()

    def give() -> None:
        turns.put(document("second long", 900))
        second_is_put.set()

    giver = threading.Thread(target=give, daemon=True)
    giver.start()
    assert {part.embedding.reading.stored.name for part in turns.take()} == {
        "long",
        "short",
        "short too",
    }
    turns.take()
    turns.put(document("third", 10))  # does not wait
    assert long.left and not second_is_put.is_set()
    while long.left:
        turns.take()
    assert second_is_put.wait(PATIENCE_S)


def test_dropped_turns_hold_nobody_up() -> None:
    turns = Turns(limit=1)
    turns.put(document("a", 1))
    giver = threading.Thread(target=turns.put, args=(document("b", 1),), daemon=True)
    giver.start()
    turns.close(drop=True)
    giver.join(PATIENCE_S)
    assert not giver.is_alive()


class GatedEmbedder(HashingEmbedder):
    """Embeds nothing until told to."""

    def __init__(self) -> None:
        super().__init__()
        self.begin = threading.Event()

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        assert self.begin.wait(PATIENCE_S)
        return super().embed(texts, kind=kind)


def commit_order(application: Application) -> list[str]:
    """Names of the ready documents, in the order in which they became searchable."""
    with application.db.read() as session:
        rows = session.exec(
            select(StoredDocument.name, StoredChunk.sequence)
            .join(StoredDocument)
            .order_by(col(StoredChunk.sequence))
        )
        return list(dict.fromkeys(name for name, _ in rows))


def test_a_long_file_uploaded_first_is_ready_last(application: Application) -> None:
    """Twelve files together, the first of 630 KB: all others are ready before it."""
    base_id = application.base()
    paragraph = "设备每天检查一次，检查的结果记入台账，台账保存三年。"
    long = "\n\n".join(f"第{n}条 {paragraph}" for n in range(8000))[:240_000]
    assert len(long.encode()) > 600_000
    application.add(base_id, "long.md", long)
    for n in range(11):
        application.add(base_id, f"{n}.md", f"# 规程 {n}\n\n" + paragraph * 40)
    application.embedder = embedder = GatedEmbedder()

    def watched(data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        if name == "10.md":
            embedder.begin.set()
        return parse(data, name, on_page=on_page)

    ingestion = replace(application.ingestion, parse=watched)
    ReadingAhead(ingestion, WORKER, poll_s=0.02).run(
        lambda resting_s: resting_s > 0 and not application.jobs.waiting()
    )

    order = commit_order(application)
    assert len(order) == 12
    assert order[-1] == "long.md"


def test_small_files_are_read_while_a_long_one_is_being_read(application: Application) -> None:
    """A scan of hundreds of pages takes minutes before there is anything to embed."""
    base_id = application.base()
    application.add(base_id, "scan.md", "# 扫描件\n\n第一页。")
    small = [application.add(base_id, f"{n}.md", f"# 规程 {n}\n\n每天检查。") for n in range(3)]
    large = application.add(
        base_id, "large.md", "The device is checked daily. " * (SMALL_BYTES // 25)
    )
    small_are_read = threading.Event()
    read: list[str] = []

    def slow(data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        if name == "scan.md":
            assert small_are_read.wait(PATIENCE_S), "nothing was read beside the long file"
        read.append(name)
        return parse(data, name, on_page=on_page)

    def beside(data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        if name == "2.md":
            small_are_read.set()
        return parse(data, name, on_page=on_page)

    ingestion = application.ingestion
    ReadingAhead(
        replace(ingestion, parse=slow),
        WORKER,
        poll_s=0.02,
        beside=replace(ingestion, parse=beside),
        long_s=0,
    ).run(lambda resting_s: resting_s > 0 and not application.jobs.waiting())

    assert read == ["scan.md", "large.md"], "the first thread alone reads large files"
    assert [application.state(each) for each in [*small, large]] == ["ready"] * 4
