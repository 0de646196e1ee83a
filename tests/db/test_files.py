"""What every store of files keeps to."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.errors import FileMissing, FileTooLarge
from app.db.files import FileStore, LocalFiles, StoredFile
from app.db.object_files import ObjectFiles

LIMIT = 1000


@pytest.fixture(params=["folder", "object store"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    if request.param == "folder":
        return LocalFiles(tmp_path / "files")
    return ObjectFiles(request.getfixturevalue("files_url"), tmp_path / "files")


def put(files: FileStore, *parts: bytes) -> StoredFile:
    with files.writer(LIMIT) as upload:
        for part in parts:
            upload.write(part)
        return upload.commit()


def parts_left(tmp_path: Path) -> list[Path]:
    return list(tmp_path.rglob("*.part"))


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(parts=st.lists(st.binary(max_size=50), max_size=10))
def test_comes_back_as_it_was(files: FileStore, parts: list[bytes]) -> None:
    stored = put(files, *parts)
    data = b"".join(parts)
    assert stored.sha256 == hashlib.sha256(data).hexdigest()
    assert stored.size_bytes == len(data)
    assert files.has(stored.sha256)
    with files.local(stored.sha256) as path:
        assert path.read_bytes() == data


def test_the_same_bytes_are_kept_once(files: FileStore, tmp_path: Path) -> None:
    assert put(files, b"abc") == put(files, b"a", b"bc")
    assert len(list(files.sums())) == 1
    assert parts_left(tmp_path) == []


def test_stops_at_the_limit(files: FileStore, tmp_path: Path) -> None:
    stored = put(files, b"x" * LIMIT)
    with pytest.raises(FileTooLarge), files.writer(LIMIT) as upload:
        upload.write(b"y" * LIMIT)
        upload.write(b"y")
    assert list(files.sums()) == [stored.sha256]
    assert parts_left(tmp_path) == []


def test_an_upload_that_breaks_off_leaves_nothing(files: FileStore, tmp_path: Path) -> None:
    with pytest.raises(ConnectionError), files.writer(LIMIT) as upload:
        upload.write(b"half")
        raise ConnectionError
    assert list(files.sums()) == []
    assert parts_left(tmp_path) == []


def test_nothing_is_visible_before_the_commit(files: FileStore) -> None:
    with files.writer(LIMIT) as upload:
        upload.write(b"abc")
        assert list(files.sums()) == []
        assert not files.has(hashlib.sha256(b"abc").hexdigest())
        stored = upload.commit()
    assert list(files.sums()) == [stored.sha256]


def test_uploads_at_the_same_time(files: FileStore, tmp_path: Path) -> None:
    with files.writer(LIMIT) as one, files.writer(LIMIT) as two:
        one.write(b"same")
        two.write(b"same")
        with ThreadPoolExecutor(2) as threads:
            first, second = threads.map(lambda upload: upload.commit(), (one, two))
    assert first == second
    assert list(files.sums()) == [first.sha256]
    with files.local(first.sha256) as path:
        assert path.read_bytes() == b"same"
    assert parts_left(tmp_path) == []


def test_delete(files: FileStore) -> None:
    one, two, kept = put(files, b"abc"), put(files, b"def"), put(files, b"ghi")
    files.delete(one.sha256, two.sha256)
    files.delete(one.sha256)
    files.delete()
    assert list(files.sums()) == [kept.sha256]
    assert not files.has(one.sha256)
    with pytest.raises(FileMissing), files.local(one.sha256):
        pass


@pytest.mark.parametrize("name", ["", "..", "../" * 21 + "a", "/etc/passwd", "A" * 64, "0" * 63])
def test_only_hashes_are_names(files: FileStore, name: str) -> None:
    def use_locally(name: str) -> None:
        with files.local(name):
            pass

    for use in (use_locally, files.delete, files.has):
        with pytest.raises(FileMissing):
            use(name)


def test_new_files_are_not_idle(files: FileStore) -> None:
    stored = put(files, b"abc")
    assert list(files.sums(idle_s=3600)) == []
    assert list(files.sums(idle_s=0)) == [stored.sha256]


def test_sweep_removes_what_crashes_left(files: FileStore, tmp_path: Path) -> None:
    stored = put(files, b"kept")
    upload = files.writer(LIMIT)  # as a process leaves it that is killed
    upload.write(b"lost")
    assert files.sweep(idle_s=3600) == 0
    (part,) = parts_left(tmp_path)
    os.utime(part, (0, 0))
    assert files.sweep(idle_s=3600) == 1
    assert parts_left(tmp_path) == []
    with files.local(stored.sha256) as path:
        assert path.read_bytes() == b"kept"
