"""Composition root: builds the application from Settings. Nothing else constructs engines."""

import contextlib
import logging
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import get_args

from tenacity import AsyncRetrying, retry_if_result, wait_fixed

from app.config import Settings
from app.db.engine import Database
from app.db.files import FileStore
from app.llm.chat_model import ChatModel, LlmError
from app.llm.gateway import Gateway, alone
from app.measure import AnswerLog
from app.rag.answer import AnswerLine
from app.rag.language import Language
from app.rag.prompting.budget import PromptBudget
from app.rag.retrieval.retrieve import Retriever
from app.services.answers.answer_cache import AnswerCache
from app.services.answers.ask import Ask
from app.services.answers.conversations import Conversations
from app.services.answers.direct import Direct
from app.services.answers.generations import Generations, sweep_interrupted
from app.services.answers.replay import Replay
from app.services.improvement.evaluations import Evaluations
from app.services.improvement.feedback import Feedback
from app.services.improvement.regression import RegressionSet
from app.services.jobs.queue import Jobs
from app.services.library.bases import Bases
from app.services.library.documents import Documents
from app.services.operations.reconcile import Reconciliation
from app.services.operations.samples import ensure_sample_base
from app.services.operations.status import Status
from app.services.search.indexes import Indexes
from app.services.search.search import Passages, Search
from app.version import VERSION
from app.wiring.engines import build_gateway, styles
from app.wiring.models import build_embedder, model_store, scoring
from app.wiring.tasks import build_recipes, build_tasks
from ingest.embedding.embedder import Embedder

log = logging.getLogger(__name__)

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
    feedback: Feedback
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
        self.evaluations.move_files()
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
        self.indexes.save()
        self.db.dispose()


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
        feedback=Feedback(db),
        regression=RegressionSet(db),
        evaluations=Evaluations(settings, db),
        status=Status(
            db,
            settings.data_dir,
            gateway,
            embedder.name,
            warm.is_set,
            indexes.unsaved,
        ),
        warm=warm,
    )
