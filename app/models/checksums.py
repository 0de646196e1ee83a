"""Checksums of a model folder: expected ones, and a cache of verified files.

`zhiwen.lock.json` beside the weights holds source, revision, and size and SHA-256 of every file.
The checksums come from the registry if it has them. Otherwise, files of a hub or a local folder are
pinned when first seen (large hub files are checked against the SHA-256 that the hub publishes,
small ones against its git id).

Hashing 490 MB takes about a second, so `.verified.json` caches size, mtime and inode of every
hashed file; a file is hashed again if one of them changed, or on request.
"""

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from app.models.errors import ChecksumMismatch

LOCK_FILE = "zhiwen.lock.json"
MARKER_FILE = ".verified.json"
CONVERTED = "openvino"  # an embedder's conversion, made anew wherever it does not fit

logger = logging.getLogger(__name__)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LockedFile(_Record):
    size: int
    sha256: str


class Lock(_Record):
    """The files of a finished model folder, and where they come from."""

    name: str
    source: str  # local, hub or index
    revision: str = ""  # commit in the hub repository
    files: dict[str, LockedFile]

    @property
    def size(self) -> int:
        """Total bytes of all files."""
        return sum(file.size for file in self.files.values())


class _Verified(_Record):
    size: int
    mtime_ns: int
    inode: int
    sha256: str


class _Marker(_Record):
    files: dict[str, _Verified] = {}


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_blob_id(data: bytes) -> str:
    """Git's id of a small file: SHA-1 of a header and the content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def read_lock(folder: Path) -> Lock | None:
    """The lock of a finished folder, or None. Raises ChecksumMismatch."""
    try:
        return Lock.model_validate_json((folder / LOCK_FILE).read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise ChecksumMismatch(f"{folder / LOCK_FILE} is damaged: {error}") from error


def check_folder(folder: Path, files: Mapping[str, LockedFile], *, again: bool = False) -> None:
    """Raises ChecksumMismatch unless all files match `files`; `again` ignores the cache."""
    before = {} if again else _read_marker(folder)
    after: dict[str, _Verified] = {}
    for name, expected in files.items():
        path = folder / name
        try:
            stat = path.stat()
        except FileNotFoundError:
            raise ChecksumMismatch(f"{path} is missing") from None
        if stat.st_size != expected.size:
            raise ChecksumMismatch(f"{path} has {stat.st_size} bytes instead of {expected.size}")
        found = before.get(name)
        if found is None or found != _verified(stat, found.sha256):
            found = _verified(stat, sha256_of(path))
        if found.sha256 != expected.sha256:
            raise ChecksumMismatch(f"{path}: SHA-256 {found.sha256} instead of {expected.sha256}")
        after[name] = found
    if after != before:
        _write_marker(folder, after)


def pin(folder: Path, name: str, source: str, revision: str = "") -> Lock:
    """Hashes all files and writes lock and cache."""
    files: dict[str, LockedFile] = {}
    marker: dict[str, _Verified] = {}
    for path in model_files(folder):
        stat, digest = path.stat(), sha256_of(path)
        relative = path.relative_to(folder).as_posix()
        files[relative] = LockedFile(size=stat.st_size, sha256=digest)
        marker[relative] = _verified(stat, digest)
    lock = Lock(name=name, source=source, revision=revision, files=files)
    write_json(folder / LOCK_FILE, lock)
    _write_marker(folder, marker)
    return lock


def model_files(folder: Path) -> list[Path]:
    """Files of a model folder, except hidden ones, our own records and conversions."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and path.name != LOCK_FILE
        and path.relative_to(folder).parts[0] != CONVERTED
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def write_json(path: Path, record: BaseModel) -> None:
    """Writes the file atomically."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(record.model_dump(mode="json"), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _verified(stat: os.stat_result, digest: str) -> _Verified:
    return _Verified(size=stat.st_size, mtime_ns=stat.st_mtime_ns, inode=stat.st_ino, sha256=digest)


def _read_marker(folder: Path) -> dict[str, _Verified]:
    try:
        return _Marker.model_validate_json((folder / MARKER_FILE).read_bytes()).files
    except (FileNotFoundError, ValidationError):
        return {}  # only a cache: without it, everything is hashed again


def _write_marker(folder: Path, files: dict[str, _Verified]) -> None:
    try:
        write_json(folder / MARKER_FILE, _Marker(files=files))
    except PermissionError:
        logger.info("%s is read-only, so its files are hashed at every start", folder)
