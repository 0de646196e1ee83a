import json
import shutil
from pathlib import Path

import faiss
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vectorstore.contract import DIM, unit_rows
from vectorstore.faiss import snapshot
from vectorstore.faiss.kinds import new_index
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
        new_index(DIM + 1),
        new_index(DIM),  # empty, where the manifest speaks of one vector
    ]
    foreign = [faiss.serialize_index(index).tobytes() for index in indexes]
    for data in (b"", b"not an index", bytes(64), *foreign):
        snapshot.write(folder, data, EMBEDDER, DIM, 1, 1)
        with pytest.raises(SnapshotError):
            load(folder)
