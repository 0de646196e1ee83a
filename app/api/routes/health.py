"""Health, status, models and metrics of the service."""

from datetime import date, datetime
from typing import Literal

from fastapi import APIRouter, Depends, Response
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from pydantic import Field

from app.api.deps import Administering, App, Present
from app.api.description import metrics_access
from app.api.routes.improving.adapters import TakenBackOut
from app.api.wire import Wire
from app.services.calibration.calibrator import Calibrator
from app.services.library.rereading import to_read
from app.services.operations.engine_gauges import EngineGauges
from app.services.operations.inventory import Inventory
from app.services.operations.status import Component, EngineView, versions
from app.services.people.access import Access
from app.version import VERSION

router = APIRouter(tags=["state"])

_OF_SPEC = {
    *("name", "context_tokens", "size", "good_for", "price_in", "price_out"),
    *("max_running", "max_waiting", "thinking", "thinks_by_default"),
}


Thinking = Literal["no", "always", "template"]


class ModelOut(Wire):
    name: str
    context_tokens: int
    ready: bool
    size: Literal["small", "large"] = "large"
    good_for: str = ""
    only_by_name: bool = False
    thinking: Thinking = Field("no", description="`template`: a question can switch it on or off")
    thinks_by_default: bool = False
    max_question_tokens: int = Field(0, description="Longest question that it can answer")
    max_question_characters: int = Field(0, description="Longest question for any engine")


class EngineOut(Wire):
    """One engine. `ok`: it responds and its breaker is not open. Prices per million tokens.
    `address`, `last_error` and `todo` are for administrators, who sign in; empty for others."""

    name: str
    model: str  # its name on the server
    address: str
    ok: bool
    ready: bool
    state: Literal["closed", "open", "half_open"]  # of the circuit breaker
    next_try_s: float  # until the open breaker allows a request
    failures: int  # consecutive
    last_error: str
    last_error_at: datetime | None
    running: int
    waiting: int
    max_running: int
    max_waiting: int
    context_tokens: int
    size: Literal["small", "large"]
    good_for: str
    price_in: float | None
    price_out: float | None
    since: datetime | None  # when it went down
    todo: str  # what to do if it is not ok
    thinking: Thinking = "no"
    thinks_by_default: bool = False


class ComponentOut(Wire):
    name: str  # database, engine, embedder, worker, disk, indexes
    ok: bool
    detail: str  # empty where it is down, but for administrators
    since: datetime | None = None
    # Numbers in `detail`: `free_gb` of the disk, `failures` of an embedder that does not load,
    # `unreachable` of one whose server gives no vectors
    facts: dict[str, float] = Field({})


class FindingOut(Wire):
    what: str
    detail: str
    repaired: bool


class CheckOut(Wire):
    """Differences between the database and derived data: at the last start, and now."""

    at_start: list[FindingOut]
    now: list[FindingOut]


class ToReadOut(Wire):
    """Documents that an earlier release read; they are read again behind all uploads."""

    waiting: int
    failed: int  # with these that failed; the earlier reading answers


class AdviceOut(Wire):
    """On the embedded chat model. `more_able_model`: a better one would be fast enough here, and
    `command` switches to it. `more_able_next`: it is here already and answers from the next start
    on. `smallest_model`: it would be too slow. `facts`: the numbers in `detail`."""

    code: Literal["more_able_model", "more_able_next", "smallest_model"]
    model: str
    command: str
    facts: dict[str, float]
    detail: str


class CalibrationOut(Wire):
    """What search and gate go by. `source`: where it was measured, `nowhere` without thresholds, so
    that every question is answered. `answerable_from`: by the question's language; one that is
    missing is always answered. `progress`: 0 to 1, while it is calibrated."""

    source: Literal["registry", "calibration", "nowhere"]
    dense_weight: float
    answerable_from: dict[str, float]
    growth: float = Field(description="Of the thresholds with each factor of ten chunks")
    made_on: date | None = None
    progress: float | None = None


class HeldOut(Wire):
    """Of the questions that were answered before and after; see `zhiwen gate`."""

    base_id: str
    base_name: str
    worse: int
    changed: int
    at: datetime


class StatusOut(Wire):
    version: str
    components: list[ComponentOut]
    queued_jobs: int
    to_read_again: ToReadOut = Field(ToReadOut(waiting=0, failed=0))
    engines: list[EngineOut] = Field([])
    advice: list[AdviceOut] = Field([])
    calibration: CalibrationOut | None = Field(None, description="Of the embedder")
    held: list[HeldOut] = Field(
        [], description="Bases that you may see whose answers a change made worse, until accepted"
    )
    taken_back: list[TakenBackOut] = Field(
        [], description="Adapters that were taken back by themselves, until another one is served"
    )
    versions: dict[str, str] = Field({})  # Zhiwen, Python, and packages that affect answers


def engine_out(view: EngineView, *, whole: bool = True) -> EngineOut:
    engine = view.engine
    spec, breaker, queue = engine.spec, engine.breaker, engine.queue
    return EngineOut(
        **spec.model_dump(include=_OF_SPEC),
        model=spec.served_model,
        address=spec.url if whole else "",
        ok=view.ok,
        ready=view.ready,
        state=breaker.state,
        next_try_s=round(breaker.wait_s, 1),
        failures=breaker.failures,
        last_error=engine.last_error if whole else "",
        last_error_at=engine.last_error_at,
        running=queue.running,
        waiting=queue.waiting,
        since=view.since,
        todo=view.todo if whole else "",
    )


def _component(component: Component, *, whole: bool) -> ComponentOut:
    """What is wrong with one may name servers of the installation, and folders."""
    told = ComponentOut.model_validate(component)
    return told if whole or component.ok else told.model_copy(update={"detail": ""})


def _calibration(of: Calibrator) -> CalibrationOut:
    now = of.scoring.answerable
    return CalibrationOut(
        source=of.source,
        dense_weight=now.dense_weight,
        answerable_from=dict(now.thresholds),
        growth=now.growth,
        made_on=of.calibration.made_on if of.calibration else None,
        progress=of.progress,
    )


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Liveness: the process responds."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(app: App, response: Response) -> dict[str, str]:
    """Readiness: 200 once the embedder has loaded, or its server given a vector, while the
    database is there; otherwise 503."""
    if await app.status.ready():
        return {"status": "ready"}
    response.status_code = 503
    if app.status.warm.ready:
        return {"status": "waiting", "detail": "The database does not answer."}
    if await run_in_threadpool(app.status.embedder_down):  # the status page says more, to people
        return {"status": "waiting", "detail": "The embedding server gives no vectors."}
    if app.status.warm.failures:
        return {"status": "starting", "detail": "The embedder is not loaded. Run: zhiwen doctor"}
    return {"status": "starting"}


@router.get("/api/status")
async def read_status(access: Present, app: App) -> StatusOut:
    """State of every component and engine, and what to do if one is down. Where an engine or a
    server is, and what it said, is told to administrators alone."""
    engines = await app.status.engines()
    components = await app.status.components(engines)
    advice = app.cpu_model.advice
    return StatusOut(
        version=VERSION,
        components=[_component(each, whole=access.admin) for each in components],
        queued_jobs=await run_in_threadpool(app.jobs.waiting),
        to_read_again=ToReadOut.model_validate(await run_in_threadpool(to_read, app.db)),
        engines=[engine_out(view, whole=access.admin) for view in engines],
        advice=[AdviceOut.model_validate(advice)] if advice else [],
        calibration=_calibration(app.calibrator),
        held=await run_in_threadpool(_held, app, access),
        taken_back=await run_in_threadpool(_taken_back, app),
        versions=versions(),
    )


def _held(app: App, access: Access) -> list[HeldOut]:
    return [HeldOut.model_validate(each) for each in app.changes.recordings.held(access)]


def _taken_back(app: App) -> list[TakenBackOut]:
    adapters = app.serving.adapters
    found = [each for model in app.serving.by_model() for each in adapters.taken_back(model)]
    return [TakenBackOut.model_validate(each) for each in found]


@router.get("/api/check")
def check(access: Administering, app: App) -> CheckOut:
    """Compare files and indexes with the database. Read-only; takes seconds on a large base."""
    return _checked(app, repair=False)


@router.post("/api/check")
def repair(access: Administering, app: App) -> CheckOut:
    """Compare files and indexes with the database, and repair what can be repaired."""
    return _checked(app, repair=True)


def _checked(app: App, *, repair: bool) -> CheckOut:
    reconciliation = app.reconciliation
    return CheckOut(
        at_start=[FindingOut.model_validate(f) for f in reconciliation.at_start],
        now=[FindingOut.model_validate(f) for f in reconciliation.findings(repair=repair)],
    )


@router.get("/api/models")
async def list_models(access: Present, app: App) -> list[ModelOut]:
    """Chat models in fallback order, and whether they respond now."""
    return [
        ModelOut(
            name=view.engine.spec.name,
            context_tokens=view.engine.spec.context_tokens,
            ready=view.ok,
            size=view.engine.spec.size,
            good_for=view.engine.spec.good_for,
            only_by_name=view.engine.spec.only_by_name,
            thinking=view.engine.spec.thinking,
            thinks_by_default=view.engine.spec.thinks_by_default,
            max_question_tokens=app.question_limit.max_tokens(view.engine.spec.name),
            max_question_characters=app.search.max_question_chars,
        )
        for view in await app.status.engines()
    ]


@router.get("/metrics", dependencies=[Depends(metrics_access)])
def metrics(app: App) -> Response:
    """Metrics in Prometheus text format: this process, its engines, and stored data."""
    now = CollectorRegistry()
    now.register(EngineGauges(app.gateway))
    now.register(Inventory(app.db))
    return Response(generate_latest() + generate_latest(now), media_type=CONTENT_TYPE_LATEST)
