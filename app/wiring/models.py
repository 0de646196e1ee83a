"""Builds the model store, the embedder and the reranker from the settings."""

from pathlib import Path

from app.config import Settings
from app.models.hub import HubClient
from app.models.store import ModelStore
from app.rag.grounding.check import Checker
from app.rag.grounding.embedded import EmbeddedChecker
from app.rag.retrieval.cross_encoder import CrossEncoderReranker
from app.rag.retrieval.rerank import Reranker, Reranking
from app.rag.retrieval.sentence_reranker import SentenceReranker
from ingest.embedding.embedder import Embedder
from ingest.embedding.hashing import HashingEmbedder
from ingest.embedding.sentence_transformer import SentenceTransformerEmbedder


def model_store(settings: Settings) -> ModelStore:
    """The model store with its sources."""
    hub = HubClient(endpoint=settings.hub_endpoint)
    return ModelStore(settings.models_path, hub=hub, offline=settings.offline)


def embedder_name(settings: Settings, store: ModelStore) -> str:
    """Name of the configured embedder, or of the best one available."""
    return settings.embedder or store.default_embedder()


def build_embedder(settings: Settings, store: ModelStore, *, threads: int) -> Embedder:
    """The configured embedder, or the best one available, on `threads` threads; 0 = all cores.

    Raises ModelError.
    """
    name = embedder_name(settings, store)
    if name == "hashing":
        return HashingEmbedder()
    return SentenceTransformerEmbedder(store.path(name), name=name, threads=threads)


def build_checker(embedder: Embedder) -> Checker:
    """The checker of answers. The hashing embedder knows no meanings: with it, words decide."""
    return EmbeddedChecker(None if isinstance(embedder, HashingEmbedder) else embedder)


def build_reranking(settings: Settings, store: ModelStore, embedder: Embedder) -> Reranking | None:
    """The configured reranker: `sentences`, a model of the registry, or a folder.

    Raises ModelError where the model is missing, RerankerUnusable where the folder has none.
    """
    name = settings.reranker
    if not name:
        return None
    if name == "sentences":
        reranker: Reranker = SentenceReranker(embedder)
    else:
        folder = store.path(name) if store.registry.find(name) else Path(name)
        reranker = CrossEncoderReranker(folder, name=name, threads=settings.embed_threads)
    return Reranking(reranker, settings.rerank_seconds)
