"""Backup and restore: one tar file with the database, the original files and a checksum manifest.

Backups can be taken while the service runs: SQLite's online backup yields a consistent snapshot,
and stored originals never change. Indexes are not included, since they can be rebuilt.

BackupError
├── not SQLite      PostgreSQL has its own tools
├── not empty       backups are only restored into an empty folder
└── damaged         the file does not match its manifest
"""

import hashlib
import io
import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.db.errors import FileMissing
from app.db.files import FileStore, sync_folder

_DATABASE = "zhiwen.db"
_MANIFEST = "manifest.json"
_FORMAT = 1
_PART_BYTES = 1 << 20
# Taken along as they are: the record that the sample base was created, without which a restored
# service would create it again, and what the rows of data sets and adapters name.
_BESIDE = ("sample-base-created", "datasets", "adapters")


class BackupError(Exception):
    """The message says what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    created_at: str
    documents: int
    files: int
    database_sha256: str
    format: int = _FORMAT


def backup(data_dir: Path, files: FileStore, target: Path) -> Manifest:
    """Backs up a data folder and `files` to `target`, which appears only when it is complete.

    Raises BackupError, OSError, FilesUnavailable.
    """
    database = data_dir / _DATABASE
    if not database.exists():
        raise BackupError(f"There is no database in {data_dir}.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=data_dir) as folder:
        work = Path(folder)
        # Hard links are made before and after copying the database, so that no original is missed,
        # even if its document is deleted meanwhile.
        _link_all(files, work)
        copy = work / _DATABASE
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as into:
            source.backup(into)
            into.execute("PRAGMA journal_mode=DELETE")
            rows = into.execute(
                "SELECT sha256 FROM document WHERE base_id IN (SELECT id FROM knowledge_base)"
            ).fetchall()
        _link_all(files, work)
        present = sorted({sha256 for (sha256,) in rows if (work / sha256).exists()})
        manifest = Manifest(
            datetime.now(UTC).isoformat(timespec="seconds"), len(rows), len(present), _sum(copy)
        )
        _write(target, manifest, copy, [work / sha256 for sha256 in present], data_dir)
    return manifest


def restore(source: Path, data_dir: Path) -> Manifest:
    """Restores a backup into an empty or new folder, verifying every byte.

    The folder stays empty unless everything is valid. Raises BackupError, OSError.
    """
    if data_dir.exists() and (not data_dir.is_dir() or any(data_dir.iterdir())):
        raise BackupError(f"{data_dir} is not empty. Choose an empty or new folder.")
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=data_dir.parent) as folder:
        work = Path(folder) / "data"
        try:
            with tarfile.open(source) as archive:
                archive.extractall(work, filter="data")  # rejects paths that lead out of the folder
            manifest = Manifest(**json.loads((work / _MANIFEST).read_text("utf-8")))
        except (tarfile.TarError, KeyError, TypeError, ValueError, EOFError) as error:
            raise BackupError(f"{source} is not a complete backup of Zhiwen: {error}") from error
        except FileNotFoundError as error:
            raise BackupError(f"{source} does not exist or is not a backup of Zhiwen.") from error
        _verify(work, manifest, source)
        (work / _MANIFEST).unlink()
        if data_dir.exists():
            data_dir.rmdir()
        work.rename(data_dir)  # in the same folder, hence atomic
    sync_folder(data_dir.parent)
    return manifest


def _link_all(files: FileStore, folder: Path) -> None:
    for sha256 in files.sums():
        link = folder / sha256
        if not link.exists():
            try:
                with files.local(sha256) as path:
                    link.hardlink_to(path)
            except FileMissing:  # just deleted, or damaged, which a restore would refuse
                continue


def _write(
    target: Path, manifest: Manifest, database: Path, files: list[Path], data_dir: Path
) -> None:
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as file, tarfile.open(fileobj=file, mode="w") as archive:
            described = json.dumps(asdict(manifest), indent=1).encode()
            info = tarfile.TarInfo(_MANIFEST)
            info.size = len(described)
            archive.addfile(info, io.BytesIO(described))
            archive.add(database, _DATABASE)
            for path in files:
                archive.add(path, f"files/{path.name[:2]}/{path.name}")
            for name in _BESIDE:
                if (data_dir / name).exists():
                    archive.add(data_dir / name, name)
            archive.close()
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(target.parent)


def _verify(folder: Path, manifest: Manifest, source: Path) -> None:
    if manifest.format != _FORMAT:
        raise BackupError(f"{source} was created by a newer version of Zhiwen.")
    database = folder / _DATABASE
    if not database.exists() or _sum(database) != manifest.database_sha256:
        raise BackupError(f"The database in {source} is damaged.")
    with closing(sqlite3.connect(database)) as db:
        (said,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if said != "ok":
        raise BackupError(f"The database in {source} is damaged: {said}")
    found = list(_files(folder))
    if len(found) != manifest.files:
        raise BackupError(f"{source} contains only {len(found)} of {manifest.files} originals.")
    for path in found:
        if _sum(path) != path.name:
            raise BackupError(f"The original {path.name} in {source} is damaged.")


def _files(folder: Path) -> Iterator[Path]:
    return (folder / "files").glob("??/*")


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
