"""One claimed job: read the bytes, parse → clean → chunk → embed, commit everything at once.

`Ingestion.run` does that for one document; `reading_ahead.py` does it for many, each step in a
thread of its own.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import TypeVar

from sqlalchemy import insert
from sqlmodel import Session, col

from app.db import lexical
from app.db.engine import Database, is_full
from app.db.errors import DatabaseBusy, FileMissing, FilesUnavailable, StorageFull
from app.db.files import FileStore
from app.db.tables import StoredChunk, StoredDocument
from app.services.errors import NotFound, WrongEmbedder
from app.services.ingestion.embedding import ChunkBatch, Embedding, Reading, count_chunks
from app.services.ingestion.parsed import store_document
from app.services.ingestion.turns import ROUND_CHUNKS
from app.services.ingestion.unchanged import keep_chunks
from app.services.jobs.lease import lease_kept
from app.services.jobs.queue import Claim, Jobs, claimed_job
from app.services.library.bases import next_sequence, stored_base
from app.services.library.chunks import delete_chunks, withdraw
from app.services.library.vectors import add_vectors
from app.services.library.versions import take_paths
from ingest.embedding.embedder import Embedder
from ingest.errors import EmbedderUnavailable, IngestError
from ingest.parsers import parse
from ingest.pipeline import Parse, Progress, chunk_limit, read
from ingest.terms import terms
from ingest.types import Chunk, Document

log = logging.getLogger(__name__)

_REPORT_S = 0.3
_WAITS_S = (0.2, 0.5, 1.0, 2.0, 5.0)  # a database server is back after some seconds

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ingestion:
    """`waits_s`: before each time that the database is asked again where it is busy."""

    db: Database
    files: FileStore
    jobs: Jobs
    embedder: Embedder
    chunk_tokens: int
    parse: Parse = parse
    waits_s: tuple[float, ...] = _WAITS_S

    def run(self, claim: Claim, worker: str) -> None:
        """Bring the claimed document to `ready` or `failed`. Raises nothing about the document;
        StorageFull, DatabaseBusy and FilesUnavailable where its end cannot be written down or its
        beginning not be read, EmbedderUnavailable where nobody gives vectors now: then the job is
        still claimed, and is to be given back."""
        with lease_kept(self.jobs, worker):
            self.bring(claim)

    def bring(self, claim: Claim) -> None:
        """The same where the caller keeps the lease."""
        reading = self.read(claim)
        if reading is None:
            return
        embedding = self.begin(reading)
        while embedding.left:
            if self.embed([embedding.take(ROUND_CHUNKS)]):
                return
        self.commit(embedding)

    def read(self, claim: Claim) -> Reading | None:
        """Parse and chunk; None where that ended the job: in an error, or because nothing has to be
        embedded again. Raises as `run`."""
        with self._answered(claim):
            document = self._patiently(lambda: self._start(claim))
            with self.files.local(document.sha256) as path:
                data = path.read_bytes()
            parsed, chunks = self.chunks_of(data, document.name, self._report(claim))
            reading = Reading(claim, document, parsed, chunks)
            if not self._patiently(lambda: keep_chunks(self.db, reading)):
                return reading
        return None

    def chunks_of(
        self, data: bytes, name: str, on_progress: Progress
    ) -> tuple[Document, list[Chunk]]:
        """Parse and chunk. Raises IngestError."""
        return read(
            data,
            name,
            self.embedder.token_counts,
            chunk_tokens=chunk_limit(self.chunk_tokens, self.embedder.max_tokens),
            on_progress=on_progress,
            parse=self.parse,
        )

    def begin(self, reading: Reading) -> Embedding:
        return Embedding.of(reading, self.embedder.dim)

    def embed(self, parts: Sequence[ChunkBatch]) -> list[Embedding]:
        """Embed these chunks together. Returns the documents that go no further: where it fails
        each part is tried on its own, so that a document ends no other; and where the job was
        cancelled or its document deleted. Raises EmbedderUnavailable."""
        if not count_chunks(parts):
            return []
        texts = [text for part in parts for text in part.texts]
        try:
            vectors = self.embedder.embed(texts, kind="document")
        except EmbedderUnavailable:
            raise
        except Exception:
            if len(parts) > 1:
                log.warning("%s documents are embedded one by one", len(parts), exc_info=True)
                return [failed for part in parts for failed in self.embed([part])]
            with self._answered(parts[0].embedding.reading.claim):
                raise
            return [parts[0].embedding]
        begin, over = 0, []
        for part in parts:
            end = begin + len(part.rows)
            part.fill(vectors[begin:end])
            begin = end
            if not self._show(part.embedding):
                over.append(part.embedding)
        return over

    def commit(self, embedding: Embedding) -> None:
        """Make the document searchable. Raises as `run`."""
        with self._answered(embedding.reading.claim):
            self._patiently(lambda: self._commit(embedding))

    @contextmanager
    def _answered(self, claim: Claim) -> Iterator[None]:
        """An error about the document ends its job with the reason."""
        try:
            yield
        except (StorageFull, DatabaseBusy, FilesUnavailable, EmbedderUnavailable):
            raise
        except NotFound:
            log.info("the job of document %s is no longer ours", claim.document_id)
        except (IngestError, WrongEmbedder) as error:
            self.jobs.fail(claim, error.code, str(error))
        except FileMissing as error:
            self.jobs.fail(claim, "storage", f"The stored file could not be read: {error}")
        except OSError as error:
            if is_full(error):
                raise StorageFull from error
            log.warning("document %s: %s", claim.document_id, error)
            self.jobs.fail(claim, "storage", f"The stored file could not be read: {error.strerror}")
        except Exception as error:  # a parser's bug must not stop the queue
            log.exception("document %s", claim.document_id)
            detail = f"The file could not be read ({type(error).__name__}: {error})."
            self.jobs.fail(claim, "internal", detail[:2000])

    def _report(self, claim: Claim) -> Progress:
        """Write down each new stage, and how far it is a few times a second: a page of a PDF takes
        less time than a commit. Raises NotFound where the job was cancelled, which ends it."""
        stage_before, written_at = "", 0.0

        def report(stage: str, done: int, total: int) -> None:
            nonlocal stage_before, written_at
            now = time.monotonic()
            if stage != stage_before or now - written_at >= _REPORT_S:
                stage_before, written_at = stage, now
                if not self._progress(claim, stage, done, total):
                    raise NotFound("claimed job", claim.job_id)

        return report

    def _show(self, embedding: Embedding) -> bool:
        """The same while it is embedded; short documents are ready before there is much to say.
        False where the job was cancelled."""
        now = time.monotonic()
        if embedding.is_whole or now - embedding.reported_at < _REPORT_S:
            return True
        embedding.reported_at = now
        return self._progress(
            embedding.reading.claim, "embedding", embedding.filled, len(embedding.order)
        )

    def _progress(self, claim: Claim, stage: str, done: int, total: int) -> bool:
        """As `Jobs.progress`. It is only to be seen: where the database is busy the work goes
        on, and the next report is not far."""
        try:
            return self.jobs.progress(claim, stage, done, total)
        except DatabaseBusy as error:
            log.info("progress of document %s was not written: %s", claim.document_id, error)
            return True

    def _patiently(self, work: Callable[[], T]) -> T:
        """What `work` returns, tried again where the database is busy. Raises DatabaseBusy."""
        for wait_s in self.waits_s:
            try:
                return work()
            except DatabaseBusy as error:
                log.warning("%s", error)
                time.sleep(wait_s)
        return work()

    def _start(self, claim: Claim) -> StoredDocument:
        with self.db.read() as session:
            document = session.get(StoredDocument, claim.document_id)
            if document is None:
                raise NotFound("document", claim.document_id)
            base = stored_base(session, document.base_id)
            if base.embedder != self.embedder.name:
                raise WrongEmbedder(base.name, base.embedder, self.embedder.name)
            return document

    def _commit(self, embedding: Embedding) -> None:
        """Text, chunks, vectors, lexical rows and the state `ready`: all or nothing."""
        reading = embedding.reading
        claim, document, parsed = reading.claim, reading.stored, reading.document
        cut = [terms(text) for text in reading.texts]  # seconds for a large file: not in the commit
        with self.db.write() as session:
            # The base first, as deleting it does; the other order would deadlock.
            next_sequence(session, document.base_id)
            base = stored_base(session, document.base_id)
            job = claimed_job(session, claim)
            if job is None:
                raise NotFound("claimed job", claim.job_id)
            stored = session.get_one(StoredDocument, claim.document_id)
            if base.embedder != self.embedder.name:  # re-embedded meanwhile
                raise WrongEmbedder(base.name, base.embedder, self.embedder.name)
            withdraw(session, stored.base_id, [stored.id], base.sequence)
            delete_chunks(session, [stored.id])
            ids = add_chunks(session, stored, base.sequence, reading.chunks)
            add_vectors(session, base.generation, ids, embedding.vectors)
            store_document(session, stored, parsed)
            stored.state, stored.chunk_count = "ready", len(ids)
            job.state, job.stage, job.updated_at = "done", "ready", stored.updated_at
            session.add_all((stored, job))
            if take_paths(session, stored, base.sequence):
                lexical.add_terms(session, stored.base_id, list(zip(ids, cut, strict=True)))


def add_chunks(
    session: Session, document: StoredDocument, sequence: int, chunks: Sequence[Chunk]
) -> list[int]:
    """Write a document's chunks with the base's change `sequence`. Their ids, in their order."""
    if not chunks:
        return []
    rows = [
        {
            "document_id": document.id,
            "base_id": document.base_id,
            "sequence": sequence,
            "ordinal": chunk.ordinal,
            "text": chunk.text,
            "start": chunk.start,
            "end": chunk.end,
            "page": chunk.page,
            "headings": list(chunk.headings),
            "locator": chunk.locator,
            "stretches": [list(astuple(stretch)) for stretch in chunk.stretches],
        }
        for chunk in chunks
    ]
    # Rows, not objects: those take a third of a commit's time and nobody keeps them.
    adding = insert(StoredChunk).returning(col(StoredChunk.id), sort_by_parameter_order=True)
    ids = session.connection().execute(adding, rows).scalars()
    return [id_ for id_ in ids if id_ is not None]
