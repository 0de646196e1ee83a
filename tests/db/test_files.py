import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.errors import FileMissing, FileTooLarge
from app.db.files import FileStore, StoredFile

LIMIT = 1000


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def put(files: FileStore, *parts: bytes) -> StoredFile:
    with files.writer(LIMIT) as upload:
        for part in parts:
            upload.write(part)
        return upload.commit()


def all_files(files: FileStore) -> list[Path]:
    return [path for path in files.folder.rglob("*") if path.is_file()]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.binary(max_size=50), max_size=10))
def test_comes_back_as_it_was(files: FileStore, parts: list[bytes]) -> None:
    stored = put(files, *parts)
    data = b"".join(parts)
    assert stored.sha256 == hashlib.sha256(data).hexdigest()
    assert stored.size_bytes == len(data)
    with files.open(stored.sha256) as file:
        assert file.read() == data


def test_the_same_bytes_are_kept_once(files: FileStore) -> None:
    assert put(files, b"abc") == put(files, b"a", b"bc")
    assert len(all_files(files)) == 1


def test_stops_at_the_limit(files: FileStore) -> None:
    put(files, b"x" * LIMIT)
    with pytest.raises(FileTooLarge), files.writer(LIMIT) as upload:
        upload.write(b"y" * LIMIT)
        upload.write(b"y")
    assert len(all_files(files)) == 1


def test_an_upload_that_breaks_off_leaves_nothing(files: FileStore) -> None:
    with pytest.raises(ConnectionError), files.writer(LIMIT) as upload:
        upload.write(b"half")
        raise ConnectionError
    assert all_files(files) == []


def test_uploads_at_the_same_time(files: FileStore) -> None:
    with files.writer(LIMIT) as one, files.writer(LIMIT) as two:
        one.write(b"same")
        two.write(b"same")
        assert one.commit() == two.commit()
    assert len(all_files(files)) == 1


def test_delete(files: FileStore) -> None:
    stored = put(files, b"abc")
    files.delete(stored.sha256)
    files.delete(stored.sha256)
    with pytest.raises(FileMissing):
        files.open(stored.sha256)


@pytest.mark.parametrize("name", ["", "..", "../" * 21 + "a", "/etc/passwd", "A" * 64, "0" * 63])
def test_only_hashes_are_names(files: FileStore, name: str) -> None:
    for use in (files.open, files.delete, files.path):
        with pytest.raises(FileMissing):
            use(name)


def test_sweep_removes_what_crashes_left(files: FileStore) -> None:
    stored = put(files, b"kept")
    upload = files.writer(LIMIT)  # as a process leaves it that is killed
    upload.write(b"lost")
    assert files.sweep(idle_s=3600) == 0
    part = next(path for path in all_files(files) if path.suffix == ".part")
    os.utime(part, (0, 0))
    assert files.sweep(idle_s=3600) == 1
    assert all_files(files) == [stored.path]
