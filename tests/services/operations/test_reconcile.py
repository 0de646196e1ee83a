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
from app.services.search.indexes import Indexes
from tests.services.conftest import HANDBOOK, MANUAL, WORKER, DisturbedEmbedder, House


@pytest.fixture
def base_id(house: House) -> str:
    base_id = house.base()
    house.add(base_id, "手册.md", HANDBOOK)
    house.add(base_id, "gateway.md", MANUAL)
    house.drain()
    return base_id


def reconciliation(house: House, indexes: Indexes | None = None) -> Reconciliation:
    return Reconciliation(house.db, house.files, indexes or house.indexes())


def told(house: House, *, repair: bool) -> dict[str, bool]:
    findings = reconciliation(house).findings(repair=repair)
    return {finding.what: finding.repaired for finding in findings}


def _a_lexical_row_is_gone(house: House) -> None:
    with house.db.write() as session:
        lexical.remove(session, [session.exec(select(StoredChunk.id)).first() or 0])


def _a_lexical_row_too_many(house: House) -> None:
    with house.db.write() as session:
        lexical.add(session, "nowhere", [(4711, "年假")])


def _a_job_is_gone(house: House) -> None:
    (base,) = house.bases.all()
    house.add(base.base.id, "late.txt", "The office is closed on Fridays.")
    with house.db.write() as session:
        session.exec(delete(Job).where(col(Job.state) == "queued"))


def _bytes_without_a_row(house: House, age_s: float = 7200.0) -> None:
    """As when the power went between the two."""
    with house.files.writer(1 << 20) as writer:
        writer.write("没有登记".encode())
        stored = writer.commit()
    long_ago = time.time() - age_s
    os.utime(stored.path, (long_ago, long_ago))


def _a_vector_is_gone(house: House) -> None:
    with house.db.write() as session:
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
    house: House, base_id: str, happens: Callable[[House], None], what: str
) -> None:
    assert told(house, repair=False) == {}
    happens(house)
    assert told(house, repair=False)[what] is False

    at_start = reconciliation(house)
    at_start.start()

    assert [(finding.what, finding.repaired) for finding in at_start.at_start] == [(what, True)]
    house.drain()
    assert told(house, repair=False) == {}
    with house.db.read() as session:
        states = session.exec(select(StoredDocument.state)).all()
        chunks = {id_ for id_ in session.exec(select(StoredChunk.id)) if id_ is not None}
        assert lexical.ids(session) == chunks == house.indexes().current(base_id).ids()
    assert set(states) == {"ready"}


@pytest.mark.parametrize("readable", [True, False])
def test_a_document_answers_while_it_is_read_again(
    house: House, base_id: str, readable: bool
) -> None:
    """And goes on answering as it was where it cannot be read any more."""
    _a_vector_is_gone(house)
    reconciliation(house).start()
    reconciliation(house).start()
    claim = house.jobs.claim(WORKER)
    assert claim is not None
    assert house.jobs.claim("worker-b") is None, "one job is enough"
    seen: list[tuple[str, list[int]]] = []

    def look() -> None:
        with house.db.read() as session:
            found = [match.id for match in lexical.search(session, "gateway 年假", 9, [base_id])]
        seen.append((house.state(claim.document_id), found))

    look()
    if not readable:
        house.files.path(house.documents.get(claim.document_id).document.sha256).unlink()
    house.embedder = DisturbedEmbedder(look)
    house.ingestion.run(claim, WORKER)
    look()

    assert len(seen) > (2 if readable else 1)
    assert {state for state, _ in seen} == {"ready"}
    assert all(found == seen[0][1] for _, found in seen[:-1]), "the chunks of before"
    assert len(seen[0][1]) == len(seen[-1][1]) == 2
    assert ("vectors" in told(house, repair=False)) is not readable


def test_a_running_service_drops_bytes_before_they_count_as_a_difference(
    house: House, base_id: str
) -> None:
    _bytes_without_a_row(house, age_s=3700.0)
    assert told(house, repair=False) == {}
    kept = set(house.files.sums())
    reconciliation(house).drop_orphans()
    assert len(kept - set(house.files.sums())) == 1


def test_bytes_that_are_just_coming_in_stay(house: House, base_id: str) -> None:
    with house.files.writer(1 << 20) as writer:
        writer.write(b"half an upload")
        stored = writer.commit()
    reconciliation(house).start()
    reconciliation(house).drop_orphans()
    assert stored.path.exists()


def test_a_lost_original_is_told_by_name(house: House, base_id: str) -> None:
    (view, *_), _ = house.documents.page(base_id, limit=1, offset=0, name="手册")
    house.files.path(view.document.sha256).unlink()
    (finding,) = reconciliation(house).findings(repair=True)
    assert not finding.repaired
    assert "手册.md" in finding.detail


def test_an_index_that_differs_in_memory_is_built_anew(house: House, base_id: str) -> None:
    indexes = house.indexes()
    store = indexes.current(base_id)
    store.delete(list(store.ids())[:1])
    found = reconciliation(house, indexes)
    assert [f.what for f in found.findings(repair=False)] == ["vector index"]
    assert [f.repaired for f in found.findings(repair=True)] == [True]
    assert found.findings(repair=False) == []
    assert indexes.current(base_id).count() == 2


def test_an_index_folder_that_cannot_be_written_costs_nothing_but_the_snapshot(
    house: House, base_id: str
) -> None:
    (house.folder / "indexes").write_text("a file where the folder should be")
    indexes = house.indexes()
    assert indexes.current(base_id).count() == 2
    indexes.save()
    assert list(indexes.unsaved) == [base_id]

    (house.folder / "indexes").unlink()
    indexes.save()

    assert indexes.unsaved == {}
    assert len(list((house.folder / "indexes" / base_id).glob("*.faiss"))) == 1
