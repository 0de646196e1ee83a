"""Uploaded files, stored once per content under their SHA-256: `ab/abcdef…`.

`LocalFiles` keeps them in a folder, `app.db.object_files.ObjectFiles` in an object store.
"""

import errno
import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from app.db.errors import FileMissing, FileTooLarge, StorageFull

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class StoredFile:
    sha256: str  # hexadecimal
    size_bytes: int


class FileStore(Protocol):
    """Stores each content once; the database knows the documents that have it.

        with files.writer(max_bytes) as upload:
            upload.write(data)
            stored = upload.commit()
        with files.local(stored.sha256) as path:
            assert path.read_bytes() == data

    Everything raises FileMissing for what is no SHA-256, and FilesUnavailable where the store is on
    another machine that doesn't answer.
    """

    def claim(self, installation: Callable[[], str]) -> None:
        """Makes a store that has no owner that of the installation with this id, which is asked for
        only where other installations could use the store as well. Raises FilesTaken."""

    def writer(self, max_bytes: int) -> "FileWriter":
        """An upload; use as above."""

    def local(self, sha256: str) -> AbstractContextManager[Path]:
        """A path of the file on this machine, to be read only, that stays until the context ends.

        Raises FileMissing, FileDamaged, StorageFull.
        """

    def has(self, sha256: str) -> bool:
        """Whether the file is stored."""

    def delete(self, *sums: str) -> None:
        """Removes those of the files that exist. A power cut may bring them back."""

    def sums(self, idle_s: float = 0.0) -> Iterator[str]:
        """SHA-256 of all stored files not written in the last `idle_s` seconds."""

    def sweep(self, idle_s: float = 3600.0) -> int:
        """Removes what this machine keeps besides and did not touch for `idle_s` seconds: leftovers
        of interrupted uploads, copies of files. Returns their number."""


class LocalFiles:
    """Files under `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def claim(self, installation: Callable[[], str]) -> None:
        """The folder is beside the database."""

    def writer(self, max_bytes: int) -> "FileWriter":
        return FileWriter(new_part(self._incoming), max_bytes, self._keep)

    def path(self, sha256: str) -> Path:
        """Path of the file, which may not exist. Raises FileMissing for an invalid SHA-256."""
        return self.folder / file_key(sha256)

    @contextmanager
    def local(self, sha256: str) -> Iterator[Path]:
        path = self.path(sha256)
        if not path.exists():
            raise FileMissing(f"no file {sha256}")
        yield path

    def has(self, sha256: str) -> bool:
        return self.path(sha256).exists()

    def delete(self, *sums: str) -> None:
        failure: OSError | None = None
        for sha256 in sums:
            try:
                self.path(sha256).unlink(missing_ok=True)
            except OSError as error:  # the others go
                failure = error
        if failure is not None:
            raise failure

    def sums(self, idle_s: float = 0.0) -> Iterator[str]:
        newest = time.time() - idle_s
        for path in self.folder.glob("??/*"):
            with suppress(FileNotFoundError):
                if is_sha256(path.name) and path.stat().st_mtime <= newest:
                    yield path.name

    def sweep(self, idle_s: float = 3600.0) -> int:
        return sweep_parts(self._incoming, idle_s)

    def _keep(self, sha256: str, part: Path) -> None:
        """It survives a power cut from now on."""
        path = self.path(sha256)
        if not path.parent.is_dir():
            path.parent.mkdir(exist_ok=True)
            sync_folder(self.folder)
        part.replace(path)
        sync_folder(path.parent)


def open_files(data_dir: Path, url: str | None = None) -> FileStore:
    """The files of an installation: in its folder, or in the object store at `url`."""
    if url is None:
        return LocalFiles(data_dir / "files")
    from app.db.object_files import ObjectFiles  # takes memory and time to load

    return ObjectFiles(url, data_dir / "files-cache")


class FileWriter:
    """One upload. Nothing is visible before `commit`; without it, everything is discarded.

    `keep` stores the complete `part` under its SHA-256, and may move it.
    """

    def __init__(self, part: Path, max_bytes: int, keep: Callable[[str, Path], None]) -> None:
        self.size_bytes = 0
        self._part = part
        self._max_bytes = max_bytes
        self._keep = keep
        self._hash = hashlib.sha256()
        self._file = part.open("xb")

    def write(self, data: bytes) -> None:
        """Appends data. Raises StorageFull, and FileTooLarge as soon as the limit is exceeded."""
        self.size_bytes += len(data)
        if self.size_bytes > self._max_bytes:
            raise FileTooLarge(f"larger than {self._max_bytes} bytes")
        self._hash.update(data)
        with raise_when_full():
            self._file.write(data)

    def commit(self) -> StoredFile:
        """Stores the file durably under its hash.

        Raises StorageFull, FilesUnavailable.
        """
        sha256 = self._hash.hexdigest()
        with raise_when_full():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._keep(sha256, self._part)
        return StoredFile(sha256, self.size_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # its buffer may not fit on the disk
            self._file.close()
        self._part.unlink(missing_ok=True)  # already moved by a commit


def is_sha256(name: str) -> bool:
    return _SHA256.fullmatch(name) is not None


def file_key(sha256: str) -> str:
    """`ab/abcdef…`. Raises FileMissing for an invalid SHA-256, which could lead anywhere."""
    if not is_sha256(sha256):
        raise FileMissing(f"not a SHA-256: {sha256[:80]!r}")
    return f"{sha256[:2]}/{sha256}"


def new_part(folder: Path) -> Path:
    """Where to write a file that is not complete yet."""
    return folder / f"{secrets.token_hex(12)}.part"


def sweep_parts(folder: Path, idle_s: float) -> int:
    """Removes parts that nobody wrote to for `idle_s` seconds. Returns their number."""
    oldest = time.time() - idle_s
    removed = 0
    for part in folder.glob("*.part"):
        try:
            if part.stat().st_mtime <= oldest:
                part.unlink()
                removed += 1
        except FileNotFoundError:
            continue  # its upload has finished meanwhile
    return removed


@contextmanager
def raise_when_full() -> Iterator[None]:
    """Raises StorageFull where the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull from error
        raise


def sync_folder(folder: Path) -> None:
    """Makes renames and deletions in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
