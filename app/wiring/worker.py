"""Builds what runs outside the API: ingestion, reconciliation and re-embedding."""

from app.config import Settings
from app.db.engine import Database
from app.db.files import open_files
from app.services.ingestion.ingestion import Ingestion
from app.services.jobs.queue import Jobs
from app.services.operations.reconcile import Reconciliation
from app.services.search.reembed import Reembed
from app.wiring.indexes import build_indexes, milvus_engine
from app.wiring.models import build_embedder, embedder_name, model_store
from ingest.pipeline import Parse
from ingest.sandbox.sandbox import Limits, Sandbox

_PAGE_S = 20.0  # to draw a page; somebody is waiting


def build_ingestion(settings: Settings) -> Ingestion:
    """Builds the ingestion that the worker's embedding process runs."""
    db = Database(settings.sql_url)
    embedder = build_embedder(settings, model_store(settings), threads=settings.embed_threads)
    files = open_files(settings.data_dir, settings.files_url)
    parse = build_parser(settings)
    return Ingestion(db, files, Jobs(db), embedder, settings.chunk_tokens, parse)


def build_parser(settings: Settings) -> Parse:
    """Reads files in a process of its own, which starts with the first of them."""
    sandbox = Sandbox(
        Limits(
            stall_s=settings.parse_timeout_s,
            total_s=settings.parse_total_timeout_s,
            memory_mib=settings.parse_memory_mib,
            max_characters=settings.parse_max_characters,
        ),
        read_hidden=settings.read_hidden,
    )
    return sandbox.parse


def build_renderer(settings: Settings) -> Sandbox:
    """Draws pages in a process of its own, which starts with the first of them."""
    limits = Limits(_PAGE_S, _PAGE_S, settings.parse_memory_mib)
    return Sandbox(limits)


def build_reconciliation(settings: Settings) -> Reconciliation:
    """Builds the reconciliation, which needs neither a running service nor models."""
    db = Database(settings.sql_url)
    files = open_files(settings.data_dir, settings.files_url)
    indexes = build_indexes(settings, db, embedder_name(settings, model_store(settings)))
    return Reconciliation(db, files, indexes)


def build_reembed(settings: Settings, name: str) -> Reembed:
    """Builds re-embedding with the embedder `name`. Raises ModelError."""
    changed = settings.model_copy(update={"embedder": name})
    embedder = build_embedder(changed, model_store(settings), threads=settings.embed_threads)
    db = Database(settings.sql_url)
    db.migrate()
    return Reembed(db, embedder, milvus_engine(settings, db) if settings.milvus_url else None)
