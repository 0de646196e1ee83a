"""What every vector store must do. A test class per engine inherits this and gives `new_store`.

All answers are held against `ExactStore`, within the rounding of float16.
"""

import threading
from collections.abc import Collection

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from vectorstore.exact import ExactStore
from vectorstore.protocol import DimensionMismatch, Match, Vectors, VectorStore

DIM = 16
ROUNDING = 1e-3


def unit_rows(count: int, seed: int, dim: int = DIM) -> Vectors:
    """Random rows `(count, dim)`, float32, L2-normalised."""
    rows = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    normed: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return normed


def assert_same(found: list[list[Match]], expected: list[list[Match]]) -> None:
    """The same scores in the same order, and the same ids wherever scores are clearly apart."""
    assert len(found) == len(expected)
    for row, right in zip(found, expected, strict=True):
        assert len(row) == len(right)
        assert_allclose([m.score for m in row], [m.score for m in right], atol=ROUNDING)
        edge = right[-1].score + ROUNDING if right else 0.0
        assert {m.id for m in row if m.score > edge} <= {m.id for m in right}
        assert len({m.id for m in row}) == len(row)


class VectorStoreContract:
    def new_store(self, dim: int) -> VectorStore:
        raise NotImplementedError

    def filled(self, count: int, seed: int = 0) -> tuple[VectorStore, ExactStore]:
        store, exact = self.new_store(DIM), ExactStore(DIM)
        rows = unit_rows(count, seed)
        for engine in (store, exact):
            engine.upsert(range(count), rows)
        return store, exact

    def test_empty(self) -> None:
        store = self.new_store(DIM)
        assert store.count() == 0
        assert store.ids() == set()
        assert store.search(unit_rows(2, 1), 5) == [[], []]
        store.delete([1, 2])
        store.upsert([], np.empty((0, DIM), np.float32))
        assert store.count() == 0

    @pytest.mark.parametrize("k", [1, 7, 50, 300])
    def test_agrees_with_exact(self, k: int) -> None:
        store, exact = self.filled(200)
        queries = unit_rows(5, 1)
        assert_same(store.search(queries, k), exact.search(queries, k))

    def test_finds_itself_first(self) -> None:
        store, _ = self.filled(50)
        for id_, matches in enumerate(store.search(unit_rows(50, 0), 3)):
            assert matches[0].id == id_
            assert matches[0].score == pytest.approx(1.0, abs=ROUNDING)

    def test_no_results_without_k_or_queries(self) -> None:
        store, _ = self.filled(5)
        assert store.search(unit_rows(1, 1), 0) == [[]]
        assert store.search(np.empty((0, DIM), np.float32), 3) == []

    def test_upsert_replaces(self) -> None:
        store, _ = self.filled(20)
        new = unit_rows(1, 99)
        store.upsert([7], new)
        assert store.count() == 20
        assert store.search(new, 1)[0][0].id == 7
        old = unit_rows(20, 0)[7:8]
        assert all(match.score < 0.99 for match in store.search(old, 20)[0])

    def test_of_an_id_given_twice_the_last_row_counts(self) -> None:
        store = self.new_store(DIM)
        rows = unit_rows(3, 0)
        store.upsert([4, 4, 5], rows)
        assert store.count() == 2
        assert store.search(rows[1:2], 1)[0][0].id == 4
        assert store.search(rows[:1], 1)[0][0].score < 0.99

    def test_the_callers_array_is_not_kept(self) -> None:
        store = self.new_store(DIM)
        rows = unit_rows(1, 0)
        store.upsert([1], rows)
        rows[:] = 0
        assert store.search(unit_rows(1, 0), 1)[0][0].score == pytest.approx(1, abs=ROUNDING)

    def test_delete(self) -> None:
        store, exact = self.filled(100)
        for engine in (store, exact):
            engine.delete([*range(0, 100, 3), 5000])
        assert store.ids() == exact.ids()
        assert store.count() == len(store.ids())
        queries = unit_rows(3, 1)
        assert_same(store.search(queries, 100), exact.search(queries, 100))

    def test_large_ids(self) -> None:
        store = self.new_store(DIM)
        store.upsert([2**63 - 1, 0], unit_rows(2, 0))
        assert store.ids() == {2**63 - 1, 0}
        assert store.search(unit_rows(1, 0), 1)[0][0].id == 2**63 - 1

    @pytest.mark.parametrize("copies", [3, 40])
    def test_ties_go_to_the_smaller_id(self, copies: int) -> None:
        store = self.new_store(DIM)
        row = unit_rows(1, 0)
        ids = [int(i) for i in np.random.default_rng(3).permutation(copies)]
        store.upsert(ids, np.repeat(row, copies, axis=0))
        store.upsert([1000], -row)
        for k in (1, 2, copies - 1):
            assert [match.id for match in store.search(row, k)[0]] == list(range(k))

    @pytest.mark.parametrize(
        "allow", [[], [3], range(0, 200, 2), {5, 9999}, frozenset(range(200)), [9999]]
    )
    def test_allow(self, allow: Collection[int]) -> None:
        store, exact = self.filled(200)
        queries = unit_rows(3, 1)
        found = store.search(queries, 20, allow)
        assert_same(found, exact.search(queries, 20, allow))
        assert {match.id for row in found for match in row} <= set(allow)

    @pytest.mark.parametrize("deny", [[], [3], range(0, 200, 2), range(200), {5, 9999}])
    @pytest.mark.parametrize("allow", [None, [3, 4], range(100)])
    def test_deny(self, deny: Collection[int], allow: Collection[int] | None) -> None:
        """What is denied takes no place: there are `k` others where there are so many."""
        store, exact = self.filled(200)
        queries = unit_rows(3, 1)
        found = store.search(queries, 20, allow, deny)
        assert_same(found, exact.search(queries, 20, allow, deny))
        left = set(range(200) if allow is None else allow) - set(deny)
        assert all(len(row) == min(20, len(left)) for row in found)
        assert {match.id for row in found for match in row} <= left

    @pytest.mark.parametrize("shape", [(2, DIM + 1), (2, DIM - 1), (DIM,), (1, 2, DIM)])
    def test_other_widths_are_refused(self, shape: tuple[int, ...]) -> None:
        store = self.new_store(DIM)
        wrong = np.zeros(shape, np.float32)
        with pytest.raises(DimensionMismatch):
            store.upsert([1, 2], wrong)
        with pytest.raises(DimensionMismatch):
            store.search(wrong, 1)
        assert store.count() == 0

    def test_wrong_ids_are_refused(self) -> None:
        store = self.new_store(DIM)
        for ids in ([1], [1, 2, 3], [1, -2]):
            with pytest.raises(ValueError, match="ids"):
                store.upsert(ids, unit_rows(2, 0))
        assert store.count() == 0

    # The engines inherit this test, so it has an executor for each of them.
    @settings(
        max_examples=40,
        suppress_health_check=[HealthCheck.differing_executors],
    )
    @given(
        steps=st.lists(
            st.tuples(
                st.booleans(), st.lists(st.integers(0, 25), max_size=8), st.integers(0, 2**32 - 1)
            ),
            max_size=12,
        ),
        k=st.integers(1, 30),
        allow=st.none() | st.sets(st.integers(0, 30)),
        deny=st.sets(st.integers(0, 30)),
    )
    def test_any_history_agrees_with_exact(
        self,
        steps: list[tuple[bool, list[int], int]],
        k: int,
        allow: set[int] | None,
        deny: set[int],
    ) -> None:
        store, exact = self.new_store(DIM), ExactStore(DIM)
        for adds, ids, seed in steps:
            for engine in (store, exact):
                if adds:
                    engine.upsert(ids, unit_rows(len(ids), seed))
                else:
                    engine.delete(ids)
        assert store.ids() == exact.ids()
        assert store.count() == exact.count()
        queries = unit_rows(2, 7)
        expected = exact.search(queries, k, allow, deny)
        assert_same(store.search(queries, k, allow, deny), expected)

    def test_what_makes_it_fast_changes_no_answer(self) -> None:
        store, exact = self.filled(400)
        store.optimise()
        assert not store.optimise(), "there is nothing left to do"
        queries = unit_rows(5, 1)
        assert_same(store.search(queries, 10), exact.search(queries, 10))

    def test_many_writers_at_once(self) -> None:
        store = self.new_store(DIM)
        rows = unit_rows(80, 0)

        def write(first: int) -> None:
            for id_ in range(first, 80, 4):
                store.upsert([id_], rows[id_ : id_ + 1])
            store.delete([first])

        writers = [threading.Thread(target=write, args=(first,)) for first in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert store.ids() == set(range(4, 80))
        assert [found[0].id for found in store.search(rows[4:], 1)] == list(range(4, 80))

    def test_searches_while_others_write(self) -> None:
        store, _ = self.filled(100)
        fixed = unit_rows(100, 0)
        errors: list[BaseException] = []
        stop = threading.Event()

        def search() -> None:
            try:
                while not stop.is_set():
                    found = store.search(fixed[:5], 3)
                    assert [row[0].id for row in found] == [0, 1, 2, 3, 4]
            except BaseException as error:
                errors.append(error)

        readers = [threading.Thread(target=search) for _ in range(3)]
        for reader in readers:
            reader.start()
        for round_ in range(60):
            ids = range(100, 160)
            store.upsert(ids, unit_rows(60, round_ + 1))
            store.delete(ids[::2])
        stop.set()
        for reader in readers:
            reader.join()
        assert errors == []
        assert store.ids() == set(range(100)) | set(range(101, 160, 2))
