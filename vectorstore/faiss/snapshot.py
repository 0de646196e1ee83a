"""Snapshots: a sealed segment in a file, and a manifest, that stay consistent across crashes.

The file is named by its hash and written once; the manifest that refers to it is renamed into place
last, and only then are older files removed. Whenever the power fails, the manifest refers to a
complete file, the old one or the new one. Whoever has mapped a file that is removed keeps it.

The file is FAISS's index, zeros up to a multiple of eight bytes, and the ids as int64.
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vectorstore.faiss.kinds import map_index
from vectorstore.faiss.segments import Sealed
from vectorstore.protocol import NotSaved, SnapshotError

MANIFEST = "manifest.json"
VERSION = 2  # 1: the ids were FAISS's own, and nothing could be mapped
_ID_BYTES = 8
_MAPPED_FROM = 50_000  # ids: a map keeps a file descriptor open for each base
PATIENCE_S = 30.0  # for another process that writes the same base
_POLL_S = 0.05

Put = Callable[[bytes | memoryview], object]


class Manifest(BaseModel):
    """Describes a snapshot. `checksum` covers the other fields, `sha256` the segment's file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    version: int = VERSION
    embedder: str
    dim: int = Field(gt=0)
    count: int = Field(ge=0)
    sequence: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    checksum: str = ""

    @property
    def file(self) -> str:
        return f"{self.sha256}.faiss"

    def sealed(self) -> "Manifest":
        """A copy with its checksum."""
        fields = json.dumps(self.model_dump(exclude={"checksum"}), sort_keys=True)
        return self.model_copy(update={"checksum": hashlib.sha256(fields.encode()).hexdigest()})


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Waits until no other process writes a snapshot there. Raises OSError, also where one of them
    doesn't end."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        began = time.monotonic()
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() - began > PATIENCE_S:
                    raise
            time.sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)


def write(folder: Path, sealed: Sealed, embedder: str, sequence: int) -> Manifest:
    """Saves the segment durably in `folder`, then removes earlier snapshots. None of its rows may
    be gone. Within `writing`. Raises OSError."""
    import faiss

    def fill(put: Put) -> None:
        size = 0

        def counted(piece: bytes) -> None:
            nonlocal size
            put(piece)
            size += len(piece)

        writer = faiss.PyCallbackIOWriter(counted)  # type: ignore[attr-defined]  # stubs
        faiss.write_index(sealed.index, writer)
        put(bytes(-size % _ID_BYTES))
        put(np.ascontiguousarray(sealed.ids).data)

    return _written(folder, fill, embedder, sealed.index.d, len(sealed.ids), sequence)


def write_pieces(
    folder: Path,
    pieces: Sequence[bytes | memoryview],
    embedder: str,
    dim: int,
    count: int,
    sequence: int,
) -> Manifest:
    """Saves a file of these pieces, whatever they are."""

    def fill(put: Put) -> None:
        for piece in pieces:
            put(piece)

    return _written(folder, fill, embedder, dim, count, sequence)


def _written(
    folder: Path, fill: Callable[[Put], None], embedder: str, dim: int, count: int, sequence: int
) -> Manifest:
    digest = hashlib.sha256()
    with _part(folder / "segment.part") as (part, put):

        def hashed(piece: bytes | memoryview) -> None:
            digest.update(piece)
            put(piece)

        fill(hashed)
    manifest = Manifest(
        embedder=embedder, dim=dim, count=count, sequence=sequence, sha256=digest.hexdigest()
    ).sealed()
    _rename(part, manifest.file)
    with _part(folder / "manifest.part") as (part, put):
        put(manifest.model_dump_json(indent=1).encode())
    _rename(part, MANIFEST)
    for old in [*folder.glob("*.faiss"), *folder.glob("*.part")]:
        if old.name != manifest.file:
            old.unlink(missing_ok=True)
    return manifest


def read_manifest(folder: Path, embedder: str, dim: int) -> Manifest:
    """Raises SnapshotError, NotSaved where there is none."""
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise NotSaved(f"no snapshot in {folder.name}") from None
    except OSError as error:
        raise SnapshotError(f"no snapshot in {folder.name}: {error.strerror}") from error
    except ValidationError as error:
        raise SnapshotError("the manifest is damaged") from error
    if manifest != manifest.sealed():
        raise SnapshotError("the manifest is damaged")
    if manifest.version != VERSION:
        raise SnapshotError("it was saved by another release")
    if (manifest.embedder, manifest.dim) != (embedder, dim):
        raise SnapshotError(
            f"built with {manifest.embedder} ({manifest.dim}), expected {embedder} ({dim})"
        )
    return manifest


def read(folder: Path, manifest: Manifest) -> Sealed:
    """The manifest's segment, verified and mapped. Raises SnapshotError."""
    path = folder / manifest.file
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        if digest != manifest.sha256 or size < manifest.count * _ID_BYTES:
            raise SnapshotError("the file of the index is damaged")
        sealed = map_segment(path, manifest)
    except OSError as error:
        raise SnapshotError(f"no snapshot in {folder.name}: {error.strerror}") from error
    return sealed


def map_segment(path: Path, manifest: Manifest) -> Sealed:
    """Without verifying the file's hash. Raises SnapshotError where it cannot be a segment,
    OSError."""
    size = path.stat().st_size  # first: whose folder was dropped has no file
    index = map_index(path, manifest.dim)
    count = manifest.count
    if index.ntotal != count:
        raise SnapshotError(f"{index.ntotal} vectors where {count} were saved")
    if not count:  # nothing can be mapped
        return Sealed.empty(manifest.dim)
    offset = size - count * _ID_BYTES
    if count < _MAPPED_FROM:
        ids = np.fromfile(path, np.int64, count, offset=offset)
    else:
        ids = np.asarray(np.memmap(path, np.int64, "r", offset, (count,)))
    if ids[0] < 0 or not (np.diff(ids) > 0).all():
        raise SnapshotError("the ids of the index are damaged")
    return Sealed(index, ids, mapped=True)


@contextmanager
def _part(path: Path) -> Iterator[tuple[Path, Put]]:
    """A file to be written, on the disk at the end; nothing of it stays where it can't be."""
    try:
        with path.open("wb") as file:
            yield path, file.write
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _rename(part: Path, name: str) -> None:
    part.replace(part.with_name(name))
    descriptor = os.open(part.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
