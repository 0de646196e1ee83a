import json
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vectorstore.contract import DIM, assert_same, unit_rows
from vectorstore.exact import ExactStore
from vectorstore.faiss import snapshot
from vectorstore.faiss.kinds import new_changeable, new_flat
from vectorstore.faiss.snapshot import MANIFEST
from vectorstore.faiss.store import FaissStore
from vectorstore.protocol import SnapshotError

EMBEDDER = "hashing-16"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A snapshot of 30 vectors at sequence 5."""
    store = FaissStore(DIM, folder=tmp_path / "index", embedder=EMBEDDER)
    store.upsert(range(30), unit_rows(30, 0))
    store.sequence = 5
    store.save()
    return tmp_path / "index"


def load(folder: Path) -> FaissStore:
    return FaissStore(DIM, folder=folder, embedder=EMBEDDER).load()


def index_file(folder: Path) -> Path:
    (path,) = folder.glob("*.faiss")
    return path


def test_comes_back_and_goes_on(folder: Path) -> None:
    store = load(folder)
    assert (store.count(), store.sequence, store.ids()) == (30, 5, set(range(30)))
    assert store.search(unit_rows(30, 0)[4:5], 1)[0][0].id == 4
    store.delete([4])
    store.upsert([100], unit_rows(1, 9))
    store.sequence = 7
    store.save()
    again = load(folder)
    assert again.ids() == set(range(30)) - {4} | {100}
    assert again.sequence == 7
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [MANIFEST, index_file(folder).name]
    )


def test_an_empty_store_is_saved_too(tmp_path: Path) -> None:
    FaissStore(DIM, folder=tmp_path, embedder=EMBEDDER).save()
    assert load(tmp_path).count() == 0


def test_without_a_folder_nothing_is_saved(tmp_path: Path) -> None:
    FaissStore(DIM).save()
    assert list(tmp_path.iterdir()) == []


def test_the_same_vectors_at_a_later_sequence(folder: Path) -> None:
    store = load(folder)
    store.sequence = 6
    store.save()
    assert load(folder).sequence == 6


@pytest.mark.parametrize(("dim", "embedder"), [(DIM + 1, EMBEDDER), (DIM, "another"), (DIM, "")])
def test_another_embedder_is_refused(folder: Path, dim: int, embedder: str) -> None:
    with pytest.raises(SnapshotError, match="expected"):
        FaissStore(dim, folder=folder, embedder=embedder).load()


def test_missing_files(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError):
        load(tmp_path / "nowhere")
    for name in (MANIFEST, index_file(folder).name):
        copy = tmp_path / name
        shutil.copytree(folder, copy)
        (copy / name).unlink()
        with pytest.raises(SnapshotError):
            load(copy)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), of_manifest=st.booleans())
def test_every_flipped_bit_is_noticed(folder: Path, data: st.DataObject, of_manifest: bool) -> None:
    path = folder / MANIFEST if of_manifest else index_file(folder)
    good = path.read_bytes()
    bit = data.draw(st.integers(0, 8 * len(good) - 1))
    bad = bytearray(good)
    bad[bit // 8] ^= 1 << bit % 8
    path.write_bytes(bad)
    try:
        with pytest.raises(SnapshotError):
            load(folder)
    finally:
        path.write_bytes(good)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), of_manifest=st.booleans())
def test_every_truncation_is_noticed(folder: Path, data: st.DataObject, of_manifest: bool) -> None:
    path = folder / MANIFEST if of_manifest else index_file(folder)
    good = path.read_bytes()
    path.write_bytes(good[: data.draw(st.integers(0, len(good) - 1))])
    try:
        with pytest.raises(SnapshotError):
            load(folder)
    finally:
        path.write_bytes(good)


def test_an_edited_sequence_is_noticed(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"sequence": 6}))
    with pytest.raises(SnapshotError):
        load(folder)


@pytest.mark.parametrize("moment", ["writing index", "before manifest", "before removal"])
def test_a_kill_while_saving_leaves_a_whole_snapshot(
    folder: Path, tmp_path: Path, moment: str
) -> None:
    """The folder as a kill at each moment leaves it: the old state or the new one, never a mix."""
    before = tmp_path / "before"
    shutil.copytree(folder, before)
    store = load(folder)
    store.upsert([77], unit_rows(1, 9))
    store.sequence = 6
    store.save()
    new_index = index_file(folder)

    killed = tmp_path / "killed"
    shutil.copytree(before, killed)
    if moment == "writing index":
        (killed / new_index.name).with_suffix(".part").write_bytes(new_index.read_bytes()[:50])
    else:
        shutil.copy(new_index, killed)
        (killed / MANIFEST).with_suffix(".part").write_bytes(b"{")
    if moment == "before removal":
        shutil.copy(folder / MANIFEST, killed)

    opened = load(killed)
    expected = (31, 6) if moment == "before removal" else (30, 5)
    assert (opened.count(), opened.sequence) == expected
    opened.save()
    assert len(list(killed.iterdir())) == 2
    assert load(killed).ids() == opened.ids()


def test_no_foreign_index_is_opened(folder: Path) -> None:
    """A sealed manifest over bytes that are no index of ours is refused all the same."""
    indexes = [
        faiss.IndexFlatIP(DIM),
        faiss.IndexIDMap2(faiss.IndexFlatIP(DIM)),
        new_changeable(DIM),
        new_flat(DIM + 1),
        new_flat(DIM),  # empty, where the manifest speaks of one vector
    ]
    foreign = [faiss.serialize_index(index).tobytes() for index in indexes]
    for data in (b"", b"not an index", bytes(64), *foreign):
        snapshot.write_pieces(folder, [data, bytes(8)], EMBEDDER, DIM, 1, 1)
        with pytest.raises(SnapshotError):
            load(folder)


@pytest.mark.parametrize("ids", [[3, 3], [4, 3], [-1, 3]])
def test_ids_that_cannot_be_are_noticed(folder: Path, ids: list[int]) -> None:
    index = new_flat(DIM)
    index.add(unit_rows(2, 0))
    pieces = [faiss.serialize_index(index).tobytes(), np.array(ids, np.int64).tobytes()]
    snapshot.write_pieces(folder, pieces, EMBEDDER, DIM, 2, 1)
    with pytest.raises(SnapshotError, match="ids"):
        load(folder)


def test_a_snapshot_of_another_release_is_no_damage(folder: Path) -> None:
    manifest = snapshot.read_manifest(folder, EMBEDDER, DIM)
    older = manifest.model_copy(update={"version": 1}).sealed()
    (folder / MANIFEST).write_text(older.model_dump_json())
    with pytest.raises(SnapshotError, match="another release"):
        load(folder)


def test_what_is_saved_stays_in_its_file(tmp_path: Path) -> None:
    store = FaissStore(DIM, folder=tmp_path, embedder=EMBEDDER)
    store.upsert(range(5000), unit_rows(5000, 0))
    in_memory = store.memory_bytes()
    store.save()
    assert store.memory_bytes() < in_memory / 10
    mapped = Path("/proc/self/maps").read_text()
    assert index_file(tmp_path).name in mapped


def test_a_process_takes_the_snapshot_that_another_one_has_written(tmp_path: Path) -> None:
    """So that the rows are in memory once."""
    first, second = (FaissStore(DIM, folder=tmp_path, embedder=EMBEDDER) for _ in range(2))
    for store in (first, second):
        store.upsert(range(30), unit_rows(30, 0))
        store.sequence = 5
    first.save()
    written = index_file(tmp_path).stat().st_ino
    second.save()
    assert index_file(tmp_path).stat().st_ino == written
    assert second.memory_bytes() == first.memory_bytes()
    for store in (first, second):
        store.delete([3])
        store.upsert([40], unit_rows(1, 9))
        store.sequence = 6
    second.save()
    written = index_file(tmp_path).stat().st_ino
    first.save()
    assert index_file(tmp_path).stat().st_ino == written
    assert first.ids() == second.ids() == load(tmp_path).ids() == set(range(30)) - {3} | {40}


def test_a_snapshot_from_before_is_not_taken_for_the_same(folder: Path) -> None:
    """A database that was restored may reach its sequence and its ids with other vectors."""
    store = FaissStore(DIM, folder=folder, embedder=EMBEDDER)
    store.upsert(range(30), unit_rows(30, 1))
    store.sequence = 5
    store.save()
    for each in (store, load(folder)):
        assert each.search(unit_rows(30, 1)[4:5], 1)[0][0].score == pytest.approx(1, abs=1e-3)


def test_processes_that_save_at_once_end_with_one_file(tmp_path: Path) -> None:
    stores = [FaissStore(DIM, folder=tmp_path, embedder=EMBEDDER) for _ in range(4)]
    for round_ in range(1, 6):
        for store in stores:
            store.upsert(range(30 * round_), unit_rows(30 * round_, 0))
            store.sequence = round_
        with ThreadPoolExecutor(len(stores)) as together:
            list(together.map(FaissStore.save, stores))
        assert len({store.memory_bytes() for store in stores}) == 1
        assert Path("/proc/self/maps").read_text().count(index_file(tmp_path).name) >= len(stores)


def test_another_sequence_or_other_ids_are_written_over(tmp_path: Path) -> None:
    for ids, sequence in ((range(30), 4), (range(1, 31), 5)):
        folder = tmp_path / str(sequence)
        first, second = (FaissStore(DIM, folder=folder, embedder=EMBEDDER) for _ in range(2))
        first.upsert(range(30), unit_rows(30, 0))
        first.sequence = 5
        first.save()
        second.upsert(ids, unit_rows(30, 0))
        second.sequence = sequence
        second.save()
        assert (load(folder).ids(), load(folder).sequence) == (set(ids), sequence)


@pytest.mark.parametrize("clustered_from", [10_000, 1000])
def test_what_is_written_while_it_is_saved_is_kept(tmp_path: Path, clustered_from: int) -> None:
    """And while clusters are found, which ends before or after."""
    store = FaissStore(
        DIM, folder=tmp_path, embedder=EMBEDDER, clustered_from=clustered_from, least_recall=2.0
    )
    exact = ExactStore(DIM)
    rows = unit_rows(2500, 0)
    for each in (store, exact):
        each.upsert(range(2000), rows[:2000])
    with ThreadPoolExecutor(2) as others:
        running: list[Future[object]] = [others.submit(store.optimise), others.submit(store.save)]
        for number in range(50):
            for each in (store, exact):
                each.upsert([2000 + number], rows[2000 + number : 2001 + number])
                each.upsert([number], rows[2100 + number : 2101 + number])
                each.delete([500 + number])
            if running[1].done():
                running.append(others.submit(store.save))
        for future in running:
            future.result()
    store.save()
    queries = unit_rows(20, 5)
    for opened in (store, load(tmp_path)):
        assert opened.ids() == exact.ids()
        assert_same(opened.search(queries, 5), exact.search(queries, 5))
