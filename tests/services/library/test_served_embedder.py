"""The embedding server is away: documents wait, no attempt counts, and they go on by themselves."""

from dataclasses import replace

import pytest
from sqlmodel import select

from app.db.tables import Job
from app.services.ingestion.reading_ahead import ReadingAhead
from app.worker.reader import given_back, gives_vectors
from ingest.embedding.remote.embedder import RemoteEmbedder, RemoteModel
from ingest.embedding.remote.fake_server import FakeEmbeddings, Fault
from ingest.errors import EmbedderUnavailable
from tests.services.conftest import WORKER, Application


def served(address: str) -> RemoteEmbedder:
    model = RemoteModel(f"{address}/v1", "hashing", "hashing", 256, 512)
    return RemoteEmbedder(model, probe_s=0, sleep=lambda _: None)


def work(application: Application) -> None:
    ReadingAhead(application.ingestion, WORKER, poll_s=0.02).run(lambda resting_s: resting_s > 0.2)


def jobs(application: Application) -> set[tuple[str, int]]:
    with application.db.read() as session:
        return {(job.state, job.attempts) for job in session.exec(select(Job))}


def test_documents_wait_for_a_dead_server(application: Application) -> None:
    base_id = application.base()
    documents = [
        application.add(base_id, f"{n}.md", f"# 规程 {n}\n\n设备每{n}天检查。\n") for n in range(5)
    ]
    fake = FakeEmbeddings()
    with fake.serving() as address:
        pass
    application.embedder = served(address)
    for _ in range(4):  # more often than a document may end its worker
        with pytest.raises(EmbedderUnavailable):
            work(application)
        assert given_back(application.jobs, WORKER) and not gives_vectors(application.embedder)
    assert jobs(application) == {("queued", 0)}

    with fake.serving(int(address.rpartition(":")[2])):
        assert gives_vectors(application.embedder)
        work(application)
    assert [application.state(each) for each in documents] == ["ready"] * 5
    assert jobs(application) == {("done", 1)}


def test_one_document_waits_as_well(application: Application) -> None:
    application.add(application.base(), "一.md", "# 一\n\n第一篇。\n")
    fake = FakeEmbeddings(faults=[Fault(401)] * 2)
    with fake.serving() as address:
        ingestion = replace(application.ingestion, embedder=served(address))
        claim = application.jobs.claim(WORKER)
        assert claim is not None
        with pytest.raises(EmbedderUnavailable, match="ZHIWEN_EMBEDDER_API_KEY"):
            ingestion.run(claim, WORKER)


def test_a_text_that_the_server_refuses_ends_no_other_document(application: Application) -> None:
    base_id = application.base()
    bad = application.add(base_id, "坏.md", "# 坏\n\n这一篇。\n")
    fake = FakeEmbeddings(faults=[Fault(422, "not this text")])
    with fake.serving() as address:
        application.embedder = served(address)
        application.drain()
        good = application.add(base_id, "好.md", "# 好\n\n那一篇。\n")
        application.drain()
    assert (application.state(bad), application.state(good)) == ("failed", "ready")


def test_a_text_that_the_server_chokes_on_holds_up_no_other_document(
    application: Application,
) -> None:
    base_id = application.base()
    bad = application.add(base_id, "坏.md", "# 坏\n\n毒。\n")
    good = [application.add(base_id, f"{n}.md", f"# {n}\n\n第{n}篇。\n") for n in range(3)]
    with FakeEmbeddings(chokes_on="毒").serving() as address:
        application.embedder = served(address)
        work(application)
    assert application.state(bad) == "failed"
    assert [application.state(each) for each in good] == ["ready"] * 3
