"""Documents that an older recipe read are read again, while the earlier reading answers."""

from pathlib import Path

import pytest
from sqlmodel import col, select, update

from app.db import lexical
from app.db.tables import DocumentPage, DocumentText, Job, StoredChunk, StoredDocument
from app.services.jobs.queue import MAX_ATTEMPTS, NOT_READ_AGAIN
from app.services.library.rereading import BEHIND, Rereading, ToRead, to_read
from app.services.people.access import LOCAL_OWNER as ME
from tests.ingest.files import pdf_file
from tests.services.conftest import HANDBOOK, MANUAL, WORKER, Application

PDF = pdf_file([[("设备管理规定", 20), ("货梯每周检查一次。", 12)]])


@pytest.fixture
def base_id(application: Application) -> str:
    return application.base()


@pytest.fixture
def rereading(application: Application) -> Rereading:
    return Rereading(application.db, application.embedder.name)


def read_long_ago(application: Application, **changes: object) -> None:
    """Make all documents those of a release that knew no recipes."""
    with application.db.write() as session:
        session.exec(update(StoredDocument).values(recipe=0, recipe_tried=0))
        for page in session.exec(select(DocumentPage)):
            session.delete(page)
        if changes:
            session.exec(update(DocumentText).values(**changes))


def ids_of_chunks(application: Application, document_id: str) -> list[int]:
    return [c.id or 0 for c in application.documents.chunks(ME, document_id, limit=99, offset=0)]


def test_nothing_is_queued_for_what_was_read_just_now(
    application: Application, base_id: str, rereading: Rereading
) -> None:
    application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    assert rereading.enqueue() == 0
    assert to_read(application.db) == ToRead(0, 0)


def test_a_document_gets_its_places_and_keeps_its_chunks(
    application: Application, base_id: str, rereading: Rereading
) -> None:
    document_id = application.documents.accept_bytes(ME, base_id, "规定.pdf", PDF).document.id
    application.drain()
    before = ids_of_chunks(application, document_id)
    read_long_ago(application)
    assert to_read(application.db) == ToRead(1, 0)
    assert rereading.enqueue() == 1
    assert application.state(document_id) == "ready", "it answers meanwhile"
    assert to_read(application.db) == ToRead(1, 0)
    sequence = application.bases.get(ME, base_id).base.sequence
    application.drain()
    assert to_read(application.db) == ToRead(0, 0)
    assert ids_of_chunks(application, document_id) == before
    assert application.bases.get(ME, base_id).base.sequence == sequence, (
        "no index has to be changed"
    )
    with application.db.read() as session:
        assert session.get(DocumentPage, (document_id, 1)) is not None
    assert rereading.enqueue() == 0


def test_a_document_that_reads_otherwise_gets_new_chunks_at_once(
    application: Application, base_id: str, rereading: Rereading
) -> None:
    document_id = application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    before = ids_of_chunks(application, document_id)
    read_long_ago(application, text="as an older release read it")
    rereading.enqueue()
    application.drain()
    after = ids_of_chunks(application, document_id)
    assert after and not set(after) & set(before)
    with application.db.read() as session:
        assert lexical.ids(session) == set(after)
    assert application.indexes().current(base_id).ids() == set(after)


def test_uploads_come_first(application: Application, base_id: str, rereading: Rereading) -> None:
    old = application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    read_long_ago(application)
    rereading.enqueue()
    new = application.add(base_id, "gateway.md", MANUAL)
    assert application.documents.get(ME, new).jobs_before == 0
    claims = [application.jobs.claim(WORKER), application.jobs.claim(WORKER)]
    assert [claim and claim.document_id for claim in claims] == [new, old]


def test_a_failure_keeps_the_earlier_reading_says_so_and_is_not_repeated(
    application: Application, base_id: str, rereading: Rereading
) -> None:
    document_id = application.documents.accept_bytes(ME, base_id, "规定.pdf", PDF).document.id
    application.drain()
    before = ids_of_chunks(application, document_id)
    read_long_ago(application)
    with application.db.read() as session:
        path = application.files.path(session.get_one(StoredDocument, document_id).sha256)
    Path(path).write_bytes(b"%PDF-1.7 damaged since")
    rereading.enqueue()
    application.drain()
    assert application.state(document_id) == "ready"
    assert ids_of_chunks(application, document_id) == before
    (notice,) = application.documents.get(ME, document_id).document.notices
    assert notice == [NOT_READ_AGAIN, 1, "broken"]
    assert to_read(application.db) == ToRead(0, 1)
    assert rereading.enqueue() == 0
    assert Rereading(application.db, application.embedder.name).enqueue() == 0, (
        "nor after a restart"
    )


def test_a_file_that_ends_its_reader_is_given_up(
    application: Application, base_id: str, rereading: Rereading
) -> None:
    document_id = application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    read_long_ago(application)
    rereading.enqueue()
    for _ in range(MAX_ATTEMPTS):
        assert application.jobs.claim(WORKER) is not None
        application.jobs.release(WORKER)
    assert application.jobs.claim(WORKER) is None
    assert application.state(document_id) == "ready"
    assert to_read(application.db) == ToRead(0, 1)


def test_other_formats_are_left_alone(application: Application, base_id: str) -> None:
    pdf = application.documents.accept_bytes(ME, base_id, "规定.pdf", PDF).document.id
    application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    assert to_read(application.db, 7) == ToRead(2, 0)
    later = Rereading(
        application.db, application.embedder.name, 7, lambda name: 7 if name.endswith(".pdf") else 1
    )
    assert later.enqueue() == 1
    with application.db.read() as session:
        job = session.exec(select(Job).where(Job.state == "queued")).one()
    assert (job.document_id, job.priority) == (pdf, BEHIND)
    assert to_read(application.db, 7) == ToRead(1, 0)


def test_no_more_than_a_hundred_wait(
    application: Application, base_id: str, rereading: Rereading
) -> None:
    for number in range(3):
        application.add(base_id, f"{number}.md", f"# {number}\n\n{HANDBOOK}")
    application.drain()
    read_long_ago(application)
    with application.db.write() as session:
        first = session.exec(select(StoredDocument)).first()
        assert first is not None
        session.add_all(Job(document_id=first.id, priority=BEHIND) for _ in range(99))
    assert rereading.enqueue() == 1
    assert rereading.enqueue() == 0
    with application.db.write() as session:
        session.exec(update(Job).where(col(Job.state) == "queued").values(state="done"))
    assert rereading.enqueue() == 2


def test_bases_of_another_embedder_are_left_alone(application: Application, base_id: str) -> None:
    application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    read_long_ago(application)
    assert Rereading(application.db, "another").enqueue() == 0
    assert to_read(application.db) == ToRead(1, 0)


def test_superseded_versions_stay_as_they_are(
    application: Application, base_id: str, rereading: Rereading
) -> None:
    application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    application.add(base_id, "手册.md", HANDBOOK + "\n附则。\n")
    application.drain()
    read_long_ago(application)
    assert rereading.enqueue() == 1
    with application.db.read() as session:
        assert session.exec(select(StoredChunk)).first() is not None
