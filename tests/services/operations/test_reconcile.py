"""After a start everything that follows from the database agrees with it, whatever happened."""

import os
import time
from collections.abc import Callable

import pytest
from sqlalchemy import delete
from sqlmodel import col, select

from app.db import lexical
from app.db.tables import ChunkVector, Job, StoredChunk, StoredDocument
from app.services.operations.reconcile import Reconciliation
from app.services.people.access import LOCAL_OWNER as ME
from app.services.search.indexes import Indexes
from tests.services.conftest import HANDBOOK, MANUAL, WORKER, Application, DisturbedEmbedder


@pytest.fixture
def base_id(application: Application) -> str:
    base_id = application.base()
    application.add(base_id, "手册.md", HANDBOOK)
    application.add(base_id, "gateway.md", MANUAL)
    application.drain()
    return base_id


def reconciliation(application: Application, indexes: Indexes | None = None) -> Reconciliation:
    return Reconciliation(application.db, application.files, indexes or application.indexes())


def told(application: Application, *, repair: bool) -> dict[str, bool]:
    findings = reconciliation(application).findings(repair=repair)
    return {finding.what: finding.repaired for finding in findings}


def _a_lexical_row_is_gone(application: Application) -> None:
    with application.db.write() as session:
        lexical.remove(session, [session.exec(select(StoredChunk.id)).first() or 0])


def _a_lexical_row_too_many(application: Application) -> None:
    with application.db.write() as session:
        lexical.add(session, "nowhere", [(4711, "年假")])


def _a_job_is_gone(application: Application) -> None:
    (base,) = application.bases.all(ME)
    application.add(base.base.id, "late.txt", "The office is closed on Fridays.")
    with application.db.write() as session:
        session.exec(delete(Job).where(col(Job.state) == "queued"))


def _bytes_without_a_row(application: Application, age_s: float = 7200.0) -> None:
    """As when the power went between the two."""
    with application.files.writer(1 << 20) as writer:
        writer.write("没有登记".encode())
        stored = writer.commit()
    long_ago = time.time() - age_s
    os.utime(application.files.path(stored.sha256), (long_ago, long_ago))


def _a_vector_is_gone(application: Application) -> None:
    with application.db.write() as session:
        first = session.exec(select(ChunkVector.chunk_id)).first()
        session.exec(delete(ChunkVector).where(col(ChunkVector.chunk_id) == first))


@pytest.mark.parametrize(
    ("happens", "what"),
    [
        (_a_lexical_row_is_gone, "lexical index"),
        (_a_lexical_row_too_many, "lexical index"),
        (_a_job_is_gone, "jobs"),
        (_bytes_without_a_row, "files"),
        (_a_vector_is_gone, "vectors"),
    ],
)
def test_a_difference_is_told_and_set_right_at_the_start(
    application: Application, base_id: str, happens: Callable[[Application], None], what: str
) -> None:
    assert told(application, repair=False) == {}
    happens(application)
    assert told(application, repair=False)[what] is False

    at_start = reconciliation(application)
    at_start.start()

    assert [(finding.what, finding.repaired) for finding in at_start.at_start] == [(what, True)]
    application.drain()
    assert told(application, repair=False) == {}
    with application.db.read() as session:
        states = session.exec(select(StoredDocument.state)).all()
        chunks = {id_ for id_ in session.exec(select(StoredChunk.id)) if id_ is not None}
        assert lexical.ids(session) == chunks == application.indexes().current(base_id).ids()
    assert set(states) == {"ready"}


@pytest.mark.parametrize("readable", [True, False])
def test_a_document_answers_while_it_is_read_again(
    application: Application, base_id: str, readable: bool
) -> None:
    """And goes on answering as it was where it cannot be read any more."""
    _a_vector_is_gone(application)
    reconciliation(application).start()
    reconciliation(application).start()
    claim = application.jobs.claim(WORKER)
    assert claim is not None
    assert application.jobs.claim("worker-b") is None, "one job is enough"
    seen: list[tuple[str, list[int]]] = []

    def look() -> None:
        with application.db.read() as session:
            found = [match.id for match in lexical.search(session, "gateway 年假", 9, [base_id])]
        seen.append((application.state(claim.document_id), found))

    look()
    if not readable:
        application.files.path(
            application.documents.get(ME, claim.document_id).document.sha256
        ).unlink()
    application.embedder = DisturbedEmbedder(look)
    application.ingestion.run(claim, WORKER)
    look()

    assert len(seen) > (2 if readable else 1)
    assert {state for state, _ in seen} == {"ready"}
    assert all(found == seen[0][1] for _, found in seen[:-1]), "the chunks of before"
    assert len(seen[0][1]) == len(seen[-1][1]) == 2
    assert ("vectors" in told(application, repair=False)) is not readable


def test_a_running_service_drops_bytes_before_they_count_as_a_difference(
    application: Application, base_id: str
) -> None:
    _bytes_without_a_row(application, age_s=3700.0)
    assert told(application, repair=False) == {}
    kept = set(application.files.sums())
    reconciliation(application).drop_orphans()
    assert len(kept - set(application.files.sums())) == 1


def test_bytes_that_are_just_coming_in_stay(application: Application, base_id: str) -> None:
    with application.files.writer(1 << 20) as writer:
        writer.write(b"half an upload")
        stored = writer.commit()
    reconciliation(application).start()
    reconciliation(application).drop_orphans()
    assert application.files.has(stored.sha256)


def test_a_lost_original_is_told_by_name(application: Application, base_id: str) -> None:
    (view, *_), _ = application.documents.page(ME, base_id, limit=1, offset=0, name="手册")
    application.files.path(view.document.sha256).unlink()
    (finding,) = reconciliation(application).findings(repair=True)
    assert not finding.repaired
    assert "手册.md" in finding.detail


def test_an_index_that_differs_in_memory_is_built_anew(
    application: Application, base_id: str
) -> None:
    indexes = application.indexes()
    store = indexes.current(base_id)
    store.delete(list(store.ids())[:1])
    found = reconciliation(application, indexes)
    assert [f.what for f in found.findings(repair=False)] == ["vector index"]
    assert [f.repaired for f in found.findings(repair=True)] == [True]
    assert found.findings(repair=False) == []
    assert indexes.current(base_id).count() == 2


def test_an_index_folder_that_cannot_be_written_costs_nothing_but_the_snapshot(
    application: Application, base_id: str
) -> None:
    (application.folder / "indexes").write_text("a file where the folder should be")
    indexes = application.indexes()
    assert indexes.current(base_id).count() == 2
    indexes.save()
    assert list(indexes.unsaved) == [base_id]

    (application.folder / "indexes").unlink()
    indexes.save()

    assert indexes.unsaved == {}
    assert len(list((application.folder / "indexes" / base_id).glob("*.faiss"))) == 1
