"""Builds the check-up of a base, which needs the search of a service but no chat model."""

from typing import Any

from app.config import Settings
from app.db.engine import Database
from app.services.checkup.examine import Show, examine
from app.services.checkup.headings import TOP_K, Search
from app.services.library.bases import stored_base
from app.services.people.access import LOCAL_OWNER
from app.services.people.grants import scope_of
from app.services.search.search import Passages
from app.wiring.calibration import build_calibrator
from app.wiring.indexes import build_indexes
from app.wiring.models import build_embedder, embedder_name, model_store
from app.wiring.retrieval import build_retriever


def check_up(settings: Settings, base_id: str, show: Show) -> Any:
    """What is found, as JSON. Raises NotFound for the base, ModelError, IngestError."""
    db = Database(settings.sql_url)
    with db.read() as session:
        base = stored_base(session, base_id)
    same = base.embedder == embedder_name(settings, model_store(settings))
    return examine(db, base_id, _search(settings, db, base_id) if same else None, show)


def _search(settings: Settings, db: Database, base_id: str) -> Search:
    """As whoever sees the whole base would."""
    store = model_store(settings)
    embedder = build_embedder(settings, store, threads=settings.embed_threads)
    indexes, passages = build_indexes(settings, db, embedder.name), Passages(db)
    scoring = build_calibrator(settings, store, embedder).scoring
    retriever = build_retriever(settings, store, embedder, indexes, passages, scoring)
    with db.read() as session:
        scope = scope_of(session, LOCAL_OWNER, [base_id])
    return lambda heading: retriever.retrieve(heading, scope, TOP_K).passages
