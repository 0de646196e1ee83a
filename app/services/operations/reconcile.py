"""Compares everything derived from the database with it, and repairs the differences.

Runs at every start and for `zhiwen doctor`. Differences that cannot be repaired are reported with
what to do about them.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import union_all
from sqlmodel import Session, col, select

from app.db import lexical
from app.db.engine import Database
from app.db.errors import FilesTaken, FilesUnavailable, StorageFull
from app.db.files import FileStore
from app.db.installation import installation_id
from app.db.tables import (
    NOWHERE,
    ChunkVector,
    Job,
    KnowledgeBase,
    RemovedBase,
    StoredChunk,
    StoredDocument,
)
from app.services.library.removal import drop_unused_files
from app.services.library.vectors import is_searched, searched_ids
from app.services.library.versions import UNFINISHED
from app.services.search.vector_indexes import VectorIndexes
from ingest.chunking.chunk import indexed_text
from vectorstore import VectorStoreError

log = logging.getLogger(__name__)

_UPLOAD_S = 3600.0  # newer files without a document may belong to a running upload
_OVERDUE_S = 2 * _UPLOAD_S  # by then the service has removed them
_ROWS_AT_ONCE = 500

_GOING_ON = select(Job.document_id).where(col(Job.state).in_(("queued", "running")))


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. `repaired` is false if it was only reported or needs a human decision."""

    what: str
    detail: str
    repaired: bool


@dataclass(slots=True)
class Reconciliation:
    """`at_start`: findings at the start of this process."""

    db: Database
    files: FileStore
    indexes: VectorIndexes
    at_start: list[Finding] = field(default_factory=list)

    def start(self) -> None:
        """Repairs what a crash or a damaged folder left behind. Raises FilesTaken."""
        try:
            self.files.claim(lambda: installation_id(self.db))
        except FilesUnavailable as error:
            log.warning("whose files these are is not checked: %s", error)
        try:
            self.at_start = list(self._stored(repair=True))
        except StorageFull as error:
            self.at_start = [Finding("disk", str(error), False)]
        for finding in self.at_start:
            log.warning("%s: %s", finding.what, finding.detail)

    def findings(self, *, repair: bool) -> list[Finding]:
        """All current differences, including the vector indexes."""
        found = list(self._stored(repair=repair))
        try:
            found += self._dense(repair=repair)
        except VectorStoreError as error:  # its server is away
            found.append(Finding("vector index", str(error), False))
        damage = self.db.damage()
        if damage:
            detail = f"SQLite reports: {damage}. Restore a backup: zhiwen restore FILE"
            found.append(Finding("database", detail, False))
        return found

    def drop_orphans(self) -> None:
        """Removes files of interrupted uploads that never became documents, and what the store
        keeps beside. Called periodically, so that they do not stay until the next start."""
        self.files.sweep()
        with self.db.read() as session:
            wanted = set(session.exec(select(StoredDocument.sha256)))
        orphans = [sha256 for sha256 in self.files.sums(_UPLOAD_S) if sha256 not in wanted]
        if orphans:
            drop_unused_files(self.db, self.files, orphans)

    def _stored(self, *, repair: bool) -> Iterator[Finding]:
        yield from self._strays(repair=repair)
        yield from self._jobs(repair=repair)
        yield from self._bytes(repair=repair)
        yield from self._vectors(repair=repair)
        yield from self._lexical(repair=repair)
        if repair:
            yield from self._swept()

    def _swept(self) -> Iterator[Finding]:
        try:
            swept = self.indexes.sweep()
        except VectorStoreError as error:
            yield Finding("indexes", str(error), False)
        else:
            if swept:
                yield Finding("indexes", f"{swept} indexes of deleted bases", True)

    def _strays(self, *, repair: bool) -> Iterator[Finding]:
        """Checks that all documents belong to a base or to one listed as removed."""
        with self.db.read() as session:
            stray = _without_base(session)
        if stray and repair:
            with self.db.write() as session:
                session.add_all(RemovedBase(id=base_id) for base_id in _without_base(session))
        if stray:
            yield Finding("documents", f"documents of {len(stray)} deleted bases", repair)

    def _jobs(self, *, repair: bool) -> Iterator[Finding]:
        """Checks that every unfinished document has an unfinished job."""
        with self.db.read() as session:
            stuck = _without_job(session)
        if stuck and repair:
            with self.db.write() as session:
                stuck = _without_job(session)
                session.add_all(Job(document_id=document_id) for document_id in stuck)
        if stuck:
            yield Finding("jobs", f"{len(stuck)} unfinished documents without a job", repair)

    def _bytes(self, *, repair: bool) -> Iterator[Finding]:
        """Checks that every document has its file, and every file its document."""
        with self.db.read() as session:
            wanted = set(session.exec(select(StoredDocument.sha256)))
            rows = session.exec(
                select(StoredDocument.sha256, StoredDocument.name).where(
                    col(StoredDocument.base_id).in_(select(KnowledgeBase.id))
                )
            ).all()
        age_s = _UPLOAD_S if repair else _OVERDUE_S
        try:
            if repair:
                self.files.claim(lambda: installation_id(self.db))
            stored = set(self.files.sums())
            orphans = list(set(self.files.sums(age_s)) - wanted) if stored - wanted else []
        except (FilesUnavailable, FilesTaken) as error:
            yield Finding("files", str(error), False)
            return
        lost = sorted(name for sha256, name in rows if sha256 not in stored)
        if orphans and repair:
            drop_unused_files(self.db, self.files, orphans)
        if orphans:
            yield Finding("files", f"{len(orphans)} stored files without a document", repair)
        if lost:
            names = ", ".join(lost[:5]) + (", …" if len(lost) > 5 else "")
            detail = (
                f"the original files of {len(lost)} documents are missing ({names}). Their text "
                "can still be searched; upload them again or restore a backup"
            )
            yield Finding("files", detail, False)

    def _vectors(self, *, repair: bool) -> Iterator[Finding]:
        """Checks that every searched chunk has a vector. Documents without are processed again, and
        stay searchable until then."""
        with self.db.read() as session:
            lacking = _without_vector(session)
        if lacking and repair:
            with self.db.write() as session:
                going_on = set(session.exec(_GOING_ON))
                session.add_all(Job(document_id=id_) for id_ in lacking if id_ not in going_on)
        if lacking:
            yield Finding("vectors", f"{len(lacking)} documents lack vectors", repair)

    def _lexical(self, *, repair: bool) -> Iterator[Finding]:
        """Checks that the lexical index has exactly the searched chunks."""
        with self.db.read() as session:
            missing, extra = _lexical_differences(session)
        if not missing and not extra:
            return
        if repair:
            with self.db.write() as session:
                missing, extra = _lexical_differences(session)
                lexical.remove(session, extra)
                _add_to_lexical(session, sorted(missing))
        detail = f"{len(missing)} chunks missing, {len(extra)} in excess"
        yield Finding("lexical index", detail, repair)

    def _dense(self, *, repair: bool) -> Iterator[Finding]:
        with self.db.read() as session:
            bases = session.exec(select(KnowledgeBase)).all()
        for base in bases:
            if base.embedder != self.indexes.embedder_name:
                detail = (
                    f"base {base.name} was built with {base.embedder}; "
                    f"{self.indexes.embedder_name} is running. Run: "
                    f"zhiwen reembed {base.name!r} --embedder {self.indexes.embedder_name}"
                )
                yield Finding("embedder", detail, False)
            elif differences := self.indexes.differences(base.id, repair=repair):
                detail = f"base {base.name}: {differences} chunks differ"
                yield Finding("vector index", detail, repair)


def _without_base(session: Session) -> list[str]:
    """Ids of bases that are gone, that nothing lists as removed, and that still have documents."""
    known = union_all(select(KnowledgeBase.id), select(RemovedBase.id))
    base_id = col(StoredDocument.base_id)
    query = select(base_id).where(base_id != NOWHERE, base_id.not_in(known))
    return list(session.exec(query.distinct()))


def _without_job(session: Session) -> list[str]:
    return list(
        session.exec(
            select(StoredDocument.id).where(
                col(StoredDocument.state).in_(UNFINISHED),
                col(StoredDocument.id).not_in(_GOING_ON),
                col(StoredDocument.base_id).in_(select(KnowledgeBase.id)),
            )
        )
    )


def _without_vector(session: Session) -> list[str]:
    found: list[str] = []
    for base in session.exec(select(KnowledgeBase)):
        having = select(ChunkVector.chunk_id).where(ChunkVector.generation == base.generation)
        query = select(StoredChunk.document_id).where(
            is_searched(base.id), col(StoredChunk.id).not_in(having)
        )
        found += session.exec(query.distinct())
    return found


def _lexical_differences(session: Session) -> tuple[set[int], set[int]]:
    """Ids missing from the lexical index, and ids in excess."""
    wanted: set[int] = set()
    for base_id in session.exec(select(KnowledgeBase.id)):
        wanted |= searched_ids(session, base_id)
    indexed = lexical.ids(session)
    # those of removed bases are erased a few at a time, and nobody finds them meanwhile
    leaving = select(StoredChunk.id).where(col(StoredChunk.base_id).in_(select(RemovedBase.id)))
    return wanted - indexed, indexed - wanted - set(session.exec(leaving))


def _add_to_lexical(session: Session, chunk_ids: list[int]) -> None:
    for begin in range(0, len(chunk_ids), _ROWS_AT_ONCE):
        part = chunk_ids[begin : begin + _ROWS_AT_ONCE]
        rows = session.exec(
            select(StoredChunk, StoredDocument.title)
            .join(StoredDocument, col(StoredDocument.id) == col(StoredChunk.document_id))
            .where(col(StoredChunk.id).in_(part))
        )
        for chunk, title in rows:
            text = indexed_text(title, tuple(chunk.headings), chunk.text)
            lexical.add(session, chunk.base_id, [(chunk.id or 0, text)])
