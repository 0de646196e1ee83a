"""What is different where files are in an object store: other machines, and copies here."""

import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.db.errors import FileDamaged, FilesUnavailable
from app.db.object_files import ObjectFiles
from tests.object_store import SECRET, address_store, overwrite

LIMIT = 100 << 20


def put(files: ObjectFiles, data: bytes) -> str:
    with files.writer(LIMIT) as upload:
        upload.write(data)
        return upload.commit().sha256


def read(files: ObjectFiles, sha256: str) -> bytes:
    with files.local(sha256) as path:
        return path.read_bytes()


def copies(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("??/*"))


@pytest.fixture
def here(files_url: str, tmp_path: Path) -> ObjectFiles:
    return ObjectFiles(files_url, tmp_path / "here")


@pytest.fixture
def there(files_url: str, tmp_path: Path) -> ObjectFiles:
    """The same store from another machine."""
    return ObjectFiles(files_url, tmp_path / "there")


def test_another_machine_reads_it(here: ObjectFiles, there: ObjectFiles) -> None:
    large = os.urandom(20 << 20)  # sent in several parts
    for data in (b"", b"abc", large):
        assert read(there, put(here, data)) == data
    assert sorted(here.sums()) == sorted(there.sums())


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"x" + data[1:]])
def test_damaged_objects_are_noticed_and_mended_by_an_upload(
    here: ObjectFiles, there: ObjectFiles, files_url: str, damage: Callable[[bytes], bytes]
) -> None:
    data = b"what was sent" * 100
    sha256 = put(here, data)
    overwrite(files_url, f"{sha256[:2]}/{sha256}", damage(data))
    with pytest.raises(FileDamaged):
        read(there, sha256)
    assert [path for path in there.folder.rglob("*") if path.is_file()] == []
    put(here, data)
    assert read(there, sha256) == data


@pytest.fixture(params=["nobody listens", "no answer", "no bucket"])
def unavailable(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[ObjectFiles]:
    with ExitStack() as open_until_the_end:
        url = "s3://zhiwen-nowhere/files"
        if request.param == "no bucket":
            address_store(monkeypatch, request.getfixturevalue("object_server"))
        else:
            listener = open_until_the_end.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            if request.param == "no answer":
                listener.listen()
            address_store(monkeypatch, f"http://127.0.0.1:{listener.getsockname()[1]}")
        yield ObjectFiles(url, tmp_path / "files", patience_s=0.5)


def test_a_store_that_cannot_be_reached_is_said_soon_and_without_secrets(
    unavailable: ObjectFiles, caplog: pytest.LogCaptureFixture
) -> None:
    def upload() -> None:
        put(unavailable, b"abc")

    def delete() -> None:
        unavailable.delete("0" * 64)

    caplog.set_level(logging.DEBUG)
    for use in (upload, delete, lambda: read(unavailable, "0" * 64), lambda: [*unavailable.sums()]):
        began = time.monotonic()
        with pytest.raises(FilesUnavailable) as raised:
            use()
        assert time.monotonic() - began < 10
        assert SECRET not in f"{raised.value!s}{raised.getrepr()}"
    assert SECRET not in caplog.text
    assert [path for path in unavailable.folder.rglob("*") if path.is_file()] == []


def test_copies_stay_below_the_limit_and_those_used_last_stay(
    files_url: str, here: ObjectFiles, tmp_path: Path
) -> None:
    sums = [put(here, bytes([number]) * 1000) for number in range(4)]
    there = ObjectFiles(files_url, tmp_path / "there", max_bytes=2000)
    first, second, third, fourth = sums
    for number, sha256 in enumerate((first, second, first, third)):
        read(there, sha256)
        used = there.folder / sha256[:2] / sha256
        os.utime(used, (time.time() - 100 + number,) * 2)  # file systems round times
    assert copies(there.folder) == sorted([first, third])
    put(there, b"x" * 5000)  # more than the limit: it goes, and nothing else may stay
    assert len(copies(there.folder)) <= 1
    assert read(there, fourth) == bytes([3]) * 1000


def test_what_is_being_read_stays(files_url: str, here: ObjectFiles, tmp_path: Path) -> None:
    held, *others = (put(here, bytes([number]) * 1000) for number in range(4))
    there = ObjectFiles(files_url, tmp_path / "there", max_bytes=1)
    with there.local(held) as path:
        for sha256 in others:
            assert len(read(there, sha256)) == 1000
        there.delete(held)
        there.sweep(idle_s=-1)
        assert path.read_bytes() == bytes(1000)
    there.sweep(idle_s=-1)
    assert copies(there.folder) == []


def test_what_another_process_reads_stays(here: ObjectFiles) -> None:
    sha256 = put(here, b"abc")
    path = here.folder / sha256[:2] / sha256
    hold = (
        "import fcntl, sys; file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_SH);"
        "print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdout.readline()
        assert here.sweep(idle_s=-1) == 0
        other.stdin.write(b"\n")
        other.stdin.close()
    assert here.sweep(idle_s=-1) == 1


def test_many_read_while_copies_are_removed(
    files_url: str, here: ObjectFiles, tmp_path: Path
) -> None:
    """Two processes of a machine share the folder, and nothing fits into it."""
    contents = {put(here, data): data for data in (b"a" * 2000, b"b" * 3000, b"c" * 4000)}
    stores = [ObjectFiles(files_url, tmp_path / "there", max_bytes=1) for _ in range(2)]

    def read_in_turn(number: int) -> bool:
        sha256 = list(contents)[number % 3]
        return read(stores[number % 2], sha256) == contents[sha256]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(read_in_turn, range(90)))
    assert [*tmp_path.rglob("*.part")] == []


def test_copies_of_removed_documents_go(here: ObjectFiles, there: ObjectFiles) -> None:
    """At once where they are removed, and elsewhere when nobody used them for an hour."""
    sha256 = put(here, b"abc")
    read(there, sha256)
    here.delete(sha256)
    assert copies(here.folder) == []
    assert there.sweep() == 0
    os.utime(there.folder / sha256[:2] / sha256, (time.time() - 7200,) * 2)
    assert there.sweep() == 1
    assert copies(there.folder) == []


@pytest.mark.parametrize("prefix", ["", "/", "/a/", "/知问 files"])
def test_prefixes(files_url: str, tmp_path: Path, prefix: str) -> None:
    bucket = files_url.removesuffix("/uploaded/files")
    files = ObjectFiles(bucket + prefix, tmp_path)
    files.claim(lambda: "this installation")
    sha256 = put(files, b"abc")
    assert list(files.sums()) == [sha256]
    assert files.has(sha256)


def test_objects_of_others_are_left_alone(here: ObjectFiles, files_url: str) -> None:
    for key in ("notes", "a" * 64, f"deeper/aa/{'a' * 64}"):
        overwrite(files_url, key, b"not ours")
    assert list(here.sums()) == []
