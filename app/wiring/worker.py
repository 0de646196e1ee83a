"""What runs apart from the API: the worker's ingestion, reconciliation and re-embedding."""

from app.config import Settings
from app.db.engine import Database
from app.db.files import FileStore
from app.services.jobs.queue import Jobs
from app.services.library.documents import Documents
from app.services.library.ingestion import Ingestion
from app.services.operations.reconcile import Reconciliation
from app.services.search.indexes import Indexes
from app.services.search.reembed import Reembed
from app.wiring.models import build_embedder, embedder_name, model_store
from ingest.pipeline import Parse
from ingest.sandbox.sandbox import Limits, Sandbox


def build_ingestion(settings: Settings) -> Ingestion:
    """What the worker's embedding process runs."""
    db = Database(settings.sql_url)
    embedder = build_embedder(settings, model_store(settings), threads=settings.embed_threads)
    files = FileStore(settings.files_path)
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
        )
    )
    return sandbox.parse


def build_reconciliation(settings: Settings) -> Reconciliation:
    """Compares files and indexes with the database; needs neither a running service nor models."""
    db = Database(settings.sql_url)
    files = FileStore(settings.files_path)
    documents = Documents(db, files, settings.max_upload_bytes)
    indexes = Indexes(db, settings.indexes_path, embedder_name(settings, model_store(settings)))
    return Reconciliation(db, files, documents, indexes)


def build_reembed(settings: Settings, name: str) -> Reembed:
    """Gives a base vectors of the embedder `name`. Raises ModelError."""
    changed = settings.model_copy(update={"embedder": name})
    embedder = build_embedder(changed, model_store(settings), threads=settings.embed_threads)
    db = Database(settings.sql_url)
    db.migrate()
    return Reembed(db, embedder)
