"""Builds the model store, the embedder and the reranker from the settings."""

from pathlib import Path

from app.config import Settings
from app.models.errors import ModelError
from app.models.hub import HubClient
from app.models.store import ModelStore
from app.rag.grounding.check import Checker
from app.rag.grounding.embedded import EmbeddedChecker
from app.rag.retrieval.cross_encoder import CrossEncoderReranker
from app.rag.retrieval.rerank import Reranker, Reranking
from app.rag.retrieval.sentence_reranker import SentenceReranker
from ingest.embedding.embedder import Embedder
from ingest.embedding.hashing import HashingEmbedder
from ingest.embedding.model_folder import known_prompts
from ingest.embedding.remote.embedder import (
    NOBODY_WAITS,
    SOMEBODY_WAITS,
    Patience,
    RemoteEmbedder,
    RemoteModel,
)
from ingest.embedding.remote.lengths import TokenizerLengths
from ingest.embedding.sentence_transformer import SentenceTransformerEmbedder

# A question has a dozen tokens: on busy cores, threads would mostly wait for each other.
_QUERY_THREADS = 1


def model_store(settings: Settings) -> ModelStore:
    """The model store with its sources."""
    hub = HubClient(endpoint=settings.hub_endpoint)
    return ModelStore(settings.models_path, hub=hub, offline=settings.offline)


def embedder_name(settings: Settings, store: ModelStore) -> str:
    """Name of the configured embedder, or of the best one available."""
    return settings.embedder or store.default_embedder()


def build_embedder(
    settings: Settings, store: ModelStore, *, threads: int, patience: Patience = NOBODY_WAITS
) -> Embedder:
    """The configured embedder, or the best one available, on `threads` threads; 0 = all cores.
    `patience`: with a server. Raises ModelError.
    """
    name = embedder_name(settings, store)
    if settings.embedder_url is not None:
        return _remote_embedder(settings, store, str(settings.embedder_url), name, patience)
    if name == "hashing":
        return HashingEmbedder()
    return SentenceTransformerEmbedder(store.path(name), name=name, threads=threads)


def build_query_embedder(settings: Settings, store: ModelStore) -> Embedder:
    """The same for questions and answers. Raises ModelError."""
    return build_embedder(settings, store, threads=_QUERY_THREADS, patience=SOMEBODY_WAITS)


def _remote_embedder(
    settings: Settings, store: ModelStore, url: str, name: str, patience: Patience
) -> RemoteEmbedder:
    """Asks the server nothing. Raises ModelError where the width of its vectors isn't known."""
    spec = store.registry.find(name)
    dim = settings.embedder_dim or (spec.dim if spec else None)
    if not dim:
        raise ModelError(f"Zhiwen does not know {name}: set ZHIWEN_EMBEDDER_DIM to its dimensions.")
    query, document = known_prompts(name)
    model = RemoteModel(
        url=url.rstrip("/"),
        name=name,
        served_as=settings.embedder_model or name,
        dim=dim,
        max_tokens=settings.embedder_max_tokens or (spec.context_tokens if spec else 512),
        protocol=settings.embedder_protocol,
        query_prompt=settings.embedder_query_prompt or query,
        document_prompt=settings.embedder_document_prompt or document,
        api_key=settings.embedder_api_key.get_secret_value(),
    )
    tokenizer = store.models_dir / name / "tokenizer.json"
    return RemoteEmbedder(
        model,
        lengths=TokenizerLengths(tokenizer) if tokenizer.is_file() else None,
        batch=settings.embedder_batch,
        requests=settings.embedder_requests,
        timeout_s=settings.embedder_timeout_s,
        patience=patience,
    )


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
