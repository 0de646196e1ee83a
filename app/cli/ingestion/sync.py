"""Finds new, changed and deleted files of a folder without reading unchanged ones.

The SHA-256 decides. A file with the same size, time and inode as in the last run is not read again;
the notes of the last run are only a cache, and losing them costs only time.
"""

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.errors import CliError

if TYPE_CHECKING:
    from app.cli.client import ServiceClient

_BATCH = 1000
# A file modified more recently than this may change again without changing its timestamp.
_SETTLED_S = 0.1


@dataclass(frozen=True, slots=True)
class Source:
    """A local file and its path in the knowledge base."""

    file: Path
    place: str


@dataclass(slots=True)
class Notes:
    """Files seen in the last run by absolute path: size, time, inode, SHA-256, path in the base."""

    file: Path
    seen: dict[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, data_dir: Path, service: str, base_id: str) -> "Notes":
        """Notes about one base of one service."""
        key = hashlib.sha256(f"{service} {base_id}".encode()).hexdigest()[:24]
        notes = cls(data_dir / "sync" / f"{key}.json")
        try:
            notes.seen = json.loads(notes.file.read_text("utf-8"))
        except (OSError, ValueError):
            notes.seen = {}
        return notes

    def save(self) -> None:
        part = self.file.with_suffix(".part")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(self.seen, ensure_ascii=False), "utf-8")
            part.replace(self.file)
        except OSError:  # the next run just reads all files again
            part.unlink(missing_ok=True)

    def is_unchanged(self, source: Source) -> bool:
        known = self.seen.get(str(source.file.absolute()))
        return known is not None and known[:3] == _stat(source.file)

    def sha256(self, source: Source) -> str:
        """SHA-256 of the file, which is read only if it changed. Raises CliError."""
        key = str(source.file.absolute())
        try:
            stat = _stat(source.file)
            known = self.seen.get(key)
            if known is not None and known[:3] == stat:
                known[4] = source.place
                return str(known[3])
            with source.file.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise CliError(f"The file cannot be read: {error.strerror}.") from error
        if time.time() - stat[1] / 1e9 > _SETTLED_S:
            self.seen[key] = [*stat, sha256, source.place]
        return sha256

    def gone(self, folders: Iterable[Path], present: Iterable[Source]) -> list[tuple[str, str]]:
        """Forgets files deleted from these folders; returns (path in the base, SHA-256) of each."""
        inside = tuple(f"{folder.absolute()}/" for folder in folders)
        here = {str(source.file.absolute()) for source in present}
        lost = [key for key in self.seen if key.startswith(inside) and key not in here]
        return [(str(note[4]), str(note[3])) for note in map(self.seen.pop, lost)]


def known(
    client: "ServiceClient", base_id: str, files: list[tuple[str, str]]
) -> list[dict[str, Any] | None]:
    """The document of each (path in the base, SHA-256), or None if it must be uploaded."""
    found: list[dict[str, Any] | None] = []
    for begin in range(0, len(files), _BATCH):
        part = files[begin : begin + _BATCH]
        body = {"files": [{"path": place, "sha256": sha256} for place, sha256 in part]}
        found += client.post(f"/api/bases/{base_id}/known", body)["documents"]
    return found


def _stat(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]
