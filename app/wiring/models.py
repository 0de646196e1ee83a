"""Builds the model store, the embedder and the reranker from the settings."""

from pathlib import Path

from app.config import Settings
from app.models.hub import HubClient
from app.models.store import ModelStore
from app.rag.grounding.check import Checker
from app.rag.grounding.embedded import EmbeddedChecker
from app.rag.retrieval.cross_encoder import CrossEncoderReranker
from app.rag.retrieval.fuse import DENSE_WEIGHT
from app.rag.retrieval.gate import Answerable
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


def is_calibrated(store: ModelStore, embedder: str) -> bool:
    """Whether thresholds were measured with this embedder; without them nothing is refused."""
    spec = store.registry.find(embedder)
    return spec is not None and bool(spec.answerable_from)


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


def scoring(settings: Settings, store: ModelStore, embedder: str) -> tuple[float, Answerable]:
    """The weight of dense scores in fusion, and the scores from which a question counts as
    answerable, both measured with this embedder. Without measured thresholds, every question is
    answered.
    """
    spec = store.registry.find(embedder)
    weight = settings.dense_weight
    if weight is None:
        weight = DENSE_WEIGHT if spec is None or spec.dense_weight is None else spec.dense_weight
    thresholds = dict(spec.answerable_from) if spec is not None and settings.abstain else {}
    return weight, Answerable(thresholds, weight)
