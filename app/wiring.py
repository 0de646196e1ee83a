"""Builds the house: the only place that constructs engines, from the settings."""

import contextlib
import logging
import threading
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import get_args

from tenacity import AsyncRetrying, retry_if_result, wait_fixed

from app.chat_engines import build_gateway, styles
from app.config import Settings
from app.db.engine import Database
from app.db.files import FileStore
from app.llm.chat_model import ChatModel, LlmError
from app.llm.gateway import Gateway, alone
from app.models.hub import HubClient
from app.models.store import ModelStore
from app.rag.answer import AnswerLine
from app.rag.answerable import Answerable
from app.rag.budget import PromptBudget
from app.rag.fuse import DENSE_WEIGHT
from app.rag.language import Language
from app.rag.retrieve import Retriever
from app.services.answer_cache import AnswerCache
from app.services.ask import Ask
from app.services.bases import Bases
from app.services.conversations import Conversations
from app.services.direct import Direct
from app.services.documents import Documents
from app.services.evaluations import Evaluations
from app.services.feedback import Judgements
from app.services.generations import Generations, sweep_interrupted
from app.services.indexes import Indexes
from app.services.ingestion import Ingestion
from app.services.jobs import Jobs
from app.services.measure import AnswerLog
from app.services.reconcile import Reconciliation
from app.services.reembed import Reembed
from app.services.regression import RegressionSet
from app.services.replay import Replay
from app.services.samples import ensure_sample_base
from app.services.search import Passages, Search
from app.services.status import Status
from app.wiring_tasks import build_recipes, build_tasks
from ingest.embedder import Embedder
from ingest.hashing import HashingEmbedder
from ingest.sandbox import Limits, Sandbox
from ingest.sentence_transformer import SentenceTransformerEmbedder

log = logging.getLogger(__name__)

VERSION = version("zhiwen")

# A question is a dozen tokens: on busy cores, threads would mostly wait for each other.
_QUERY_THREADS = 1
_ENGINE_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Zhiwen:
    """Everything the API serves. `gateway` and `embedder` are the only ways to models."""

    settings: Settings
    db: Database
    files: FileStore
    embedder: Embedder
    gateway: Gateway
    indexes: Indexes
    bases: Bases
    documents: Documents
    reconciliation: Reconciliation
    jobs: Jobs
    search: Search
    generations: Generations
    ask: Ask
    replay: Replay
    direct: Direct
    conversations: Conversations
    judgements: Judgements
    regression: RegressionSet
    evaluations: Evaluations
    status: Status
    warm: threading.Event  # set once the embedder is loaded

    @property
    def model(self) -> ChatModel:
        """The first engine's."""
        return next(iter(self.gateway.engines.values())).model

    def prepare(self) -> None:
        """Bring the database up to date, set right what a crash left, and on the first start
        create the sample base."""
        self.db.migrate()
        self.files.sweep()
        sweep_interrupted(self.db)
        self.reconciliation.start()
        if self.settings.sample_base:
            ensure_sample_base(self.settings.data_dir, self.bases, self.documents)

    def warm_up(self) -> None:
        """Load the embedder and the indexes, so that the first question does not wait for them."""
        _ = self.search.retriever.axis  # measured once, by embedding pairs of sentences
        self.embedder.embed(["知问"], kind="query")
        self.warm.set()
        for summary in self.bases.all():
            if summary.base.embedder == self.embedder.name:
                self.indexes.current(summary.base.id)
            else:
                log.warning("base %s was built with %s", summary.base.name, summary.base.embedder)

    async def warm_engine(self) -> None:
        """Let this machine's own engine, and no other, read what every prompt begins with, in each
        language, once it is there: the first question would pay for it with seconds of a CPU."""
        if not self.settings.embedded_engine:
            return
        for engine in self.gateway.engines.values():
            if engine.spec.url == self.settings.engine_base_url:
                await self._read_heads(engine.model, engine.spec.name)

    async def _read_heads(self, model: ChatModel, name: str) -> None:
        there = retry_if_result(lambda ready: not ready)
        await AsyncRetrying(retry=there, wait=wait_fixed(_ENGINE_POLL_S))(model.ready)
        style = self.direct.answer_line.style_of(name)
        for language in get_args(Language):
            deltas = model.stream(style.head(language), max_tokens=1)
            with contextlib.suppress(LlmError):  # the first question will tell
                async with contextlib.aclosing(deltas):
                    async for _ in deltas:
                        pass

    async def close(self) -> None:
        """End what runs, keep the indexes."""
        await self.generations.close()
        await self.gateway.close()
        self.evaluations.close()
        self.indexes.save()
        self.db.dispose()


def model_store(settings: Settings) -> ModelStore:
    """Where weights are and come from."""
    hub = HubClient(endpoint=settings.hub_endpoint)
    return ModelStore(settings.models_path, hub=hub, offline=settings.offline)


def build_embedder(settings: Settings, store: ModelStore, *, threads: int) -> Embedder:
    """The configured embedder, or the best one there is, with torch's `threads`; 0 = all cores.

    Raises ModelError.
    """
    name = settings.embedder or store.default_embedder()
    if name == "hashing":
        return HashingEmbedder()
    return SentenceTransformerEmbedder(store.path(name), name=name, threads=threads)


def scoring(settings: Settings, store: ModelStore, embedder: str) -> tuple[float, Answerable]:
    """Weight of a cosine in fusion, and the scores from which on a question has an answer: what
    was measured with this embedder. Where nothing was, every question is asked.
    """
    spec = store.registry.find(embedder)
    weight = settings.dense_weight
    if weight is None:
        weight = DENSE_WEIGHT if spec is None or spec.dense_weight is None else spec.dense_weight
    thresholds = dict(spec.answerable_from) if spec is not None and settings.abstain else {}
    return weight, Answerable(thresholds, weight)


def build(
    settings: Settings, *, embedder: Embedder | None = None, model: ChatModel | None = None
) -> Zhiwen:
    """The house as the settings say; tests may bring their own engines."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = model_store(settings)
    embedder = embedder or build_embedder(settings, store, threads=_QUERY_THREADS)
    gateway = build_gateway(settings, store) if model is None else alone(model)
    db = Database(settings.sql_url)
    files = FileStore(settings.files_path)
    jobs = Jobs(db)
    indexes = Indexes(db, settings.indexes_path, embedder.name)
    passages = Passages(db)
    dense_weight, answerable = scoring(settings, store, embedder.name)
    retriever = Retriever(
        embedder,
        dense=indexes.search,
        lexical=passages.lexical,
        locate=passages.locate,
        hydrate=passages.hydrate,
        candidates=settings.candidates,
        dense_weight=dense_weight,
    )
    documents = Documents(db, files, settings.max_upload_bytes)
    search = Search(db, retriever, settings.max_question_chars)
    answer_line = AnswerLine(
        retriever,
        gateway,
        top_k=settings.top_k,
        budget=PromptBudget(*settings.prompt_budget),
        max_answer_tokens=settings.max_answer_tokens,
        answerable=answerable,
        choose=gateway.choose,
        styles=styles(gateway, store),
    )
    tasks = build_tasks(settings, answer_line, passages)
    generations = Generations(db, tasks, AnswerLog(settings.log_prompts))
    recipes = build_recipes(settings, gateway, retriever, tasks, VERSION)
    cache = AnswerCache(timedelta(hours=settings.answer_cache_hours * settings.answer_cache))
    warm = threading.Event()
    return Zhiwen(
        settings=settings,
        db=db,
        files=files,
        embedder=embedder,
        gateway=gateway,
        indexes=indexes,
        bases=Bases(db, embedder.name, embedder.dim),
        documents=documents,
        reconciliation=Reconciliation(db, files, documents, indexes),
        jobs=jobs,
        search=search,
        generations=generations,
        ask=Ask(db, search, generations, settings.temperature, gateway, recipes, cache),
        replay=Replay(db, gateway, tasks, VERSION),
        direct=Direct(db, search, answer_line, gateway),
        conversations=Conversations(db),
        judgements=Judgements(db),
        regression=RegressionSet(db),
        evaluations=Evaluations(settings),
        status=Status(
            db,
            jobs,
            settings.data_dir,
            gateway,
            embedder.name,
            warm.is_set,
            indexes.unsaved,
        ),
        warm=warm,
    )


def embedder_name(settings: Settings, store: ModelStore) -> str:
    """The configured embedder, or the best one there is."""
    return settings.embedder or store.default_embedder()


def build_reconciliation(settings: Settings) -> Reconciliation:
    """What compares files and indexes with the database, without a service and without models."""
    db = Database(settings.sql_url)
    files = FileStore(settings.files_path)
    documents = Documents(db, files, settings.max_upload_bytes)
    indexes = Indexes(db, settings.indexes_path, embedder_name(settings, model_store(settings)))
    return Reconciliation(db, files, documents, indexes)


def build_reembed(settings: Settings, name: str) -> Reembed:
    """What gives a base vectors of the embedder `name`. Raises ModelError."""
    changed = settings.model_copy(update={"embedder": name})
    embedder = build_embedder(changed, model_store(settings), threads=settings.embed_threads)
    db = Database(settings.sql_url)
    db.migrate()
    return Reembed(db, embedder)


def build_ingestion(settings: Settings) -> Ingestion:
    """What the worker's embedding process runs."""
    db = Database(settings.sql_url)
    embedder = build_embedder(settings, model_store(settings), threads=settings.embed_threads)
    files = FileStore(settings.files_path)
    sandbox = Sandbox(
        Limits(
            stall_s=settings.parse_timeout_s,
            total_s=settings.parse_total_timeout_s,
            memory_mib=settings.parse_memory_mib,
            max_characters=settings.parse_max_characters,
        )
    )
    return Ingestion(db, files, Jobs(db), embedder, settings.chunk_tokens, sandbox.parse)
