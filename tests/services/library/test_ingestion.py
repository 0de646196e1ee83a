"""What a job leaves behind when something happens to it: everything or nothing."""

import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from types import FrameType
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlmodel import Session, select

from app.db import lexical
from app.db.tables import ChunkTombstone, DocumentText, Job, StoredChunk, utc_now
from app.rag.types import Scope
from app.services.jobs.queue import Claim
from app.services.people.access import LOCAL_OWNER as ME
from ingest.embedding.hashing import HashingEmbedder
from ingest.terms import terms
from tests.services.conftest import HANDBOOK, WORKER, Application, DisturbedEmbedder


@pytest.fixture
def base_id(application: Application) -> str:
    return application.base()


def run_disturbed(application: Application, happens: Callable[[], object]) -> None:
    claim = application.jobs.claim(WORKER)
    assert claim is not None
    application.embedder = DisturbedEmbedder(happens)
    application.ingestion.run(claim, WORKER)


def left_behind(session: Session) -> dict[str, int]:
    tables = (StoredChunk, DocumentText, ChunkTombstone)
    return {table.__name__: len(session.exec(select(table)).all()) for table in tables}


def found(application: Application, base_id: str, query: str) -> list[int]:
    with application.db.read() as session:
        return [match.id for match in lexical.search(session, query, 10, [base_id])]


def chunk_ids(application: Application, document_id: str) -> list[int]:
    return [c.id or 0 for c in application.documents.chunks(ME, document_id, limit=100, offset=0)]


def fail_commits_into(application: Application, table: str) -> None:
    """Have the database itself refuse rows of a table from now on."""
    with application.db.write() as session:
        if application.db.dialect == "sqlite":
            session.connection().execute(
                text(
                    f"CREATE TRIGGER refuse BEFORE INSERT ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
                )
            )
        else:
            session.connection().execute(
                text(
                    "CREATE FUNCTION refuse() RETURNS trigger AS "
                    "$$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$ LANGUAGE plpgsql"
                )
            )
            session.connection().execute(
                text(
                    f"CREATE TRIGGER refuse BEFORE INSERT ON {table} "
                    "FOR EACH ROW EXECUTE FUNCTION refuse()"
                )
            )


def test_a_document_is_searchable_as_soon_as_it_is_ready(
    application: Application, base_id: str
) -> None:
    document_id = application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    ids = chunk_ids(application, document_id)
    assert application.state(document_id) == "ready"
    assert found(application, base_id, "年假") == ids
    vector = application.embedder.embed(["年假十五天"], kind="query")
    assert [m.id for m in application.indexes().search(vector, 5, Scope((base_id,)))] == ids


@pytest.mark.parametrize("table", ["chunk", "document_text"])
def test_a_fault_while_committing_leaves_nothing(
    application: Application, base_id: str, table: str
) -> None:
    document_id = application.add(base_id, "手册.md", HANDBOOK)
    fail_commits_into(application, table)
    sequence = application.bases.get(ME, base_id).base.sequence

    application.drain()

    document = application.documents.get(ME, document_id).document
    assert (document.state, document.error_code, document.chunk_count) == ("failed", "internal", 0)
    assert "the disk is full" in (document.error_detail or "")
    with application.db.read() as session:
        assert set(left_behind(session).values()) == {0}
    assert found(application, base_id, "年假") == []
    assert application.bases.get(ME, base_id).base.sequence == sequence


def test_a_fault_in_the_embedder_fails_the_document_with_the_reason(
    application: Application, base_id: str
) -> None:
    document_id = application.add(base_id, "手册.md", HANDBOOK)

    def happens() -> None:
        raise MemoryError("no room for the batch")

    run_disturbed(application, happens)

    document = application.documents.get(ME, document_id).document
    assert document.state == "failed"
    assert "no room for the batch" in (document.error_detail or "")


def test_a_document_deleted_while_it_is_read_stays_deleted(
    application: Application, base_id: str
) -> None:
    document_id = application.add(base_id, "手册.md", HANDBOOK)
    run_disturbed(application, lambda: application.documents.delete(ME, document_id))
    with application.db.read() as session:
        assert set(left_behind(session).values()) == {0}
        assert session.exec(select(Job)).all() == []
    assert found(application, base_id, "年假") == []
    assert application.documents.page(ME, base_id, limit=10, offset=0) == ([], 0)


def test_a_base_deleted_while_a_document_is_read_stays_deleted(
    application: Application, base_id: str
) -> None:
    application.add(base_id, "手册.md", HANDBOOK)
    run_disturbed(application, lambda: application.documents.delete_base(ME, base_id))
    with application.db.read() as session:
        assert set(left_behind(session).values()) == {0}
    assert application.bases.all(ME) == []
    assert application.jobs.claim(WORKER) is None


def test_deleting_a_ready_document_leaves_only_tombstones(
    application: Application, base_id: str
) -> None:
    document_id = application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    count = len(chunk_ids(application, document_id))
    application.documents.delete(ME, document_id)
    with application.db.read() as session:
        assert left_behind(session) == {
            "StoredChunk": 0,
            "DocumentText": 0,
            "ChunkTombstone": count,
        }
    assert list((application.folder / "files").glob("??/*")) == []


@pytest.mark.parametrize("finished", [True, False])
def test_a_worker_that_lost_its_lease_writes_nothing(
    application: Application, base_id: str, finished: bool
) -> None:
    """The other worker has finished the document already, or is still at it."""
    document_id = application.add(base_id, "手册.md", HANDBOOK)
    others: list[Claim | None] = []

    def happens() -> None:
        with application.db.write() as session:
            job = session.exec(select(Job)).one()
            job.lease_until = utc_now() - timedelta(seconds=1)
            session.add(job)
        others.append(application.jobs.claim("worker-b"))
        if finished:
            other = Application(
                application.db, application.files, HashingEmbedder(), application.folder
            )
            assert others[0] is not None
            other.ingestion.run(others[0], "worker-b")

    run_disturbed(application, happens)

    if not finished:
        assert chunk_ids(application, document_id) == []
        assert application.state(document_id) != "ready"
        assert others[0] is not None
        application.embedder = HashingEmbedder()
        application.ingestion.run(others[0], "worker-b")
    ids = chunk_ids(application, document_id)
    assert application.state(document_id) == "ready"
    assert application.documents.get(ME, document_id).document.chunk_count == len(ids) > 0
    assert found(application, base_id, "年假") == ids


def test_reading_again_replaces_what_was_there(application: Application, base_id: str) -> None:
    document_id = application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    before = chunk_ids(application, document_id)
    with application.db.write() as session:
        session.get_one(DocumentText, document_id).text = "read otherwise before"
        session.add(Job(document_id=document_id))
    application.drain()
    after = chunk_ids(application, document_id)
    assert len(after) == len(before)
    assert set(after).isdisjoint(before)
    assert found(application, base_id, "年假") == after
    assert application.indexes().current(base_id).ids() == set(after)


def test_stored_bytes_that_are_gone_fail_the_document(
    application: Application, base_id: str
) -> None:
    document_id = application.add(base_id, "手册.md", HANDBOOK)
    for file in (application.folder / "files").glob("??/*"):
        file.unlink()
    application.drain()
    assert application.documents.get(ME, document_id).document.error_code == "storage"


def test_deleting_and_reading_at_the_same_time_never_wait_for_each_other(
    application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    """Both lock base, document and job; in different orders one of them would be a deadlock."""
    for round_ in range(3):
        base_id = application.base(f"规程 {round_}")
        texts = (f"规程 {round_}.{n}\n\n" + "每天检查一次。\n\n" * 50 for n in range(15))
        documents = [application.add(base_id, f"{n}.md", each) for n, each in enumerate(texts)]
        readers = [
            threading.Thread(target=application.drain, args=(f"reader-{n}",)) for n in range(3)
        ]
        for reader in readers:
            reader.start()
        for document_id in documents[::2]:
            application.documents.delete(ME, document_id)
        application.documents.delete_base(ME, base_id)
        for reader in readers:
            reader.join()
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
    with application.db.read() as session:
        assert set(left_behind(session).values()) == {0}
        assert session.exec(select(Job)).all() == []


def test_terms_are_cut_before_the_transaction_that_stores_them(
    application: Application, base_id: str
) -> None:
    """It takes seconds for a large file, and others wait to write meanwhile."""
    application.add(base_id, "手册.md", HANDBOOK)
    open_transactions: list[Any] = []
    cut_within: list[int] = []

    def watch(frame: FrameType, kind: str, _argument: Any) -> None:
        if kind == "call" and frame.f_code is terms.__code__:
            cut_within.append(len(open_transactions))

    event.listen(application.db.engine, "begin", open_transactions.append)
    for end in ("commit", "rollback"):
        event.listen(application.db.engine, end, open_transactions.remove)
    sys.setprofile(watch)
    try:
        application.drain()
    finally:
        sys.setprofile(None)
    assert cut_within
    assert set(cut_within) == {0}
