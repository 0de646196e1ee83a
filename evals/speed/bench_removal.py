"""Removal benchmark: how long the removal of a large base blocks other writers.

`python -m evals.speed.bench_removal --chunks 100000`

Uses generated passages, the hashing embedder and SQLite, which allows one writer at a time. Removes
the same base on two copies of a folder: in slices as Zhiwen does, and in a single transaction.
Measures how long each transaction holds the write lock, from its start to the end of its commit; a
transaction of one row shows the share of the disk.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import delete
from sqlmodel import Session, col, select

from app.config import Settings
from app.db import lexical
from app.db.engine import Database
from app.db.files import LocalFiles, sync_folder
from app.db.tables import ChunkVector, StoredChunk, StoredDocument
from app.llm.scripted import ScriptedChatModel
from app.services.jobs.workers import beat
from app.services.library.bases import lock_base
from app.services.library.documents import Documents
from app.services.people.access import LOCAL_OWNER as ME
from app.wiring.application import build
from evals.figures import Figure, of_many, percentile_95, table, write
from evals.local import add_documents
from evals.speed.synthetic import generate

REPORT = Path("build/bench-removal.json")
_CHUNK_TOKENS = 160  # about one generated passage per chunk
_LOCK_MS = 100  # the longest acceptable wait of other writers
_ONE_ROW = 50  # transactions
_SLICES = 20  # per batch, like the worker


class TimedDatabase(Database):
    """Records how long each transaction holds the write lock."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.held_s: list[float] = []

    @contextmanager
    def write(self) -> Iterator[Session]:
        with super().write() as session:
            began = time.perf_counter()
            yield session
        self.held_s.append(time.perf_counter() - began)


def main(
    chunks: Annotated[int, typer.Option(min=100, help="Passages, about one chunk each.")] = 100_000,
) -> None:
    """Measure both methods."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="zhiwen-bench-") as temporary:
        folder, copy = Path(temporary) / "a", Path(temporary) / "b"
        base_id, count = _fill(folder, chunks)
        console.print(f"{count} chunks", highlight=False)
        shutil.copytree(folder, copy)
        figures = [
            Figure("chunks", count, ""),
            *_in_slices(folder, base_id),
            *_in_one_transaction(copy, base_id),
        ]
    console.print(table(figures))
    write(figures, REPORT)


def _fill(folder: Path, chunks: int) -> tuple[str, int]:
    """Creates a base of about `chunks` chunks in `folder`. Returns its id and chunk count."""
    settings = Settings(
        data_dir=folder,
        models_dir=Settings().models_path.absolute(),
        embedder="hashing",
        chunk_tokens=_CHUNK_TOKENS,
        sample_base=False,
    )
    zhiwen = build(settings, model=ScriptedChatModel())
    zhiwen.prepare()
    base_id, _ = add_documents(zhiwen, "bench", generate(chunks, 0).files)
    count = zhiwen.bases.get(ME, base_id).chunk_count
    zhiwen.db.dispose()
    return base_id, count


def _in_slices(folder: Path, base_id: str) -> list[Figure]:
    """As in Zhiwen: the first transaction removes the base, further ones delete its rows."""
    db = TimedDatabase(f"sqlite:///{folder / 'zhiwen.db'}")
    files = LocalFiles(folder / "files")
    documents = Documents(db, files, max_upload_bytes=0)
    for number in range(_ONE_ROW):
        beat(db, "bench", str(number))
    one_row_ms = [1000 * each for each in db.held_s]
    db.held_s.clear()
    began = time.perf_counter()
    documents.delete_base(ME, base_id)
    answered_s = time.perf_counter() - began
    while _left(db):
        documents.purge.run(_SLICES)
    gone_s = time.perf_counter() - began
    held_ms = [1000 * each for each in db.held_s]
    slices = held_ms[1:]
    return [
        of_many("write lock, one row", one_row_ms, "ms"),
        Figure("write lock, to take the base away", held_ms[0], "ms", _LOCK_MS),
        Figure(
            "write lock, each of the rest, p95",
            percentile_95(slices),
            "ms",
            _LOCK_MS,
            f"median {median(slices):.1f} ms, longest {max(slices):.0f} ms, n = {len(slices)}",
        ),
        Figure("the request", answered_s, "s"),
        Figure("until everything is gone", gone_s, "s", None, _files_left(files)),
    ]


def _left(db: Database) -> bool:
    with db.read() as session:
        return session.exec(select(StoredDocument.id).limit(1)).first() is not None


def _in_one_transaction(folder: Path, base_id: str) -> list[Figure]:
    """Deletes all rows in one transaction and all files in another, durably."""
    db = TimedDatabase(f"sqlite:///{folder / 'zhiwen.db'}")
    files = LocalFiles(folder / "files")
    with db.write() as session:
        base = lock_base(session, base_id)
        sums = session.exec(
            select(StoredDocument.sha256).where(StoredDocument.base_id == base_id)
        ).all()
        of_base = select(StoredChunk.id).where(StoredChunk.base_id == base_id)
        lexical.withdraw(session, of_base)
        session.exec(delete(ChunkVector).where(col(ChunkVector.chunk_id).in_(of_base)))
        session.exec(delete(StoredChunk).where(col(StoredChunk.base_id) == base_id))
        session.exec(delete(StoredDocument).where(col(StoredDocument.base_id) == base_id))
        session.delete(base)
    with db.write() as session:
        for sha256 in sums:
            query = select(StoredDocument.id).where(StoredDocument.sha256 == sha256)
            if session.exec(query.limit(1)).first() is None:
                files.delete(sha256)
                sync_folder(files.path(sha256).parent)
    rows_ms, bytes_ms = (1000 * each for each in db.held_s)
    return [
        Figure("naive: write lock, rows in one transaction", rows_ms, "ms"),
        Figure("naive: write lock, bytes in one more", bytes_ms, "ms", None, _files_left(files)),
    ]


def _files_left(files: LocalFiles) -> str:
    return f"{sum(1 for _ in files.sums())} files left"


if __name__ == "__main__":
    typer.run(main)
