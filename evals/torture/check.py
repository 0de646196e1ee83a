"""Checks after a cycle: stored documents, and everything that must agree with them."""

import hashlib
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field

import httpx

from evals.torture.processes import Processes

_EMPTY_S = 240.0


@dataclass(slots=True)
class Violations:
    """Violations found."""

    lost: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def any(self) -> bool:
        return bool(self.lost or self.duplicates or self.differences)

    def add(self, other: "Violations") -> None:
        self.lost += other.lost
        self.duplicates += other.duplicates
        self.differences += other.differences


def wait_until_read(processes: Processes) -> list[str]:
    """Waits until no document is being added or removed. Returns those left after some minutes."""
    deadline = time.monotonic() + _EMPTY_S
    with closing(_database(processes)) as db:
        while True:
            rows = db.execute(
                "SELECT path, state FROM document"
                " WHERE state IN ('queued','parsing','embedding') OR base_id = ''"
            ).fetchall()
            if not rows:
                return []
            if time.monotonic() > deadline:
                return [f"{path} is still {state}, or not yet deleted" for path, state in rows]
            time.sleep(0.02)


def stored_documents(processes: Processes, wrong: Violations) -> dict[str, str]:
    """SHA-256 of ready documents by path. Records duplicates, failures and missing files."""
    found: dict[str, str] = {}
    with closing(_database(processes)) as db:
        rows = db.execute(
            "SELECT id, path, sha256, state, error_detail, chunk_count FROM document"
            " WHERE state != 'superseded'"
        ).fetchall()
        for id_, path, sha256, state, error, chunk_count in rows:
            if state != "ready":
                wrong.lost.append(f"{path} is {state}: {error}")
                continue
            paths = db.execute("SELECT path FROM document_path WHERE document_id = ?", (id_,))
            for (each,) in paths:
                if each in found:
                    wrong.duplicates.append(f"{each} is in two documents")
                found[each] = sha256
            ordinals = [
                row[0]
                for row in db.execute("SELECT ordinal FROM chunk WHERE document_id = ?", (id_,))
            ]
            if sorted(ordinals) != list(range(chunk_count)) or not ordinals:
                wrong.duplicates.append(f"{path} has chunks {sorted(ordinals)} of {chunk_count}")
            if _stored_sum(processes, sha256) != sha256:
                wrong.lost.append(f"the bytes of {path}")
    counts = Counter(row[2] for row in rows if row[3] == "ready")
    wrong.duplicates += [f"{sha[:8]} is read {n} times" for sha, n in counts.items() if n > 1]
    return found


def compare(processes: Processes, http: httpx.Client, wrong: Violations) -> None:
    """Compares indexes with the database, by the service's own check and directly."""
    now = http.get("/api/check").raise_for_status().json()["now"]
    wrong.differences += [f"{finding['what']}: {finding['detail']}" for finding in now]
    with closing(_database(processes)) as db:
        searched = _ids(
            db,
            "SELECT c.id FROM chunk c JOIN document d ON d.id = c.document_id"
            " WHERE d.state = 'ready'",
        )
        with_vector = _ids(db, "SELECT chunk_id FROM chunk_vector")
        lexical = _ids(db, "SELECT chunk_id FROM chunk_terms_size") - _ids(
            db, "SELECT chunk_id FROM lexical_removal"
        )
    if lexical != searched:
        wrong.differences.append(f"lexical index: {len(lexical ^ searched)} chunks differ")
    if searched - with_vector:
        wrong.differences.append(f"{len(searched - with_vector)} chunks without a vector")


def _stored_sum(processes: Processes, sha256: str) -> str:
    path = processes.settings.files_path / sha256[:2] / sha256
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def _database(processes: Processes) -> sqlite3.Connection:
    db = sqlite3.connect(processes.data_dir / "zhiwen.db", timeout=20)
    db.execute("PRAGMA query_only=1")
    return db


def _ids(db: sqlite3.Connection, query: str) -> set[int]:
    return {row[0] for row in db.execute(query)}
