"""Composition root: builds the application from Settings. Nothing else constructs engines."""

import contextlib
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import get_args

from tenacity import AsyncRetrying, retry_if_result, wait_fixed

from app.config import MIB, Settings
from app.db.engine import Database
from app.db.files import FileStore, open_files
from app.db.tables import StoredMessage
from app.llm.chat_model import ChatModel, LlmError
from app.llm.gateway import Gateway, alone
from app.measure import AnswerLog
from app.models.store import ModelStore
from app.rag.answer import AnswerLine
from app.rag.grounding.check import Checker
from app.rag.language import Language
from app.rag.prompting.budget import WITHIN_S, PromptBudget
from app.rag.retrieval.retrieve import Retriever
from app.services.answers.answer_cache import AnswerCache
from app.services.answers.ask import Ask
from app.services.answers.conversations import Conversations
from app.services.answers.direct import Direct
from app.services.answers.generations import Generations, sweep_interrupted
from app.services.answers.question_limit import QuestionLimit
from app.services.answers.replay import Replay
from app.services.calibration.calibrator import Calibrator
from app.services.channels.bots import Bots
from app.services.errors import NotFound
from app.services.improvement.approved import Approved
from app.services.improvement.canary.guard import Guard
from app.services.improvement.canary.shadow import Shadow
from app.services.improvement.changes.review import Changes
from app.services.improvement.datasets import DataSets
from app.services.improvement.evaluations import Evaluations
from app.services.improvement.feedback import Feedback
from app.services.improvement.regression import RegressionSet
from app.services.improvement.serving import Serving
from app.services.improvement.training import Trainings
from app.services.jobs.queue import Jobs
from app.services.library.bases import Bases
from app.services.library.contents import Contents
from app.services.library.documents import Documents
from app.services.library.moving import Moving
from app.services.library.pages import Kept, Pages
from app.services.operations.cpu_model import CpuModel
from app.services.operations.presets import Presets
from app.services.operations.reconcile import Reconciliation
from app.services.operations.run_time import RunTimeSettings
from app.services.operations.samples import ensure_sample_base
from app.services.operations.status import Status
from app.services.operations.warm_up import WarmUp
from app.services.people.access import LOCAL_OWNER
from app.services.people.sign_in.passwords import Passwords
from app.services.people.sign_in.providers.provider import SignInProvider
from app.services.search.search import Passages, Search
from app.services.search.vector_indexes import VectorIndexes
from app.services.search.withheld import WithheldChunks
from app.version import VERSION
from app.wiring.calibration import build_calibrator
from app.wiring.channels import build_bots
from app.wiring.engines import build_gateway, chooses_by_measuring, styles
from app.wiring.indexes import build_indexes, settle_vectors
from app.wiring.insight import Insight, build_insight
from app.wiring.models import build_checker, build_query_embedder, model_store
from app.wiring.people import PeopleServices, build_people, run_time_settings
from app.wiring.retrieval import build_retriever
from app.wiring.serving import build_serving
from app.wiring.tasks import build_recipes, build_tasks, tasks_of_front_ends
from app.wiring.worker import build_renderer
from ingest.embedding.embedder import Embedder
from ingest.embedding.recent import RecentQueries
from ingest.embedding.remote.embedder import RemoteEmbedder

log = logging.getLogger(__name__)

_ENGINE_POLL_S = 1.0
_PAGES_BYTES = 32 * MIB  # pictures of pages: a few hundred


@dataclass(frozen=True, slots=True)
class Zhiwen(PeopleServices):
    """All services; those for people come from their own module. `gateway` and `embedder` are the
    only access to models."""

    settings: Settings
    db: Database
    files: FileStore
    embedder: Embedder
    gateway: Gateway
    # library
    bases: Bases
    documents: Documents
    moving: Moving
    pages: Pages
    jobs: Jobs
    # search
    indexes: VectorIndexes
    search: Search
    # answers
    generations: Generations
    ask: Ask
    replay: Replay
    direct: Direct
    bots: Bots  # in messengers
    question_limit: QuestionLimit
    conversations: Conversations
    # improvement
    feedback: Feedback
    approved: Approved
    regression: RegressionSet
    evaluations: Evaluations
    changes: Changes
    datasets: DataSets
    trainings: Trainings
    # operations
    insight: Insight
    reconciliation: Reconciliation
    status: Status
    warm: WarmUp  # of the embedder
    calibrator: Calibrator
    cpu_model: CpuModel
    presets: Presets  # of chat models
    run_time: RunTimeSettings
    serving: Serving  # of adapters
    shadow: Shadow
    guard: Guard

    @property
    def model(self) -> ChatModel:
        """The first engine's model."""
        return next(iter(self.gateway.engines.values())).model

    def prepare(self) -> None:
        """Migrates the database, repairs what a crash left, and on first start creates the sample
        base."""
        self.db.migrate()
        settle_vectors(self.settings, self.db)
        self.files.sweep()
        sweep_interrupted(self.db)
        self.run_time.refresh()
        self.retention.sweep()
        self.reconciliation.start()
        self.evaluations.move_files()
        if self.settings.sample_base:
            ensure_sample_base(self.settings.data_dir, self.bases, self.documents, self.sharing)

    def warm_up(self) -> None:
        """Loads embedder and indexes, so that the first question does not wait for them. Then
        calibrates an embedder without thresholds."""
        if not self.warm.run():
            return
        for summary in self.bases.all(LOCAL_OWNER):
            base = summary.base
            if base.embedder != self.embedder.name:
                log.warning("base %s was built with %s", base.name, base.embedder)
            elif self.indexes.full:
                log.info("memory for indexes is full: base %s is opened on demand", base.name)
            else:
                self._open_index(base.id, base.name)
        self.calibrator.run_if_needed()

    def _open_index(self, base_id: str, name: str) -> None:
        try:
            self.indexes.current(base_id)
        except NotFound:
            log.info("base %s was removed meanwhile", name)
        except Exception:  # other bases must stay searchable
            log.exception(
                "the index of base %s cannot be opened; the next search tries again", name
            )

    async def warm_engine(self) -> None:
        """Waits for the embedded engine, then has it process the beginning that all prompts share,
        in each language. Otherwise the first question would pay seconds of CPU time for it."""
        if not self.settings.embedded_engine:
            return
        for engine in self.gateway.engines.values():
            if engine.spec.url == self.settings.engine_base_url:
                await self._read_heads(engine.model, engine.spec.name)
                if chooses_by_measuring(self.settings):
                    await self.cpu_model.measure(engine.model)

    async def _read_heads(self, model: ChatModel, name: str) -> None:
        until_ready = retry_if_result(lambda ready: not ready)
        await AsyncRetrying(retry=until_ready, wait=wait_fixed(_ENGINE_POLL_S))(model.ready)
        style = self.direct.answer_line.style_of(name)
        for language in get_args(Language):
            deltas = model.stream(style.head(language), max_tokens=1)
            with contextlib.suppress(LlmError):  # the first question will report it
                async with contextlib.aclosing(deltas):
                    async for _ in deltas:
                        pass

    async def close(self) -> None:
        """Stops running answers and saves the indexes."""
        self.warm.stop()
        self.calibrator.stop()
        await self.bots.close()
        await self.generations.close()
        await self.gateway.close()
        self.pages.close()
        # Those first that are nowhere else: indexes can be built again.
        self.last_seen.write()
        self.usage.write()
        self.indexes.save()
        self.db.dispose()


def build(
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    model: ChatModel | None = None,
    passwords: Passwords | None = None,
    provider: SignInProvider | None = None,
    with_bots: bool = True,
) -> Zhiwen:
    """Builds the application from the settings, each part from those above it. Tests can pass their
    own engines; a process beside the API needs neither the file of the bots nor their secrets."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    db, files = Database(settings.sql_url), open_files(settings.data_dir, settings.files_url)

    people = build_people(settings, db, passwords, provider)

    # models
    store = model_store(settings)
    embedder = embedder or build_query_embedder(settings, store)
    gateway = build_gateway(settings, store) if model is None else alone(model)

    # library and search
    withheld = WithheldChunks()
    indexes = build_indexes(settings, db, embedder.name, withheld)
    passages = Passages(db, withheld)
    calibrator = build_calibrator(settings, store, embedder)
    asked = RecentQueries(embedder)
    retriever = build_retriever(settings, store, asked, indexes, passages, calibrator.scoring)
    search = Search(db, retriever, settings.max_question_chars)

    # answers
    checker = build_checker(embedder)
    answer_line = _answer_line(settings, store, retriever, gateway, checker)
    tasks = build_tasks(settings, answer_line, passages, Contents(db))
    datasets = DataSets(db, settings.data_dir / "datasets")
    improving = build_serving(settings, db, gateway, answer_line, with_bots)
    serving, shadow = improving.serving, improving.shadow
    log_answer = AnswerLog(settings.log_prompts)

    def on_answer(message: StoredMessage) -> None:
        log_answer(message)
        shadow.offer(message)

    generations = Generations(db, tasks, checker, on_answer)
    recipes = build_recipes(settings, gateway, retriever, tasks, VERSION, serving.writers)
    cached_hours = settings.answer_cache_hours if settings.answer_cache else 0
    cache = AnswerCache(timedelta(hours=cached_hours))
    limit = QuestionLimit(gateway, answer_line)
    approved = Approved(
        db, asked, checker, lambda q, scope: retriever.retrieve(q, scope, settings.top_k).passages
    )
    direct = Direct(
        db, search, answer_line, gateway, limit, tasks_of_front_ends(tasks), approved.find
    )

    # operations
    warm = WarmUp(lambda: _load_models(embedder, retriever, checker))
    down = embedder.why_down if isinstance(embedder, RemoteEmbedder) else lambda: ""
    status = Status(db, settings.data_dir, gateway, embedder.name, warm, indexes, calibrator, down)
    cpu_model = CpuModel(settings.data_dir, store, settings.prompt_budget[0], WITHIN_S)

    return Zhiwen(
        **people.services(),
        settings=settings,
        db=db,
        files=files,
        embedder=embedder,
        gateway=gateway,
        bases=Bases(db, embedder.name, embedder.dim),
        documents=Documents(db, files, settings.max_upload_bytes),
        moving=Moving(db, files),
        pages=Pages(db, files, build_renderer(settings), Kept(_PAGES_BYTES)),
        jobs=Jobs(db),
        indexes=indexes,
        search=search,
        generations=generations,
        ask=Ask(db, search, generations, gateway, recipes, cache, limit, approved.find),
        replay=Replay(db, gateway, tasks, checker, VERSION),
        direct=direct,
        bots=build_bots(settings, db, people.authentication, people.usage, direct, with_bots),
        question_limit=limit,
        conversations=Conversations(db),
        feedback=Feedback(db),
        approved=approved,
        regression=RegressionSet(db),
        evaluations=Evaluations(settings, db),
        changes=Changes(db),
        datasets=datasets,
        trainings=Trainings(db, datasets, settings.data_dir / "training", serving.adapters.folder),
        insight=build_insight(db, embedder, approved.find),
        reconciliation=Reconciliation(db, files, indexes),
        status=status,
        warm=warm,
        calibrator=calibrator,
        cpu_model=cpu_model,
        presets=Presets(
            db,
            settings.data_dir,
            store,
            settings.prompt_budget[0],
            offered=chooses_by_measuring(settings),
            offline=settings.offline,
        ),
        run_time=run_time_settings(settings, db, people),
        serving=serving,
        shadow=shadow,
        guard=improving.guard,
    )


def _answer_line(
    settings: Settings,
    store: ModelStore,
    retriever: Retriever,
    gateway: Gateway,
    checker: Checker,
) -> AnswerLine:
    return AnswerLine(
        retriever,
        gateway,
        top_k=settings.top_k,
        budget=PromptBudget(*settings.prompt_budget),
        max_answer_tokens=settings.max_answer_tokens,
        scoring=retriever.scoring,
        choose=gateway.choose,
        styles=styles(gateway, store),
        checker=checker,
        judged=settings.judge,
        rewrites=settings.rewrite_follow_ups,
    )


def _load_models(embedder: Embedder, retriever: Retriever, checker: Checker) -> None:
    _ = retriever.axis  # measured once, by embedding pairs of sentences
    checker.warm()
    embedder.embed(["知问"], kind="query")
