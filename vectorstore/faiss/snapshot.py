"""Index snapshots: an index file and a manifest that stay consistent across crashes.

The index file is named by its hash and written once; the manifest that refers to it is renamed into
place last, and only then are older index files removed. Whenever the power fails, the manifest
refers to a complete file, the old one or the new one.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vectorstore.protocol import SnapshotError

MANIFEST = "manifest.json"


class Manifest(BaseModel):
    """Describes a snapshot. `checksum` covers the other fields, `sha256` the index file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    version: Literal[1] = 1
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


def write(
    folder: Path, data: bytes, embedder: str, dim: int, count: int, sequence: int
) -> Manifest:
    """Saves the serialised index `data` durably in `folder`, then removes earlier snapshots."""
    manifest = Manifest(
        embedder=embedder,
        dim=dim,
        count=count,
        sequence=sequence,
        sha256=hashlib.sha256(data).hexdigest(),
    ).sealed()
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / manifest.file, data)
    _replace(folder / MANIFEST, manifest.model_dump_json(indent=1).encode())
    for old in [*folder.glob("*.faiss"), *folder.glob("*.part")]:
        if old.name != manifest.file:
            old.unlink(missing_ok=True)
    return manifest


def read(folder: Path, embedder: str, dim: int) -> tuple[Manifest, bytes]:
    """The manifest and the serialised index, both verified. Raises SnapshotError."""
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
        data = (folder / manifest.file).read_bytes()
    except OSError as error:
        raise SnapshotError(f"no snapshot in {folder.name}: {error.strerror}") from error
    except ValidationError as error:
        raise SnapshotError("the manifest is damaged") from error
    if manifest != manifest.sealed():
        raise SnapshotError("the manifest is damaged")
    if (manifest.embedder, manifest.dim) != (embedder, dim):
        raise SnapshotError(
            f"built with {manifest.embedder} ({manifest.dim}), expected {embedder} ({dim})"
        )
    if hashlib.sha256(data).hexdigest() != manifest.sha256:
        raise SnapshotError("the index file is damaged")
    return manifest, data


def _replace(path: Path, data: bytes) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
