"""Checks after a cycle: stored documents, and everything that must agree with them."""

import hashlib
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import text
from sqlmodel import Session, col, select

from app.db import lexical
from app.db.tables import StoredMessage
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


def wait_until_read(session: Session) -> list[str]:
    """Waits until no document is being added or removed. Returns those left after some minutes."""
    deadline = time.monotonic() + _EMPTY_S
    while True:
        session.rollback()  # the next look is at a new snapshot
        rows = _rows(
            session,
            "SELECT path, state FROM document"
            " WHERE state IN ('queued','parsing','embedding') OR base_id = ''",
        )
        if not rows:
            return []
        if time.monotonic() > deadline:
            return [f"{path} is still {state}, or not yet deleted" for path, state in rows]
        time.sleep(0.02)


def stored_documents(processes: Processes, session: Session, wrong: Violations) -> dict[str, str]:
    """SHA-256 of ready documents by path. Records duplicates, failures and missing files."""
    found: dict[str, str] = {}
    rows = _rows(
        session,
        "SELECT id, path, sha256, state, error_detail, chunk_count FROM document"
        " WHERE state != 'superseded'",
    )
    for id_, path, sha256, state, error, chunk_count in rows:
        if state != "ready":
            wrong.lost.append(f"{path} is {state}: {error}")
            continue
        paths = _rows(session, "SELECT path FROM document_path WHERE document_id = :id", id=id_)
        for (each,) in paths:
            if each in found:
                wrong.duplicates.append(f"{each} is in two documents")
            found[each] = sha256
        chunks = _rows(session, "SELECT ordinal FROM chunk WHERE document_id = :id", id=id_)
        ordinals = [ordinal for (ordinal,) in chunks]
        if sorted(ordinals) != list(range(chunk_count)) or not ordinals:
            wrong.duplicates.append(f"{path} has chunks {sorted(ordinals)} of {chunk_count}")
        if _stored_sum(processes, sha256) != sha256:
            wrong.lost.append(f"the bytes of {path}")
    counts = Counter(row[2] for row in rows if row[3] == "ready")
    wrong.duplicates += [f"{sha[:8]} is read {n} times" for sha, n in counts.items() if n > 1]
    return found


def compare_database(session: Session, wrong: Violations) -> None:
    """Compares what is searched in the database with its documents."""
    searched = _ids(
        session,
        "SELECT c.id FROM chunk c JOIN document d ON d.id = c.document_id WHERE d.state = 'ready'",
    )
    with_vector = _ids(session, "SELECT chunk_id FROM chunk_vector")
    if differing := lexical.ids(session) ^ searched:
        wrong.differences.append(f"lexical index: {len(differing)} chunks differ")
    if searched - with_vector:
        wrong.differences.append(f"{len(searched - with_vector)} chunks without a vector")


def compare_indexes(http: httpx.Client, wrong: Violations) -> None:
    """Compares the indexes of a process with the database, by the service's own check."""
    now = http.get("/api/check").raise_for_status().json()["now"]
    wrong.differences += [f"{finding['what']}: {finding['detail']}" for finding in now]


def stored_answers(session: Session, ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """State and text by id."""
    rows = select(StoredMessage.id, StoredMessage.state, StoredMessage.content).where(
        col(StoredMessage.id).in_(list(ids))
    )
    return {id_: (state, content) for id_, state, content in session.exec(rows)}


def _stored_sum(processes: Processes, sha256: str) -> str:
    path = processes.settings[0].files_path / sha256[:2] / sha256
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def _rows(session: Session, query: str, **values: object) -> Sequence[Any]:
    return session.connection().execute(text(query), values).all()


def _ids(session: Session, query: str) -> set[int]:
    return {row[0] for row in _rows(session, query)}
