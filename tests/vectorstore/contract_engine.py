"""What every vector engine must do. A test class per engine inherits this and gives `engine`."""

import pytest

from tests.vectorstore.contract import DIM, VectorStoreContract, unit_rows
from vectorstore import SnapshotError, VectorEngine, VectorStore

EMBEDDER = "hashing-16"


class VectorEngineContract(VectorStoreContract):
    """The stores that the engine makes do what all stores do."""

    in_this_process = True  # where the vectors are

    @pytest.fixture(autouse=True)
    def engine(self, request: pytest.FixtureRequest) -> VectorEngine:
        """An engine without stores."""
        self._engine = self.new_engine(request)
        return self._engine

    def new_engine(self, request: pytest.FixtureRequest) -> VectorEngine:
        raise NotImplementedError

    def new_store(self, dim: int) -> VectorStore:
        return self._engine.create("one", dim, EMBEDDER)

    def test_nothing_is_kept_before_it_is_saved(self, engine: VectorEngine) -> None:
        engine.create("one", DIM, EMBEDDER).upsert([1], unit_rows(1, 0))
        assert engine.names() == set()
        with pytest.raises(SnapshotError):
            engine.open("one", DIM, EMBEDDER)

    def test_what_is_opened_is_what_was_saved(self, engine: VectorEngine) -> None:
        """An engine may keep nothing; what it opens is never anything else."""
        for number, name in enumerate(("one", "two"), start=1):
            store = engine.create(name, DIM, EMBEDDER)
            store.upsert(range(10 * number), unit_rows(10 * number, number))
            store.sequence = number
            store.save()
        assert engine.names() in (set(), {"one", "two"})
        for name in engine.names():
            number = ("one", "two").index(name) + 1
            store = engine.open(name, DIM, EMBEDDER)
            assert (store.sequence, store.ids()) == (number, set(range(10 * number)))
            assert store.search(unit_rows(10, number)[3:4], 1)[0][0].id == 3

    def test_another_embedder_or_width_is_not_opened(self, engine: VectorEngine) -> None:
        engine.create("one", DIM, EMBEDDER).save()
        for dim, embedder in ((DIM + 1, EMBEDDER), (DIM, "another")):
            with pytest.raises(SnapshotError):
                engine.open("one", dim, embedder)

    def test_generations_stand_side_by_side(self, engine: VectorEngine) -> None:
        """As while a base is embedded anew: another name, dimension and embedder."""
        old = engine.create("one", DIM, EMBEDDER)
        old.upsert(range(10), unit_rows(10, 0))
        old.save()
        new = engine.create("one-1", 2 * DIM, "wider")
        new.upsert(range(10), unit_rows(10, 0, 2 * DIM))
        new.save()
        old.delete([3])
        assert (old.count(), new.count()) == (9, 10)
        assert new.search(unit_rows(10, 0, 2 * DIM)[3:4], 1)[0][0].id == 3
        engine.drop("one")
        assert new.search(unit_rows(10, 0, 2 * DIM)[3:4], 1)[0][0].id == 3

    def test_the_store_before_answers_until_its_successor_is_saved(
        self, engine: VectorEngine
    ) -> None:
        before = engine.create("one", DIM, EMBEDDER)
        before.upsert([1], unit_rows(1, 0))
        before.save()
        anew = engine.create("one", DIM, EMBEDDER)
        anew.upsert([2, 3], unit_rows(2, 1))
        for name in engine.names():
            assert engine.open(name, DIM, EMBEDDER).ids() == {1}
        anew.save()
        for name in engine.names():
            assert engine.open(name, DIM, EMBEDDER).ids() == {2, 3}

    def test_a_dropped_store_cannot_be_opened(self, engine: VectorEngine) -> None:
        for name in ("one", "two"):
            engine.create(name, DIM, EMBEDDER).save()
        kept = engine.names() - {"one"}
        engine.drop("one")
        engine.drop("one")
        assert engine.names() == kept
        with pytest.raises(SnapshotError):
            engine.open("one", DIM, EMBEDDER)

    def test_memory_grows_with_the_vectors(self, engine: VectorEngine) -> None:
        store = engine.create("one", DIM, EMBEDDER)
        taken = [store.memory_bytes()]
        for count in (10, 1000):
            store.upsert(range(count), unit_rows(count, 0))
            taken.append(store.memory_bytes())
        store.delete(range(1000))
        if not self.in_this_process:
            assert taken == [0, 0, 0]
            return
        assert taken == sorted(set(taken)), "strictly more"
        assert store.memory_bytes() == taken[0]
