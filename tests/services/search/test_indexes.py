"""The vector indexes say what the database says, however they came about."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event
from sqlmodel import select

from app.db.tables import ChunkVector, KnowledgeBase, StoredChunk
from app.rag.types import Scope
from app.services.errors import NotFound, WrongEmbedder
from app.services.people.access import LOCAL_OWNER as ME
from app.services.search.indexes import Indexes
from ingest.embedding.embedder import Vectors
from tests.services.conftest import HANDBOOK, MANUAL, Application
from vectorstore.exact import ExactStore
from vectorstore.faiss import snapshot
from vectorstore.faiss.engine import FaissEngine
from vectorstore.faiss.snapshot import MANIFEST
from vectorstore.protocol import Match


@pytest.fixture
def base_id(application: Application) -> str:
    return application.base()


def query(application: Application, text: str = "年假十五天") -> Vectors:
    return application.embedder.embed([text], kind="query")


def by_the_database(application: Application, base_id: str) -> list[Match]:
    """What the exact engine finds in the rows of the database."""
    exact = ExactStore(application.embedder.dim)
    with application.db.read() as session:
        rows = select(ChunkVector).join(StoredChunk).where(StoredChunk.base_id == base_id)
        for row in session.exec(rows):
            exact.upsert([row.chunk_id], np.frombuffer(row.vector, "<f4")[None])
    return exact.search(query(application), 50)[0]


def assert_equal_to_database(application: Application, indexes: Indexes, base_id: str) -> None:
    expected = by_the_database(application, base_id)
    found = indexes.search(query(application), 50, Scope((base_id,)))
    assert indexes.current(base_id).ids() == {match.id for match in expected}
    # FAISS keeps float16
    scores = {match.id: match.score for match in found}
    assert scores == pytest.approx({match.id: match.score for match in expected}, abs=2e-3)


def saved(application: Application, base_id: str) -> Path:
    """Two documents, saved in a snapshot; the folder it is in."""
    application.add(base_id, "手册.md", HANDBOOK)
    application.add(base_id, "gateway.md", MANUAL)
    application.drain()
    indexes = application.indexes()
    indexes.current(base_id)
    indexes.save()
    return application.folder / "indexes" / base_id


def test_an_index_follows_what_is_added_and_deleted(application: Application, base_id: str) -> None:
    indexes = application.indexes()
    assert indexes.search(query(application), 5, Scope((base_id,))) == []
    first = application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    assert_equal_to_database(application, indexes, base_id)
    application.add(base_id, "gateway.md", MANUAL)
    application.drain()
    assert indexes.current(base_id).count() == 2
    assert_equal_to_database(application, indexes, base_id)
    application.documents.delete(ME, first)
    assert indexes.current(base_id).count() == 1
    assert_equal_to_database(application, indexes, base_id)


def test_added_and_deleted_between_two_looks(application: Application, base_id: str) -> None:
    indexes = application.indexes()
    indexes.current(base_id)
    gone = application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    application.documents.delete(ME, gone)
    application.add(base_id, "gateway.md", MANUAL)
    application.drain()
    assert indexes.current(base_id).count() == 1
    assert_equal_to_database(application, indexes, base_id)


def test_several_bases_are_searched_as_one_and_apart(
    application: Application, base_id: str
) -> None:
    application.add(base_id, "手册.md", HANDBOOK)
    other = application.base("Devices")
    application.add(other, "gateway.md", MANUAL)
    application.drain()
    indexes = application.indexes()
    both = indexes.search(query(application), 5, Scope((base_id, other)))
    assert len(both) == 2
    assert [m.score for m in both] == sorted((m.score for m in both), reverse=True)
    assert indexes.search(query(application), 5, Scope((other,))) == [
        m for m in both if m.id in indexes.current(other).ids()
    ]


def test_a_snapshot_is_loaded_and_brought_up_to_date(
    application: Application, base_id: str
) -> None:
    saved(application, base_id)
    with (
        application.db.write() as session
    ):  # so that the old chunks can come from the snapshot only
        for row in session.exec(select(ChunkVector)).all():
            row.vector = np.zeros(application.embedder.dim, "<f4").tobytes()
            session.add(row)
    late = application.add(base_id, "late.txt", "年假可以延到明年三月。")
    application.drain()

    found = application.indexes().search(query(application), 5, Scope((base_id,)))

    assert len(found) == 3
    assert all(match.score > 0 for match in found[:2])
    with application.db.read() as session:
        row = session.exec(select(StoredChunk).where(StoredChunk.document_id == late)).one()
    assert row.id in [match.id for match in found[:2]]


def test_what_changed_is_read_without_the_rest_of_the_base(
    application: Application, base_id: str
) -> None:
    """A search after a change costs what changed, not what the base has."""
    saved(application, base_id)
    asked: list[tuple[str, object]] = []
    event.listen(
        application.db.engine,
        "before_cursor_execute",
        lambda *of: asked.append((of[2], of[3])) if "chunk_vector" in of[2] else None,
    )
    application.indexes().current(base_id)
    explain = "EXPLAIN QUERY PLAN" if application.db.dialect == "sqlite" else "EXPLAIN"
    with application.db.read() as session:
        connection = session.connection()
        if application.db.dialect == "postgresql":  # so small a table is read whole
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        statement, given = asked[-1]
        plan = str(connection.exec_driver_sql(f"{explain} {statement}", given).all())
    assert "ix_chunk_base_id_sequence_id" in plan
    assert "sequence>?" in plan or "ROW(sequence, id) > ROW(" in plan


def test_deletions_after_the_snapshot_are_followed(application: Application, base_id: str) -> None:
    saved(application, base_id)
    (newest, *_), _ = application.documents.page(ME, base_id, limit=1, offset=0)
    application.documents.delete(ME, newest.document.id)
    indexes = application.indexes()
    assert indexes.current(base_id).count() == 1
    assert_equal_to_database(application, indexes, base_id)


def _missing(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def _torn(folder: Path) -> None:
    (file,) = folder.glob("*.faiss")
    file.write_bytes(file.read_bytes()[:-40])


def _flipped(folder: Path) -> None:
    (file,) = folder.glob("*.faiss")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(bytes(data))


def _manifest_torn(folder: Path) -> None:
    (folder / MANIFEST).write_text('{"version": 1,')


def _index_missing(folder: Path) -> None:
    (file,) = folder.glob("*.faiss")
    file.unlink()


@pytest.mark.parametrize("damage", [_missing, _torn, _flipped, _manifest_torn, _index_missing])
def test_a_damaged_snapshot_is_rebuilt_from_the_database(
    application: Application, base_id: str, damage: Callable[[Path], None]
) -> None:
    damage(saved(application, base_id))
    indexes = application.indexes()
    assert_equal_to_database(application, indexes, base_id)
    indexes.save()
    assert_equal_to_database(application, application.indexes(), base_id)


def test_a_snapshot_ahead_of_the_database_is_rebuilt(
    application: Application, base_id: str
) -> None:
    """As after the database was restored from a backup."""
    saved(application, base_id)
    with application.db.write() as session:
        base = session.get_one(KnowledgeBase, base_id)
        base.sequence = 1
        session.add(base)
        for row in session.exec(select(StoredChunk).where(StoredChunk.sequence > 1)).all():
            session.delete(row)
    indexes = application.indexes()
    assert indexes.current(base_id).count() == 1
    assert_equal_to_database(application, indexes, base_id)


def test_a_base_of_another_embedder_is_refused_by_name(
    application: Application, base_id: str
) -> None:
    application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    other = application.indexes("bge-m3")
    with pytest.raises(WrongEmbedder, match=r"'手册'.*'hashing'.*ZHIWEN_EMBEDDER=hashing"):
        other.search(query(application), 5, Scope((base_id,)))


def test_a_deleted_base_is_not_found_even_where_its_index_is_loaded(
    application: Application, base_id: str
) -> None:
    indexes = application.indexes()
    indexes.current(base_id)
    application.documents.delete_base(ME, base_id)
    with pytest.raises(NotFound):
        indexes.search(query(application), 5, Scope((base_id,)))
    indexes.save()


def test_clusters_that_are_found_while_it_is_saved_are_saved_later(
    application: Application, base_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(application, base_id)
    engine = FaissEngine(folder.parent, clustered_from=1)
    indexes = Indexes(application.db, engine, application.embedder.name)
    indexes.current(base_id)
    application.add(base_id, "late.txt", "年假可以延到明年三月。")
    application.drain()
    indexes.current(base_id)
    finding = threading.Thread(target=indexes.optimise)
    write = snapshot.write

    def slowly(*given: Any) -> object:
        if not finding.ident:
            finding.start()
            finding.join(0.5)  # unless it waits for us
        return write(*given)

    monkeypatch.setattr(snapshot, "write", slowly)
    indexes.save()
    finding.join()
    indexes.save()
    embedder = application.embedder
    assert engine.open(base_id, embedder.dim, embedder.name).clustered
