"""Builds the search of a service: what finds passages."""

from app.config import Settings
from app.models.store import ModelStore
from app.rag.retrieval.gate import Scoring
from app.rag.retrieval.retrieve import Retriever
from app.services.search.search import Passages
from app.services.search.vector_indexes import VectorIndexes
from app.wiring.models import build_reranking
from ingest.embedding.embedder import Embedder


def build_retriever(
    settings: Settings,
    store: ModelStore,
    embedder: Embedder,
    indexes: VectorIndexes,
    passages: Passages,
    scoring: Scoring,
) -> Retriever:
    return Retriever(
        embedder,
        dense=indexes.search,
        lexical=passages.lexical,
        locate=passages.locate,
        hydrate=passages.hydrate,
        count=passages.count,
        candidates=settings.candidates,
        scoring=scoring,
        reranking=build_reranking(settings, store, embedder),
    )
