"""Which indexes are in memory, and that the bases keep out of each other's way."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import event

from app.rag.types import Scope
from app.services.errors import NotFound
from app.services.people.access import LOCAL_OWNER as ME
from app.services.search.indexes import Indexes
from tests.patience import PATIENCE_S
from tests.services.conftest import HANDBOOK, MANUAL, Application
from vectorstore import VectorStore
from vectorstore.exact import ExactEngine, ExactStore
from vectorstore.faiss import segments
from vectorstore.faiss.snapshot import MANIFEST

MIB = 1024 * 1024


def filled(application: Application, *names: str) -> list[str]:
    """Bases of one document each."""
    ids = [application.base(name) for name in names]
    for base_id in ids:
        application.add(base_id, "gateway.md", MANUAL)
    application.drain()
    return ids


def search(application: Application, indexes: Indexes, *base_ids: str) -> list[int]:
    vector = application.embedder.embed(["24 volt"], kind="query")
    return [match.id for match in indexes.search(vector, 5, Scope(tuple(base_ids)))]


def room_for(application: Application, base_id: str, count: int) -> float:
    """MiB for that many indexes like the base's, and half of another one."""
    return (count + 0.5) * application.indexes().current(base_id).memory_bytes() / MIB


def snapshots(application: Application) -> set[str]:
    return {
        manifest.parent.name for manifest in (application.folder / "indexes").glob(f"*/{MANIFEST}")
    }


def test_a_base_that_another_process_removes_leaves_memory_at_the_next_look(
    application: Application,
) -> None:
    first, second = filled(application, "first", "second")
    indexes = application.indexes()
    assert len(search(application, indexes, first, second)) == 2
    indexes.save()
    assert snapshots(application) == {first, second}

    application.documents.delete_base(ME, first)
    search(application, indexes, second)

    assert indexes.in_memory == [second]
    with pytest.raises(NotFound):
        search(application, indexes, first, second)
    indexes.save()
    assert snapshots(application) == {second}


def test_a_removed_base_that_nobody_asks_for_leaves_memory_with_the_next_save(
    application: Application,
) -> None:
    (base_id,) = filled(application, "first")
    indexes = application.indexes()
    search(application, indexes, base_id)
    application.documents.delete_base(ME, base_id)
    indexes.save()
    assert indexes.in_memory == []
    assert snapshots(application) == set()


def in_memory_alone(application: Application, memory_mib: float) -> Indexes:
    """Of an engine without files."""
    db, name = application.db, application.embedder.name
    return Indexes(db, ExactEngine(), name, memory_mib=memory_mib)


@pytest.fixture
def of_rows_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bases of these tests have a row or two, which take less than what holds them."""
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 0)


@pytest.mark.usefixtures("of_rows_alone")
def test_saved_indexes_leave_memory_and_stay_open(application: Application) -> None:
    first, second, third = filled(application, "first", "second", "third")
    indexes = application.indexes(memory_mib=room_for(application, first, 2))
    search(application, indexes, first, second)
    assert snapshots(application) == set()
    search(application, indexes, first)
    search(application, indexes, third)
    assert snapshots(application) == {second}, "the one that was not used for longest"
    assert indexes.in_memory == [second, first, third]
    assert not indexes.full
    assert len(search(application, indexes, first, second, third)) == 3


def test_the_bases_not_used_for_longest_leave_memory(application: Application) -> None:
    first, second, third = filled(application, "first", "second", "third")
    size = in_memory_alone(application, 100).current(first).memory_bytes()
    indexes = in_memory_alone(application, 2.5 * size / MIB)
    expected = [search(application, indexes, base_id) for base_id in (first, second)]
    search(application, indexes, first)
    assert not indexes.full
    search(application, indexes, third)
    assert indexes.in_memory == [first, third]
    assert [search(application, indexes, base_id) for base_id in (first, second)] == expected
    assert indexes.in_memory == [first, second]
    assert sorted(search(application, indexes, first, second, third)) == sorted(
        search(application, application.indexes(), first, second, third)
    ), "also where they are not in memory together"


def test_a_base_larger_than_the_bound_is_searched_all_the_same(application: Application) -> None:
    first, second = filled(application, "first", "second")
    indexes = in_memory_alone(application, 1e-6)
    for base_id in (first, second, first):
        assert search(application, indexes, base_id)
        assert indexes.in_memory == [base_id]
        assert indexes.full


@pytest.mark.usefixtures("of_rows_alone")
def test_one_unsaved_index_above_the_bound_closes_no_other(application: Application) -> None:
    first, second, large = filled(application, "first", "second", "large")
    indexes = application.indexes(memory_mib=room_for(application, first, 0))
    search(application, indexes, first, second)
    indexes.save()
    search(application, indexes, large)
    assert indexes.in_memory == [first, second, large]
    assert snapshots(application) == {first, second, large}


@pytest.mark.usefixtures("of_rows_alone")
def test_an_index_that_left_memory_is_as_it_was(application: Application) -> None:
    first, second = filled(application, "first", "second")
    indexes = application.indexes(memory_mib=room_for(application, first, 2))
    search(application, indexes, first)
    application.add(first, "手册.md", HANDBOOK)
    application.drain()
    search(application, indexes, first)
    assert snapshots(application) == set()

    search(application, indexes, second)

    assert indexes.in_memory == [first, second]
    assert snapshots(application) == {first}
    assert len(search(application, indexes, first)) == 2
    opened = application.indexes()
    assert len(search(application, opened, first)) == 2
    assert opened.repaired == {}, "opened from its snapshot"


def test_an_index_that_cannot_be_saved_leaves_memory_too(application: Application) -> None:
    first, second = filled(application, "first", "second")
    indexes = application.indexes(memory_mib=room_for(application, first, 1))
    (application.folder / "indexes").write_text("a file where the folder should be")
    search(application, indexes, first)
    search(application, indexes, second)
    assert indexes.in_memory == [second]
    assert len(search(application, indexes, first)) == 1, "built from the database"


class Gated(ExactEngine):
    """Opening the store of that base takes until `go_on`."""

    def __init__(self, gated: str) -> None:
        self.gated = gated
        self.opening, self.go_on = threading.Event(), threading.Event()

    def open(self, name: str, dim: int, embedder: str) -> ExactStore:
        if name == self.gated:
            self.opening.set()
            assert self.go_on.wait(PATIENCE_S)
        return super().open(name, dim, embedder)


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("full", [False, True])
def test_opening_one_base_does_not_hold_up_searches_in_another(
    application: Application, full: bool
) -> None:
    slow, second, third = filled(application, "slow", "second", "third")
    engine = Gated(slow)
    indexes = Indexes(
        application.db, engine, application.embedder.name, memory_mib=1e-6 if full else 100
    )
    search(application, indexes, second)
    opening = in_thread(lambda: search(application, indexes, slow))
    assert engine.opening.wait(PATIENCE_S)
    found: list[list[int]] = []

    searching = in_thread(
        lambda: found.extend(search(application, indexes, base_id) for base_id in (second, third))
    )
    searching.join(PATIENCE_S)

    assert [len(each) for each in found] == [1, 1], "while the first one is being opened"
    assert opening.is_alive()
    engine.go_on.set()
    opening.join()
    assert indexes.in_memory[-1] == slow


def test_whoever_waits_for_an_index_holds_no_connection_to_the_database(
    application: Application,
) -> None:
    (base_id,) = filled(application, "slow")
    engine = Gated(base_id)
    indexes = Indexes(application.db, engine, application.embedder.name)
    opened: list[VectorStore] = []
    first = in_thread(lambda: opened.append(indexes.current(base_id)))
    assert engine.opening.wait(PATIENCE_S)
    returned = threading.Semaphore(0)
    event.listen(application.db.engine, "checkin", lambda *_: returned.release())

    waiting = [in_thread(lambda: opened.append(indexes.current(base_id))) for _ in range(3)]
    for _ in waiting:  # each has looked at the base
        assert returned.acquire(timeout=PATIENCE_S)

    assert application.db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # QueuePool's
    engine.go_on.set()
    for thread in (first, *waiting):
        thread.join()
    assert len(opened) == 4
    assert len(set(map(id, opened))) == 1, "opened once"


def test_the_first_index_of_a_base_is_no_repair(
    application: Application, caplog: pytest.LogCaptureFixture
) -> None:
    (first,) = filled(application, "first")
    indexes = application.indexes()
    assert search(application, indexes, first)
    assert indexes.repaired == {}
    assert not [each for each in caplog.records if each.levelname == "WARNING"]
    indexes.save()
    for file in (application.folder / "indexes").rglob("*.faiss"):
        file.write_bytes(b"damaged")
    opened = application.indexes()
    assert search(application, opened, first)
    assert list(opened.repaired) == ["first"]
