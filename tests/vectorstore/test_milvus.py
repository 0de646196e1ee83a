"""Milvus: the contract of all engines, and what is its own."""

import sys

import pytest

from tests.vectorstore.contract import DIM, assert_same, unit_rows
from tests.vectorstore.contract_engine import EMBEDDER, VectorEngineContract
from vectorstore import EngineFailed, EngineMissing, SnapshotError, VectorEngine, vector_engine
from vectorstore.exact import ExactStore
from vectorstore.milvus import store as stores
from vectorstore.milvus.collections import BOUNDED, STRONG
from vectorstore.milvus.engine import MilvusEngine
from vectorstore.milvus.server import Server


class TestMilvusEngine(VectorEngineContract):
    in_this_process = False

    def new_engine(self, request: pytest.FixtureRequest) -> VectorEngine:
        engine: MilvusEngine = request.getfixturevalue("milvus")
        return engine


@pytest.mark.parametrize("deny", [(), range(0, 60, 2)])
def test_several_stores_are_searched_as_one(milvus: MilvusEngine, deny: range) -> None:
    exact = ExactStore(DIM)
    of_all = []
    for number, name in enumerate(("one", "two", "three")):
        ids = range(20 * number, 20 * number + 20)
        of_all.append(milvus.create(name, DIM, EMBEDDER))
        of_all[-1].upsert(ids, unit_rows(20, number))
        exact.upsert(ids, unit_rows(20, number))
    query = unit_rows(1, 9)
    assert_same([milvus.search(of_all, query, 7, None, deny)], exact.search(query, 7, None, deny))
    among = milvus.search(of_all[:2], query, 40)
    assert {match.id for match in among} == set(range(40)), "the third was not asked"
    assert milvus.search([], query, 7) == []


def test_of_two_saved_under_a_name_the_later_counts(
    milvus: MilvusEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a process was killed before it dropped the earlier one."""
    before = milvus.create("one", DIM, EMBEDDER)
    before.upsert([1], unit_rows(1, 0))
    before.save()
    anew = milvus.create("one", DIM, EMBEDDER)
    anew.upsert([2], unit_rows(1, 0))
    monkeypatch.setattr(anew, "_drop", lambda _entry: None)
    anew.save()
    assert milvus.open("one", DIM, EMBEDDER).ids() == {2}
    third = milvus.create("one", DIM, EMBEDDER)
    assert third.ids() == set(), "where the first one was"
    third.save()
    assert milvus.open("one", DIM, EMBEDDER).ids() == set()
    assert anew.ids() == set()


def test_searches_are_strong_until_a_change_has_settled(
    milvus: MilvusEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = milvus.create("one", DIM, EMBEDDER)
    assert store.consistency == STRONG, "another process may have written just now"
    monkeypatch.setattr(stores, "_SETTLED_S", -1.0)
    assert store.consistency == BOUNDED
    store.upsert([1], unit_rows(1, 0))
    monkeypatch.undo()
    assert store.consistency == STRONG


def test_vectors_that_are_more_than_a_message_holds(
    milvus: MilvusEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "_BYTES_AT_ONCE", 3 * 4 * DIM)
    monkeypatch.setattr(stores, "_DELETED_AT_ONCE", 3)
    monkeypatch.setattr(stores, "_IDS_AT_ONCE", 3)
    store = milvus.create("one", DIM, EMBEDDER)
    store.upsert(range(10), unit_rows(10, 0))
    assert store.ids() == set(range(10))
    store.delete(range(7))
    assert (store.ids(), store.count()) == ({7, 8, 9}, 3)


def test_a_collection_that_is_gone_is_an_error_of_its_own(milvus: MilvusEngine) -> None:
    store = milvus.create("one", DIM, EMBEDDER)
    store.save()
    milvus.clear()
    with pytest.raises(SnapshotError):
        store.search(unit_rows(1, 0), 1)
    assert milvus.names() == set()
    milvus.create("one", DIM, EMBEDDER).upsert([1], unit_rows(1, 0))


def test_without_the_package_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    engine = vector_engine("milvus", server=Server("http://127.0.0.1:9"))
    with pytest.raises(EngineMissing, match=r"pip install 'zhiwen\[milvus\]'"):
        engine.names()


def test_a_server_that_does_not_answer_is_named_without_its_token() -> None:
    server = Server("http://127.0.0.1:9", "root:secret")
    with pytest.raises(EngineFailed, match=r"Milvus at http://127\.0\.0\.1:9 failed") as raised:
        MilvusEngine(server, "test").check()
    assert "secret" not in f"{raised.value} {server}"


def test_a_search_that_found_all_there_are_asks_once(
    milvus: MilvusEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer than were asked for may also mean that a search in the graph gave up."""
    store = milvus.create("one", DIM, EMBEDDER)
    store.upsert(range(20), unit_rows(20, 0))
    assert store.known_count() == 20
    asked: list[int] = []
    with milvus._server.client() as client:
        plain = client.search

    def noted(*args: object, **options: object) -> object:
        asked.append(1)
        return plain(*args, **options)

    monkeypatch.setattr(client, "search", noted)
    assert len(milvus.search([store], unit_rows(1, 9), 40)) == 20
    assert len(milvus.search([store], unit_rows(1, 9), 3, range(3))) == 3
    assert len(milvus.search([store], unit_rows(1, 9), 2, range(5), [0])) == 2
    assert len(asked) == 3
    store.delete([0])
    assert store.known_count() == 19
