"""Uploaded files in an S3-compatible object store, so that machines need no shared folder.

Objects are named as in a local folder. Who reads a file gets a copy in a folder of this machine,
which all processes here share; it is checked against its SHA-256 as it comes in.

A copy is read under a shared lock of the file and removed under an exclusive one, and never
replaced: what somebody reads stays, in whichever process.
"""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from app.db.errors import FileDamaged, FileMissing, FilesTaken, FilesUnavailable
from app.db.files import (
    FileWriter,
    file_key,
    is_sha256,
    new_part,
    raise_when_full,
    sweep_parts,
)

CACHE_BYTES = 2 << 30
_IDLE_S = 3600.0  # until a copy is removed; nobody needs it, and its document may be gone
_PART_BYTES = 5 << 20  # of an upload; a larger file is sent in several. S3 takes no smaller ones
_PARTS_AT_ONCE = 4
_STREAM_BYTES = 1 << 20
_OWNER = "owner"  # the object with the id of the installation

# In errors of obstore.
_STATUS = re.compile(r"status code: (\d{3})")
_KIND = re.compile(r"kind: (\w+)")


class ObjectFiles:
    """Files in the bucket and under the prefix of `url`, `s3://bucket/prefix`; endpoint and
    credentials come from the AWS_* variables. `folder` holds copies of about `max_bytes`.

    A store that can't be reached is given up after about `patience_s`. One that can has four times
    that for each answer, the sending of a part included.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        max_bytes: int = CACHE_BYTES,
        patience_s: float = 15.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        self._max_bytes = max_bytes
        self._now = now
        wait = timedelta(seconds=patience_s)
        with _asking():
            self._store = S3Store.from_url(
                url,
                client_options={
                    "allow_http": True,  # where AWS_ENDPOINT_URL says so
                    "connect_timeout": wait / 3,
                    "read_timeout": wait * 4,
                    "timeout": timedelta(hours=1),  # a large file takes its time
                },
                retry_config={"max_retries": 3, "retry_timeout": wait},
            )

    def claim(self, installation: Callable[[], str]) -> None:
        mine = installation().encode()
        try:
            with _asking():
                owner = bytes(obstore.get(self._store, _OWNER).bytes())
        except FileMissing:
            with _asking():
                obstore.put(self._store, _OWNER, mine)
        else:
            if owner != mine:
                raise FilesTaken(_OWNER)

    def writer(self, max_bytes: int) -> FileWriter:
        return FileWriter(new_part(self._incoming), max_bytes, self._keep)

    @contextmanager
    def local(self, sha256: str) -> Iterator[Path]:
        path = self.folder / file_key(sha256)
        file = None
        while file is None:  # removed or fetched by another in between
            file = _opened(path, fcntl.LOCK_SH) or self._fetch(sha256, path)
        with file:
            os.utime(file.fileno())
            yield path

    def has(self, sha256: str) -> bool:
        key = file_key(sha256)
        try:
            with _asking():
                obstore.head(self._store, key)
        except FileMissing:
            return False
        return True

    def delete(self, *sums: str) -> None:
        keys = [file_key(sha256) for sha256 in sums]
        if keys:
            with suppress(FileMissing), _asking():
                obstore.delete(self._store, keys)
        for key in keys:
            _remove(self.folder / key)

    def sums(self, idle_s: float = 0.0) -> Iterator[str]:
        newest = self._now() - idle_s
        with _asking():
            for objects in obstore.list(self._store):
                for found in objects:
                    name = found["path"].rpartition("/")[2]
                    is_ours = is_sha256(name) and found["path"] == file_key(name)
                    if is_ours and found["last_modified"].timestamp() <= newest:
                        yield name

    def sweep(self, idle_s: float = _IDLE_S) -> int:
        return sweep_parts(self._incoming, idle_s) + self._trim(idle_s)

    def _keep(self, sha256: str, part: Path) -> None:
        """Sends the file. The signature of each request has the SHA-256 of what it carries, which
        the store compares. The file stays here as a copy: it will be read soon."""
        key = file_key(sha256)
        with part.open("rb") as file, _asking():
            obstore.put(
                self._store, key, file, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
            )
        self._place(part, self.folder / key)
        self._trim()

    def _fetch(self, sha256: str, path: Path) -> BinaryIO | None:
        """Copies the object to `path` and opens it; None if another was faster."""
        part = new_part(self._incoming)
        digest = hashlib.sha256()
        file = part.open("x+b")
        try:
            fcntl.flock(file, fcntl.LOCK_SH)
            with _asking(sha256):
                stream = obstore.get(self._store, file_key(sha256)).stream(_STREAM_BYTES)
            while True:
                with _asking(sha256):
                    data = next(stream, None)
                if data is None:
                    break
                digest.update(data)
                with raise_when_full():
                    file.write(data)
            if digest.hexdigest() != sha256:
                raise FileDamaged(f"The stored bytes of the file {sha256} are damaged.")
            with raise_when_full():
                file.flush()
                if not self._place(part, path):
                    file.close()
                    return None
        except BaseException:
            with suppress(OSError):
                file.close()
            raise
        finally:
            part.unlink(missing_ok=True)
        self._trim()
        return file

    def _place(self, part: Path, path: Path) -> bool:
        """Makes `part` the copy at `path`, unless there is one."""
        path.parent.mkdir(exist_ok=True)
        try:
            path.hardlink_to(part)
        except FileExistsError:
            return False
        return True

    def _trim(self, idle_s: float = _IDLE_S) -> int:
        """Removes copies that nobody used for `idle_s`, and down to the limit those used longest
        ago. Returns their number."""
        copies: list[tuple[float, int, Path]] = []
        for path in self.folder.glob("??/*"):
            with suppress(FileNotFoundError):
                found = path.stat()
                copies.append((found.st_mtime, found.st_size, path))
        left_bytes = sum(size for _, size, _ in copies)
        oldest, removed = self._now() - idle_s, 0
        for used_at, size, path in sorted(copies):
            if used_at > oldest and left_bytes <= self._max_bytes:
                break
            if _remove(path):
                left_bytes -= size
                removed += 1
        return removed


def _opened(path: Path, lock: int) -> BinaryIO | None:
    """The copy under that lock; None if there is none, or others hold one that excludes it."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, lock)
        if os.path.samestat(os.fstat(file.fileno()), path.stat()):
            return file
    except (FileNotFoundError, BlockingIOError):
        pass
    except BaseException:
        file.close()
        raise
    file.close()
    return None  # it was removed before the lock was ours


def _remove(path: Path) -> bool:
    """Whether there was a copy that nobody read."""
    file = _opened(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if file is None:
        return False
    with file:
        path.unlink()
    return True


@contextmanager
def _asking(sha256: str = "") -> Iterator[None]:
    """Errors of the store as ours, without their texts: those carry whole answers, which may name
    keys and tokens."""
    try:
        yield
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise FilesUnavailable("there is no such bucket") from None
        raise FileMissing(f"no file {sha256}") from None
    except (PermissionDeniedError, UnauthenticatedError):
        raise FilesUnavailable("the object store refuses the credentials") from None
    except BaseError as error:
        status, kind = _STATUS.search(str(error)), _KIND.search(str(error))
        if status is not None:
            raise FilesUnavailable(f"the object store answers {status[1]}") from None
        why = f", {kind[1].lower()}" if kind is not None else ""
        raise FilesUnavailable(f"the object store does not answer{why}") from None
