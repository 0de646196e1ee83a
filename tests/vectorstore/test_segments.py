"""Stores of which a part is mapped and a part is in memory; several processes at one folder."""

import fcntl
import os
import resource
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.patience import PATIENCE_S
from tests.vectorstore.contract import DIM, unit_rows
from vectorstore.faiss import snapshot
from vectorstore.faiss.store import FaissStore
from vectorstore.protocol import SnapshotError, Vectors

MANY = 384


def store(folder: Path, *, clustered_from: int = 10**6, dim: int = DIM) -> FaissStore:
    return FaissStore(dim, folder=folder, clustered_from=clustered_from, least_recall=0.9)


def filled(folder: Path, count: int, *, clustered_from: int = 10**6) -> FaissStore:
    made = store(folder, clustered_from=clustered_from)
    made.upsert(range(count), unit_rows(count, 0))
    made.sequence = 1
    return made


@pytest.mark.parametrize("clustered_from", [1, 10**6])
@pytest.mark.parametrize("allow", [None, [*range(0, 100, 2), 81], range(4000)])
def test_ties_in_both_parts_go_to_the_smaller_id(
    tmp_path: Path, clustered_from: int, allow: list[int] | None
) -> None:
    """FAISS and NumPy round differently in the last bit."""
    rows = unit_rows(2000, 1, MANY).astype(np.float16).astype(np.float32)
    rows[[10, 20, 30, 40]] = rows[0]
    made = store(tmp_path, clustered_from=clustered_from, dim=MANY)
    made.upsert(range(0, 4000, 2), rows)
    made.optimise()
    made.save()
    made.upsert([1, 21, 81], np.repeat(rows[:1], 3, axis=0))
    equal = [0, 1, 20, 21, 40, 60, 80, 81]
    expected = [id_ for id_ in equal if allow is None or id_ in allow][:6]
    for seed in range(30):
        query: Vectors = rows[:1] + unit_rows(1, 100 + seed, MANY)
        query /= np.linalg.norm(query)
        assert [match.id for match in made.search(query, 6, allow)[0]] == expected


def test_a_query_that_is_no_number_ends(tmp_path: Path) -> None:
    made = filled(tmp_path, 500, clustered_from=1)
    made.optimise()
    nothing = np.full((1, DIM), np.nan, np.float32)
    asking = threading.Thread(target=made.search, args=(nothing, 3), daemon=True)
    asking.start()
    asking.join(PATIENCE_S)
    assert not asking.is_alive()
    assert made.search(unit_rows(1, 0), 1)[0][0].id == 0


def test_clusters_are_not_given_up_for_the_file_of_a_process_without(tmp_path: Path) -> None:
    clustered, flat = (filled(tmp_path, 500, clustered_from=100) for _ in range(2))
    clustered.optimise()
    clustered.save()
    for each in (clustered, flat):
        each.upsert([900], unit_rows(1, 3))
        each.sequence = 2
    flat.save()
    clustered.save()
    assert clustered.clustered
    assert store(tmp_path).load().clustered


def test_a_snapshot_that_is_replaced_while_it_is_opened_is_opened_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = filled(tmp_path, 20)
    writing.save()
    read = snapshot.read

    def replaced(folder: Path, manifest: snapshot.Manifest) -> object:
        if writing.sequence == 1:
            writing.delete([3])
            writing.sequence = 2
            writing.save()
        return read(folder, manifest)

    monkeypatch.setattr(snapshot, "read", replaced)
    opened = store(tmp_path).load()
    assert (opened.sequence, opened.count()) == (2, 19)


def test_a_file_that_is_gone_at_once_is_an_error_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> object:
        raise SnapshotError("it was dropped")

    made = filled(tmp_path, 20)
    monkeypatch.setattr(snapshot, "map_segment", gone)
    with pytest.raises(OSError, match="dropped"):
        made.save()
    assert made.count() == 20


def test_a_process_that_never_ends_its_save_holds_up_no_other_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = filled(tmp_path, 20)
    made.save()
    monkeypatch.setattr(snapshot, "PATIENCE_S", 0.1)
    holder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        with pytest.raises(OSError):
            made.save()
    finally:
        os.close(holder)
    made.save()


def test_a_save_without_room_leaves_nothing_half_written(tmp_path: Path) -> None:
    made = filled(tmp_path, 2000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(OSError):
            made.save()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
    made.save()
    assert store(tmp_path).load().count() == 2000


def test_open_bases_hold_no_files_open(tmp_path: Path) -> None:
    files = Path("/proc/self/fd")
    before = len(list(files.iterdir()))
    kept = []
    for number in range(20):
        made = filled(tmp_path / str(number), 30)
        made.save()
        kept.append(made)
    assert len(list(files.iterdir())) - before < len(kept)
