import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.vectorstore.contract import VectorStoreContract, assert_same, unit_rows
from tests.vectorstore.contract_engine import VectorEngineContract
from vectorstore import EngineMissing, NotOptimised, VectorEngine, VectorStore, vector_engine
from vectorstore.exact import ExactStore
from vectorstore.faiss.engine import FaissEngine
from vectorstore.faiss.store import FaissStore
from vectorstore.pgvector import index
from vectorstore.pgvector.engine import PgVectorEngine
from vectorstore.pgvector.schema import SCHEMA
from vectorstore.pgvector.store import Connections, PgVectorStore
from vectorstore.protocol import Vectors


class TestExactEngine(VectorEngineContract):
    def new_engine(self, request: pytest.FixtureRequest) -> VectorEngine:
        return vector_engine("exact")


class TestFaissEngine(VectorEngineContract):
    def new_engine(self, request: pytest.FixtureRequest) -> VectorEngine:
        folder: Path = request.getfixturevalue("tmp_path")
        return vector_engine("faiss", folder)


@pytest.mark.usefixtures("connections")
class TestPgVectorEngine(VectorEngineContract):
    in_this_process = False

    def new_engine(self, request: pytest.FixtureRequest) -> VectorEngine:
        connections: Connections = request.getfixturevalue("connections")
        return vector_engine("pgvector", connections=connections)


class TestPgVectorGraph(TestPgVectorEngine):
    """The same where every table has a graph from its first row on."""

    def new_store(self, dim: int) -> VectorStore:
        store = super().new_store(dim)
        assert isinstance(self._engine, PgVectorEngine)
        assert isinstance(store, PgVectorStore)
        self._engine.index(store)
        return store


def test_clearing_waits_for_who_writes(connections: Connections) -> None:
    """Whoever writes locks the table first and its row in the list last, and so does this."""
    engine = PgVectorEngine(connections)
    for name in ("one", "two"):
        engine.create(name, 16, "toy").save()
    store = engine.open("two", 16, "toy")
    with ThreadPoolExecutor(1) as another, connections.write() as connection:
        store.joining(connection).upsert([1], unit_rows(1, 0, 16))
        cleared = another.submit(engine.clear)
        with pytest.raises(TimeoutError):
            cleared.result(0.3)
        assert engine.names() == {"two"}, "each is dropped for itself"
        store.joining(connection).save()
    cleared.result()
    assert engine.names() == set()


def test_a_table_whose_graph_cannot_be_built_holds_up_no_other(
    connections: Connections, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(index, "ROWS", 1)
    engine = PgVectorEngine(connections)
    stores = [engine.create(name, 16, "toy") for name in ("one", "two", "three")]
    for store in stores:
        store.upsert(range(10), unit_rows(10, 0, 16))
        store.save()
    with connections.write() as connection:  # its name is taken
        connection.exec_driver_sql(f"CREATE TABLE {SCHEMA}.graph_{stores[0].number} ()")
    said = f"the graph of {SCHEMA}.store_{stores[0].number} could not be built"
    assert (engine.index_large(), caplog.text.count(said)) == (2, 1)
    assert (engine.index_large(), caplog.text.count(said)) == (0, 1), "it is left alone for a while"
    monkeypatch.setattr(index, "PAUSE_S", 0.0)
    assert (engine.index_large(), caplog.text.count(said)) == (0, 2)
    with connections.write() as connection:
        connection.exec_driver_sql(f"DROP TABLE {SCHEMA}.graph_{stores[0].number}")
    assert engine.index_large() == 1


def test_whoever_asks_for_the_graph_of_a_table_hears_that_it_cannot_be_built(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "ROWS", 1)
    engine = PgVectorEngine(connections)
    store, other = (engine.create(name, 16, "toy") for name in ("one", "two"))
    for each in (store, other):
        each.upsert(range(10), unit_rows(10, 0, 16))
        with connections.write() as connection:  # its name is taken
            connection.exec_driver_sql(f"CREATE TABLE {SCHEMA}.graph_{each.number} ()")
    other.save()
    with pytest.raises(NotOptimised, match=f"graph_{store.number}"):
        store.optimise()
    with connections.write() as connection:
        connection.exec_driver_sql(f"DROP TABLE {SCHEMA}.graph_{store.number}")
    assert store.optimise(), "of the other one it asks nothing"


class Clustered(FaissStore):
    """Clustered from the first vector on."""

    def upsert(self, ids: Sequence[int], vectors: Vectors) -> None:
        super().upsert(ids, vectors)
        self.optimise()


class TestFaissClustered(VectorStoreContract):
    """Probing all clusters, it is exact."""

    def new_store(self, dim: int) -> VectorStore:
        return Clustered(dim, clustered_from=1, least_recall=2.0)


class Saved(FaissStore):
    """Saved after every change, so that its rows are mapped; some of them are gone."""

    def upsert(self, ids: Sequence[int], vectors: Vectors) -> None:
        super().upsert(ids, vectors)
        self.optimise()
        self.save()


class TestFaissMapped(VectorStoreContract):
    clustered_from = 10**6

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def new_store(self, dim: int) -> VectorStore:
        return Saved(dim, folder=self.folder, clustered_from=self.clustered_from, least_recall=2.0)


class TestFaissMappedClusters(TestFaissMapped):
    clustered_from = 1


class TestFaissStoreWithoutAFolder(VectorStoreContract):
    def new_store(self, dim: int) -> VectorStore:
        return FaissStore(dim)


def test_an_unknown_engine_is_an_error_that_names_those_there_are() -> None:
    with pytest.raises(EngineMissing, match=r"'pinecone'.*exact, faiss, pgvector"):
        vector_engine("pinecone")


ROWS, TOPICS = 4000, 40


def test_clusters_find_what_is_near_after_any_change_and_a_restart(tmp_path: Path) -> None:
    """Also while they are being found: what is written then is in both indexes."""
    engine = FaissEngine(tmp_path, clustered_from=1000)
    store, exact = engine.create("one", 32, "toy"), ExactStore(32)
    rows = topical(ROWS + 500)
    for each in (store, exact):
        each.upsert(range(ROWS), rows[:ROWS])
    meanwhile = threading.Thread(target=store.optimise)
    meanwhile.start()
    for each in (store, exact):
        each.delete(range(0, ROWS, 4))
        each.upsert(range(ROWS, ROWS + 500), rows[ROWS:])
        each.upsert(range(1, ROWS, 40), rows[: ROWS // 40])
    meanwhile.join()
    assert store.clustered
    assert not store.optimise(), "it was done"
    store.save()
    again = engine.open("one", 32, "toy")
    queries = topical(50, seed=1)
    for each in (store, again):
        assert each.ids() == exact.ids()
        assert recall(each, exact, queries) >= 0.97
        assert_same(each.search(queries, 5, range(1, 900)), exact.search(queries, 5, range(1, 900)))
        few = [id_ for id_ in exact.ids() if id_ % 400]
        assert_same(each.search(queries, 5, deny=few), exact.search(queries, 5, deny=few))


def topical(count: int, seed: int = 0) -> Vectors:
    """Rows `(count, 32)` about some topics."""
    rows = unit_rows(TOPICS, 7, 32)[np.arange(count) % TOPICS] + 0.7 * unit_rows(count, seed, 32)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def recall(store: VectorStore, exact: ExactStore, queries: Vectors) -> float:
    pairs = zip(store.search(queries, 10), exact.search(queries, 10), strict=True)
    return float(np.mean([len({m.id for m in a} & {m.id for m in b}) / 10 for a, b in pairs]))
