"""Stores uploaded files under their SHA-256: `ab/abcdef…`."""

import errno
import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from app.db.errors import FileMissing, FileTooLarge, StorageFull

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class StoredFile:
    sha256: str  # hexadecimal
    size_bytes: int
    path: Path


class FileStore:
    """Files under `folder`, stored once per content; the database knows their documents."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)

    def writer(self, max_bytes: int) -> "FileWriter":
        """Use as `with files.writer(limit) as upload:`, `upload.write(…)`, `upload.commit()`."""
        return FileWriter(self, self._incoming / f"{secrets.token_hex(12)}.part", max_bytes)

    def path(self, sha256: str) -> Path:
        """Path of the file, which may not exist. Raises FileMissing for an invalid SHA-256."""
        if not _SHA256.fullmatch(sha256):
            raise FileMissing(f"not a SHA-256: {sha256[:80]!r}")
        return self.folder / sha256[:2] / sha256

    def open(self, sha256: str) -> BinaryIO:
        """Opens the file for reading. Raises FileMissing."""
        try:
            return self.path(sha256).open("rb")
        except FileNotFoundError as error:
            raise FileMissing(f"no file {sha256}") from error

    def delete(self, sha256: str) -> None:
        """Removes the file if it exists. A power cut may bring it back."""
        self.path(sha256).unlink(missing_ok=True)

    def sums(self, idle_s: float = 0.0) -> Iterator[str]:
        """SHA-256 of all stored files not written in the last `idle_s` seconds."""
        newest = time.time() - idle_s
        for path in self.folder.glob("??/*"):
            with suppress(FileNotFoundError):
                if _SHA256.fullmatch(path.name) and path.stat().st_mtime <= newest:
                    yield path.name

    def sweep(self, idle_s: float = 3600.0) -> int:
        """Removes leftovers of uploads untouched for `idle_s` seconds. Returns their number."""
        oldest = time.time() - idle_s
        removed = 0
        for part in self._incoming.glob("*.part"):
            try:
                if part.stat().st_mtime <= oldest:
                    part.unlink()
                    removed += 1
            except FileNotFoundError:
                continue  # its upload has finished meanwhile
        return removed


class FileWriter:
    """One upload. Nothing is visible before `commit`; without it, everything is discarded."""

    def __init__(self, store: FileStore, part: Path, max_bytes: int) -> None:
        self.size_bytes = 0
        self._store = store
        self._part = part
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self._file = part.open("xb")

    def write(self, data: bytes) -> None:
        """Appends data. Raises StorageFull, and FileTooLarge as soon as the limit is exceeded."""
        self.size_bytes += len(data)
        if self.size_bytes > self._max_bytes:
            raise FileTooLarge(f"larger than {self._max_bytes} bytes")
        self._hash.update(data)
        with _raise_when_full():
            self._file.write(data)

    def commit(self) -> StoredFile:
        """Stores the file durably under its hash; it survives a power cut from now on.

        Raises StorageFull.
        """
        sha256 = self._hash.hexdigest()
        path = self._store.path(sha256)
        with _raise_when_full():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            if not path.parent.is_dir():
                path.parent.mkdir(exist_ok=True)
                sync_folder(self._store.folder)
            self._part.replace(path)
            sync_folder(path.parent)
        return StoredFile(sha256, self.size_bytes, path)

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


@contextmanager
def _raise_when_full() -> Iterator[None]:
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
