"""Documents read ahead: overlapped, embedded together, and none pays for another."""

import errno
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from sqlmodel import select

from app.db.errors import StorageFull
from app.db.tables import Job, StoredDocument
from app.services.ingestion.handover import Handover
from app.services.ingestion.reading_ahead import ReadingAhead
from app.services.library.bases import stored_base
from app.services.library.vectors import FIRST_PLACE, read_vectors
from app.services.people.access import LOCAL_OWNER as ME
from ingest.embedding.embedder import TextKind, Vectors
from ingest.embedding.hashing import HashingEmbedder
from ingest.parsers import parse
from ingest.parsing.parser import PageProgress
from ingest.pipeline import Parse
from ingest.types import Document
from tests.patience import PATIENCE_S
from tests.services.conftest import WORKER, Application


class WatchedEmbedder(HashingEmbedder):
    """Tells which texts it is given together before it embeds them."""

    def __init__(self, happens: Callable[[Sequence[str]], object]) -> None:
        super().__init__()
        self._happens = happens

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        self._happens(texts)
        return super().embed(texts, kind=kind)


def watched_parse(happens: Callable[[str], object]) -> Parse:
    """`parse`, after something has happened."""

    def watched(data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        happens(name)
        return parse(data, name, on_page=on_page)

    return watched


def work(application: Application, parse: Parse = parse) -> None:
    """Until the queue has been empty for a moment."""
    ingestion = replace(application.ingestion, parse=parse)
    ReadingAhead(ingestion, WORKER, poll_s=0.02).run(lambda resting_s: resting_s > 0.2)


def add_many(application: Application, base_id: str, count: int) -> list[str]:
    return [
        application.add(
            base_id, f"{n}.md", f"# 规程 {n}\n\n" + f"设备每{n}天检查一次。" * (1 + n % 9)
        )
        for n in range(count)
    ]


def test_many_documents_are_done_once_with_the_vectors_they_have_alone(
    application: Application,
) -> None:
    base_id = application.base()
    documents = add_many(application, base_id, 30)
    together: list[int] = []
    some_wait = threading.Event()

    def embeds(texts: Sequence[str]) -> None:
        some_wait.wait(PATIENCE_S)
        together.append(len(texts))

    application.embedder = WatchedEmbedder(embeds)
    work(application, watched_parse(lambda name: some_wait.set() if name == "20.md" else None))
    assert [application.state(each) for each in documents] == ["ready"] * 30
    assert max(together) > 1, "no two documents were embedded together"
    with application.db.read() as session:
        assert {(job.state, job.attempts) for job in session.exec(select(Job))} == {("done", 1)}
        base = stored_base(session, base_id)
        ids, vectors, _ = read_vectors(session, base, after=FIRST_PLACE, limit=1000)
    found = dict(zip(ids, vectors, strict=True))
    for number, each in enumerate(documents):
        (chunk,) = application.documents.chunks(ME, each, limit=10, offset=0)
        alone = HashingEmbedder().embed([f"规程 {number}\n{chunk.text}"], kind="document")[0]
        np.testing.assert_allclose(found[chunk.id or 0], alone, atol=1e-6)


def test_the_next_document_is_read_while_one_is_embedded(application: Application) -> None:
    first, second = add_many(application, application.base(), 2)
    second_is_read = threading.Event()
    waited: list[bool] = []
    application.embedder = WatchedEmbedder(lambda _: waited.append(second_is_read.wait(PATIENCE_S)))

    def happens(name: str) -> None:
        if name == "1.md":
            second_is_read.set()

    work(application, watched_parse(happens))
    assert waited[0], "the second document was not read before the first was embedded"
    assert (application.state(first), application.state(second)) == ("ready", "ready")


def test_a_document_that_cannot_be_embedded_fails_alone(application: Application) -> None:
    base_id = application.base()
    good = add_many(application, base_id, 6)
    bad = application.add(base_id, "坏.md", "# 坏\n\n这一篇算不出来。\n")

    def happens(texts: Sequence[str]) -> None:
        if any("算不出来" in text for text in texts):
            raise MemoryError("no room for the batch")

    application.embedder = WatchedEmbedder(happens)
    work(application)
    assert [application.state(each) for each in good] == ["ready"] * 6
    document = application.documents.get(ME, bad).document
    assert document.state == "failed" and "no room" in (document.error_detail or "")


def test_what_ended_a_worker_is_tried_again_with_nothing_else_in_hand(
    application: Application,
) -> None:
    base_id = application.base()
    documents = add_many(application, base_id, 2)
    assert application.jobs.claim("dead") is not None and application.jobs.claim("dead") is not None
    application.jobs.release("dead")
    documents += [
        application.add(base_id, f"新{n}.md", f"# 新 {n}\n\n第{n}篇。\n") for n in range(4)
    ]
    running: dict[str, set[str]] = {}

    def happens(name: str) -> None:
        with application.db.read() as session:
            held = select(StoredDocument.name).join(Job).where(Job.state == "running")
            running[name] = set(session.exec(held.where(Job.worker == WORKER)))

    work(application, watched_parse(happens))
    assert [application.state(each) for each in documents] == ["ready"] * 6
    assert running["0.md"] == {"0.md"} and running["1.md"] == {"1.md"}


def test_a_full_disk_ends_the_run_and_the_jobs_can_be_given_back(application: Application) -> None:
    documents = add_many(application, application.base(), 5)

    def happens(name: str) -> None:
        if name == "3.md":
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageFull):
        work(application, watched_parse(happens))
    application.jobs.give_back(WORKER)
    with application.db.read() as session:
        left = {(job.state, job.attempts) for job in session.exec(select(Job))}
    assert left <= {("queued", 0), ("done", 1)} and ("queued", 0) in left

    work(application)
    assert [application.state(each) for each in documents] == ["ready"] * 5


def test_what_is_in_hand_is_finished_when_told_to_stop(application: Application) -> None:
    documents = add_many(application, application.base(), 3)
    ReadingAhead(application.ingestion, WORKER).run(lambda _: application.jobs.waiting() < 2)
    assert sorted(application.state(each) for each in documents) == ["queued", "ready", "ready"]


def test_a_handover_keeps_order_and_weighs() -> None:
    handover: Handover[str] = Handover(limit=10)
    handover.put("a", 3)
    handover.put("b", 90)  # less than the limit waited
    assert handover.take(10) == ["a"]
    assert handover.take(10) == ["b"], "what is heavier than asked for comes alone"
    for item in "cde":
        handover.put(item, 2)
    handover.close()
    assert handover.take(5) == ["c", "d"]
    assert handover.take(5) == ["e"]
    assert handover.take(5) == []


def test_a_full_handover_makes_its_giver_wait() -> None:
    handover: Handover[int] = Handover(limit=2)
    put: list[int] = []

    def give() -> None:
        for number in range(6):
            handover.put(number, 1)
            put.append(number)
        handover.close()

    giver = threading.Thread(target=give, daemon=True)
    giver.start()
    taken: list[int] = []
    while found := handover.take(1):
        assert len(put) <= len(taken) + len(found) + 2
        taken += found
    giver.join(PATIENCE_S)
    assert taken == list(range(6))


def test_a_dropped_handover_holds_nobody_up() -> None:
    handover: Handover[int] = Handover(limit=1)
    handover.put(1, 1)
    giver = threading.Thread(target=handover.put, args=(2, 1), daemon=True)
    giver.start()
    handover.close(drop=True)
    giver.join(PATIENCE_S)
    assert not giver.is_alive()
