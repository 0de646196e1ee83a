"""One claimed job: read the bytes, parse → clean → chunk → embed, commit everything at once.

`Ingestion.run` does that for one document; `reading_ahead.py` does it for many, each step in a
thread of its own.
"""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from itertools import accumulate

from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col

from app.db import lexical
from app.db.engine import Database, is_full
from app.db.errors import StorageFull
from app.db.files import FileStore
from app.db.tables import DocumentText, StoredChunk, StoredDocument, utc_now
from app.services.errors import NotFound, WrongEmbedder
from app.services.library.bases import get_base, next_sequence
from app.services.library.chunks import delete_chunks, withdraw
from app.services.library.document_tables import store_tables
from app.services.library.jobs import LEASE_S, Claim, Jobs, locked
from app.services.library.vectors import add_vectors
from app.services.library.versions import take_paths
from ingest.chunking.chunk import indexed_text
from ingest.embedding.embedder import Embedder, Vectors
from ingest.errors import IngestError
from ingest.parsers import parse
from ingest.pipeline import Parse, Progress, chunk_limit, embed, read
from ingest.terms import terms
from ingest.types import Chunk, Document

log = logging.getLogger(__name__)

_REPORT_S = 0.3


@dataclass(frozen=True, slots=True)
class Reading:
    """A claimed document that was read; `texts` is what is embedded and indexed of its chunks."""

    claim: Claim
    stored: StoredDocument
    document: Document
    chunks: list[Chunk]

    @property
    def texts(self) -> list[str]:
        title = self.document.title
        return [indexed_text(title, chunk.headings, chunk.text) for chunk in self.chunks]


@dataclass(frozen=True, slots=True)
class Embedded:
    """`vectors` is `(len(reading.chunks), dim)`, float32, rows L2-normalised."""

    reading: Reading
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class Ingestion:
    db: Database
    files: FileStore
    jobs: Jobs
    embedder: Embedder
    chunk_tokens: int
    parse: Parse = parse

    def run(self, claim: Claim, worker: str) -> None:
        """Bring the claimed document to `ready` or `failed`. Raises nothing about the document,
        and StorageFull where its end cannot be written down; then the job is still claimed."""
        with lease_kept(self.jobs, worker):
            reading = self.read(claim)
            if reading is not None:
                for embedded in self.embed([reading]):
                    self.commit(embedded)

    def read(self, claim: Claim) -> Reading | None:
        """Parse and chunk; None where that ended the job. Raises StorageFull as `run`."""
        with self._answered(claim):
            document = self._start(claim)
            parsed, chunks = read(
                self.files.path(document.sha256).read_bytes(),
                document.name,
                self.embedder.token_counts,
                chunk_tokens=chunk_limit(self.chunk_tokens, self.embedder.max_tokens),
                on_progress=self._report(claim),
                parse=self.parse,
            )
            return Reading(claim, document, parsed, chunks)
        return None

    def embed(self, readings: Sequence[Reading]) -> list[Embedded]:
        """The documents with their vectors, computed together. Where that fails each is tried on
        its own, so that a document ends no other; those that fail alone are left out."""
        texts = [text for reading in readings for text in reading.texts]
        on_progress = self._report(readings[0].claim) if len(readings) == 1 else None
        try:
            vectors = embed(texts, self.embedder, on_progress=on_progress)
        except Exception:
            if len(readings) > 1:
                log.warning("%s documents are embedded one by one", len(readings), exc_info=True)
                return [each for reading in readings for each in self.embed([reading])]
            with self._answered(readings[0].claim):
                raise
            return []
        ends = list(accumulate(len(reading.chunks) for reading in readings))
        return [
            Embedded(reading, vectors[end - len(reading.chunks) : end])
            for reading, end in zip(readings, ends, strict=True)
        ]

    def commit(self, embedded: Embedded) -> None:
        """Make the document searchable. Raises StorageFull as `run`."""
        with self._answered(embedded.reading.claim):
            self._commit(embedded.reading, embedded.vectors)

    @contextmanager
    def _answered(self, claim: Claim) -> Iterator[None]:
        """An error about the document ends its job with the reason."""
        try:
            yield
        except StorageFull:
            raise
        except NotFound:
            log.info("document %s was deleted meanwhile, or given to another", claim.document_id)
        except (IngestError, WrongEmbedder) as error:
            self.jobs.fail(claim, error.code, str(error))
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
        less time than a commit."""
        stage_before, written_at = "", 0.0

        def report(stage: str, done: int, total: int) -> None:
            nonlocal stage_before, written_at
            now = time.monotonic()
            if stage != stage_before or now - written_at >= _REPORT_S:
                stage_before, written_at = stage, now
                self.jobs.progress(claim, stage, done, total)

        return report

    def _start(self, claim: Claim) -> StoredDocument:
        with self.db.read() as session:
            document = session.get(StoredDocument, claim.document_id)
            if document is None:
                raise NotFound("document", claim.document_id)
            base = get_base(session, document.base_id)
            if base.embedder != self.embedder.name:
                raise WrongEmbedder(base.name, base.embedder, self.embedder.name)
            return document

    def _commit(self, reading: Reading, vectors: Vectors) -> None:
        """Text, chunks, vectors, lexical rows and the state `ready`: all or nothing."""
        claim, document, parsed = reading.claim, reading.stored, reading.document
        cut = [terms(text) for text in reading.texts]  # seconds for a large file: not in the commit
        with self.db.write() as session:
            # The base first, as deleting it does; the other order would deadlock.
            next_sequence(session, document.base_id)
            base = get_base(session, document.base_id)
            held = locked(session, claim)
            if held is None:
                raise NotFound("claimed job", claim.job_id)
            job, stored = held
            if base.embedder != self.embedder.name:  # re-embedded meanwhile
                raise WrongEmbedder(base.name, base.embedder, self.embedder.name)
            withdraw(session, stored.base_id, [stored.id], base.sequence)
            delete_chunks(session, [stored.id])
            ids = add_chunks(session, stored, base.sequence, reading.chunks)
            add_vectors(session, base.generation, ids, vectors)
            pages = [[span.page, span.start, span.end] for span in parsed.pages]
            session.merge(DocumentText(document_id=stored.id, text=parsed.text, pages=pages))
            store_tables(session, stored.id, parsed.tables)
            stored.notices = [list(astuple(notice)) for notice in parsed.notices]
            stored.state, stored.title = "ready", parsed.title
            stored.page_count = parsed.pages[-1].page if parsed.pages else None
            stored.chunk_count, stored.updated_at = len(ids), utc_now()
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


@contextmanager
def lease_kept(jobs: Jobs, worker: str) -> Iterator[None]:
    """Renew from a thread what the worker holds as long as the work goes on, however long a step
    takes."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(LEASE_S / 3):
            try:
                jobs.renew(worker)
            except (SQLAlchemyError, StorageFull):  # the next renewal still comes in time
                log.warning("the leases of %s were not renewed", worker, exc_info=True)

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
