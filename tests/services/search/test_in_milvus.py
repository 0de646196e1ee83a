"""Where Milvus searches, a search finds what the database says, whatever happened to the server."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.db.tables import KnowledgeBase, PathRestriction, StoredChunk, StoredDocument
from app.rag.types import Scope
from app.services.errors import NotFound, WrongEmbedder
from app.services.library.removal import remove_base
from app.services.library.vector_stores import MILVUS, StoreBusy, alone_with
from app.services.people.access import LOCAL_OWNER as ME
from app.services.search.chosen import choose
from app.services.search.in_milvus import MilvusIndexes
from app.services.search.reembed import Reembed
from ingest.embedding.embedder import Vectors
from ingest.embedding.hashing import HashingEmbedder
from tests.milvus import fresh_prefix
from tests.services.conftest import HANDBOOK, MANUAL, Application, searched_by
from tests.services.search.test_indexes import assert_equal_to_database
from tests.services.search.test_reembed import Wider
from vectorstore import EngineFailed, SnapshotError
from vectorstore.milvus.engine import MilvusEngine
from vectorstore.milvus.server import Server
from vectorstore.milvus.store import MilvusStore


class Kill(BaseException):
    """Ends a process at a moment of the test's choice."""


@pytest.fixture
def application(postgres_server: str, tmp_path: Path) -> Iterator[Application]:
    """An installation whose vectors are Milvus's."""
    with searched_by(MILVUS, postgres_server, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared_engine(milvus_server: str) -> Iterator[MilvusEngine]:
    engine = MilvusEngine(Server(milvus_server), fresh_prefix())
    yield engine
    engine.clear()


@pytest.fixture
def engine(shared_engine: MilvusEngine) -> Iterator[MilvusEngine]:
    """Without stores. Its collections stay: new ones take a second."""
    yield shared_engine
    for name in shared_engine.names():
        shared_engine.drop(name)


@pytest.fixture
def base_id(application: Application) -> str:
    return application.base()


@pytest.fixture
def indexes(application: Application, engine: MilvusEngine) -> MilvusIndexes:
    return process(application, engine)


def process(application: Application, engine: MilvusEngine) -> MilvusIndexes:
    """As a process that has just started has them."""
    return MilvusIndexes(application.db, engine, application.embedder.name)


def query(application: Application, words: str = "年假十五天") -> Vectors:
    return application.embedder.embed([words], kind="query")


def filled(application: Application, base_id: str) -> None:
    application.add(base_id, "手册.md", HANDBOOK)
    application.add(base_id, "gateway.md", MANUAL)
    application.drain()


def test_a_search_finds_what_was_just_committed(
    application: Application, engine: MilvusEngine, base_id: str
) -> None:
    """In each of several processes, whichever wrote it to Milvus."""
    processes = [process(application, engine) for _ in range(2)]
    for each in processes:
        assert each.search(query(application), 5, Scope((base_id,))) == []
    first = application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    for each in processes:
        assert_equal_to_database(application, each, base_id)
    application.add(base_id, "gateway.md", MANUAL)
    application.drain()
    for each in reversed(processes):
        assert each.current(base_id).count() == 2
        assert_equal_to_database(application, each, base_id)
    application.documents.delete(ME, first)
    for each in processes:
        assert_equal_to_database(application, each, base_id)


def test_several_bases_are_searched_as_one(
    application: Application, indexes: MilvusIndexes, base_id: str
) -> None:
    filled(application, base_id)
    other, empty = application.base("other"), application.base("empty")
    application.add(other, "note.md", "# 1\n\n年假 3 天\n")
    application.drain()
    found = indexes.search(query(application), 4, Scope((base_id, other, empty)))
    apart = [
        match
        for each in (base_id, other)
        for match in indexes.search(query(application), 10, Scope((each,)))
    ]
    assert len(found) == 3
    assert found == sorted(apart, key=lambda match: (-match.score, match.id))


def test_only_and_withheld_are_part_of_the_search(
    application: Application, indexes: MilvusIndexes, base_id: str
) -> None:
    filled(application, base_id)
    best, other = indexes.search(query(application), 5, Scope((base_id,)))
    assert indexes.search(query(application), 1, Scope((base_id,)), only=[other.id]) == [other]
    with application.db.read() as session:
        document_id = session.get_one(StoredChunk, best.id).document_id
        path = session.get_one(StoredDocument, document_id).path
    with application.db.write() as session:
        session.add(PathRestriction(id="r", base_id=base_id, path=path))
    hidden = Scope((base_id,), withheld=frozenset({"r"}))
    assert indexes.search(query(application), 1, hidden) == [other]


def test_a_base_that_is_unknown_or_of_another_embedder_is_refused(
    application: Application, indexes: MilvusIndexes, engine: MilvusEngine, base_id: str
) -> None:
    with pytest.raises(NotFound):
        indexes.search(query(application), 5, Scope(("nowhere",)))
    with pytest.raises(WrongEmbedder):
        MilvusIndexes(application.db, engine, "another").current(base_id)


@pytest.mark.parametrize("call", ["upsert", "save"])
def test_what_a_killed_process_left_is_finished_by_the_next(
    application: Application,
    engine: MilvusEngine,
    base_id: str,
    call: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed between vectors and sequence, or before either."""
    filled(application, base_id)
    process(application, engine).current(base_id)
    gone = application.add(base_id, "late.txt", "年假可以延到明年三月。")
    application.drain()
    with monkeypatch.context() as patch, pytest.raises(Kill):

        def kill(*_: object) -> None:
            raise Kill

        patch.setattr(MilvusStore, call, kill)
        process(application, engine).current(base_id)
    application.documents.delete(ME, gone)
    assert_equal_to_database(application, process(application, engine), base_id)


def test_processes_that_find_a_store_behind_write_it_one_at_a_time(
    application: Application, engine: MilvusEngine, base_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(application, base_id)
    writing: list[int] = []
    plain = MilvusStore.upsert

    def noted(store: MilvusStore, ids: Sequence[int], vectors: Vectors) -> None:
        writing.append(1)
        assert len(writing) == 1, "nobody else is at it"
        plain(store, ids, vectors)
        writing.pop()

    monkeypatch.setattr(MilvusStore, "upsert", noted)
    processes = [process(application, engine) for _ in range(4)]
    with ThreadPoolExecutor(8) as threads:
        found = threads.map(
            lambda number: processes[number % 4].search(query(application), 5, Scope((base_id,))),
            range(8),
        )
        assert [len(matches) for matches in found] == [2] * 8
    assert_equal_to_database(application, processes[0], base_id)


def test_vectors_that_the_server_lost_are_written_again(
    application: Application, engine: MilvusEngine, base_id: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A new process counts; all of its collections gone, a running one notices too."""
    filled(application, base_id)
    running = process(application, engine)
    running.current(base_id).delete(list(running.current(base_id).ids())[:1])
    started = process(application, engine)
    with caplog.at_level(logging.WARNING):
        assert_equal_to_database(application, started, base_id)
    assert "is mended" in caplog.text
    engine.clear()
    assert_equal_to_database(application, running, base_id)


def test_doctor_counts_differences_and_repairs_them(
    application: Application, indexes: MilvusIndexes, base_id: str
) -> None:
    filled(application, base_id)
    store = indexes.current(base_id)
    (one, _) = store.ids()
    row = HashingEmbedder().embed(["x"], kind="document")
    store.delete([one])
    store.upsert([10_000], row)
    assert indexes.differences(base_id, repair=False) == 2
    assert indexes.differences(base_id, repair=True) == 2
    assert indexes.differences(base_id, repair=False) == 0
    assert_equal_to_database(application, indexes, base_id)


def test_a_store_ahead_of_a_restored_database_is_mended(
    application: Application, engine: MilvusEngine, base_id: str
) -> None:
    filled(application, base_id)
    store = process(application, engine).current(base_id)
    store.upsert([10_000], HashingEmbedder().embed(["x"], kind="document"))
    store.sequence += 5
    store.save()
    assert_equal_to_database(application, process(application, engine), base_id)


def test_a_base_embedded_anew_is_built_beside_and_the_old_store_swept(
    application: Application, indexes: MilvusIndexes, engine: MilvusEngine, base_id: str
) -> None:
    filled(application, base_id)
    indexes.current(base_id)
    wider = Wider()
    Reembed(application.db, wider, engine).run("手册", lambda _done, _total: None)
    assert engine.names() == {base_id, f"{base_id}-1"}, "before anybody searched it"
    after = MilvusIndexes(application.db, engine, "wider")
    found = after.search(wider.embed(["年假十五天"], kind="query"), 5, Scope((base_id,)))
    assert len(found) == 2
    assert after.sweep() == 1
    assert engine.names() == {f"{base_id}-1"}
    assert after.current(base_id).count() == 2


def test_stores_are_brought_up_to_date_before_somebody_searches(
    application: Application, indexes: MilvusIndexes, engine: MilvusEngine, base_id: str
) -> None:
    filled(application, base_id)
    indexes.optimise()
    with application.db.read() as session:
        base = session.get_one(KnowledgeBase, base_id)
    store = engine.open(base_id, base.dim, base.embedder)
    assert (store.sequence, store.count()) == (base.sequence, 2)


def test_a_removed_base_takes_its_store_with_it(
    application: Application, indexes: MilvusIndexes, engine: MilvusEngine, base_id: str
) -> None:
    filled(application, base_id)
    store = indexes.current(base_id)
    with application.db.write() as session:
        remove_base(session, base_id)
    indexes.save()
    assert engine.names() == set()
    assert store.ids() == set()


def test_a_process_that_missed_a_move_to_another_engine_makes_no_store(
    application: Application, indexes: MilvusIndexes, engine: MilvusEngine, base_id: str
) -> None:
    filled(application, base_id)
    indexes.current(base_id)
    with application.db.write() as session:
        choose(session, "faiss")
    engine.clear()
    with pytest.raises(SnapshotError, match="moved to another engine"):
        indexes.search(query(application), 5, Scope((base_id,)))
    assert engine.names() == set()


def test_a_server_that_is_away_is_named(application: Application, base_id: str) -> None:
    filled(application, base_id)
    away = process(application, MilvusEngine(Server("http://127.0.0.1:9"), "away"))
    for call in (away.check, lambda: away.current(base_id)):
        with pytest.raises(EngineFailed, match=r"Milvus at http://127\.0\.0\.1:9 failed"):
            call()
    away.save()  # also at the end of a process


def test_a_store_that_is_filled_keeps_no_search_of_another_generation_waiting(
    application: Application, indexes: MilvusIndexes, base_id: str
) -> None:
    """As while the vectors of a new embedder are written beside."""
    filled(application, base_id)
    indexes.current(base_id)
    with alone_with(application.db, f"{base_id}-1"):
        application.add(base_id, "late.txt", "年假可以延到明年三月。")
        application.drain()
        assert len(indexes.search(query(application), 5, Scope((base_id,)))) == 3


def test_whoever_waits_for_a_store_gives_up(application: Application, base_id: str) -> None:
    with (
        alone_with(application.db, base_id),
        pytest.raises(StoreBusy),
        alone_with(application.db, base_id, wait_s=0.01),
    ):
        pytest.fail("two at once")


def test_doctor_compares_without_keeping_others_waiting(
    application: Application,
    indexes: MilvusIndexes,
    base_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    filled(application, base_id)
    plain = MilvusStore.ids

    def listed(store: MilvusStore) -> set[int]:
        with alone_with(application.db, base_id, wait_s=0.01):
            return plain(store)

    indexes.current(base_id)
    monkeypatch.setattr(MilvusStore, "ids", listed)
    assert indexes.differences(base_id, repair=False) == 0
