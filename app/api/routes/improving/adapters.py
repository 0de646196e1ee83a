"""Trained adapters, and which of them is served."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from app.api.deps import Administering, App
from app.api.routes.improving.datasets import StepOut
from app.api.routes.jobs import JobOut, jobs_out
from app.api.wire import Wire
from app.services.errors import NotFound
from app.services.improvement.adapters import AdapterView, Consent
from app.services.improvement.canary.counts import Metric
from app.services.improvement.canary.guard import LIMIT, MARGIN, RATED_FOR_5_POINTS
from app.services.people.access import Access
from app.wiring.improvement import trained_on

router = APIRouter(prefix="/api", tags=["improvement"])

AliasName = Literal["champion", "challenger"]


class AdapterOut(Wire):
    """`verdict` of the gate, None before it was measured: `passed`, `reasons` (code and text),
    `figures` and the answers that `changed`, in lists without these."""

    name: str
    base_model: str
    base_sha256: str
    dataset_name: str
    job_id: str | None
    sha256: str
    aliases: list[AliasName]
    verdict: dict[str, Any] | None
    settings: dict[str, Any]
    curve: list[StepOut]
    created_at: datetime


class PromoteIn(Wire):
    """`force`: even if it did not pass the gate. `for_everyone`: even if not everyone may read the
    bases that it was trained on."""

    alias: AliasName = "champion"
    reason: str = Field("", max_length=1000)
    force: bool = False
    for_everyone: bool = False


class CanaryIn(Wire):
    """`share` of the conversations in percent, or `shadow`: it answers along, and nobody sees it.
    `force` and `for_everyone` as for a promotion."""

    share: int = Field(0, ge=0, le=99)
    shadow: bool = False
    reason: str = Field("", max_length=1000)
    force: bool = False
    for_everyone: bool = False


class RollbackIn(Wire):
    """`model`: a served one, that of the first engine when empty. `alias`: the challenger where
    there is one, else the champion, when empty."""

    model: str = ""
    alias: AliasName | None = None
    reason: str = Field("rolled back", max_length=1000)


class ServingOut(Wire):
    """`champion`: what shall be served; None for the bare model. `engines`: by name, what each
    answers with now, empty for the bare model. `problems`: of engines that could not be asked."""

    model: str
    champion: str | None
    challenger: str | None
    engines: dict[str, str]
    problems: dict[str, str]


class CountOut(Wire):
    """Conversations, and how many of them are bad."""

    bad: int
    of: int


class MeasureOut(Wire):
    """`evidence` that it got worse: an e-value. It is taken back from `limit` on, if the share of
    bad ones rose by `margin` too."""

    before: CountOut
    after: CountOut
    evidence: float


class WatchedOut(Wire):
    """A new adapter against the one `before` it, empty for the bare model. `measures`: `rated_down`
    (of those rated), `refused`, `unsupported`, `slow`."""

    alias: AliasName
    name: str
    before: str
    share: int
    shadow: bool
    since: datetime
    measures: dict[Metric, MeasureOut]
    slow_ms: float | None


class GuardOut(MeasureOut):
    metric: Metric


class TakenBackOut(Wire):
    """`guard`: what got worse."""

    alias: AliasName
    guard: GuardOut
    reason: str
    at: datetime


class CanaryOut(Wire):
    """`rated_for_5_points`: how many rated conversations on each side tell 80 % of good answers
    from 85 %."""

    watched: list[WatchedOut]
    taken_back: list[TakenBackOut]
    limit: float = LIMIT
    margin: float = MARGIN
    rated_for_5_points: int = RATED_FOR_5_POINTS


class MoveOut(Wire):
    """`guard`: what got worse, where no person moved it."""

    alias: AliasName
    adapter_name: str | None
    share: int
    shadow: bool
    back: bool
    guard: GuardOut | None
    reason: str
    moved_at: datetime


def adapter_out(view: AdapterView, *, short: bool = False) -> AdapterOut:
    adapter = view.adapter.model_dump()
    if short and adapter["verdict"]:
        adapter["verdict"] = {**adapter["verdict"], "changed": []}
    return AdapterOut.model_validate({**adapter, "aliases": list(view.aliases)})


@router.get("/adapters")
def list_adapters(access: Administering, app: App, model: str = "") -> list[AdapterOut]:
    """Newest first; of one model, or of all."""
    return [adapter_out(view, short=True) for view in app.serving.adapters.all(model)]


@router.get("/adapters/served")
def read_served(access: Administering, app: App, model: str = "") -> ServingOut:
    """What shall be served, and what each engine answers with now."""
    return _served(app, model or trained_on(app.settings).model)


@router.get("/adapters/history")
def read_history(access: Administering, app: App, model: str = "") -> list[MoveOut]:
    """Every promotion and rollback, newest first."""
    moves = app.serving.adapters.history(model or trained_on(app.settings).model)
    return [MoveOut.model_validate(move.model_dump(exclude={"id", "base_model"})) for move in moves]


@router.post("/adapters/rollback")
def rollback(body: RollbackIn, access: Administering, app: App) -> ServingOut:
    """End the canary, or serve what was served before the present champion; the bare model at
    last."""
    model = body.model or trained_on(app.settings).model
    app.serving.adapters.rollback(access, model, body.alias, reason=body.reason)
    return _served(app, model)


@router.get("/adapters/canary")
def read_canary(access: Administering, app: App, model: str = "") -> CanaryOut:
    """A challenger or a new champion in figures, and what a guard took back."""
    model = model or trained_on(app.settings).model
    watched = [WatchedOut.model_validate(each) for each in app.guard.watched(model)]
    back = [TakenBackOut.model_validate(each) for each in app.serving.adapters.taken_back(model)]
    return CanaryOut(watched=watched, taken_back=back)


@router.get("/adapters/{name}")
def read_adapter(name: str, access: Administering, app: App) -> AdapterOut:
    """Where it comes from, how it was trained, and the gate's whole verdict."""
    view = app.serving.adapters.get(name)
    return adapter_out(view, short=not _may_read(access, app, view))


@router.post("/adapters/{name}/gate", status_code=202)
def measure(name: str, access: Administering, app: App) -> JobOut:
    """Queue the gate for the worker: base and adapter answer the held-out questions on the running
    engine. Every training queues it by itself."""
    return jobs_out(app, [app.serving.adapters.measure(name)])[0]


@router.post("/adapters/{name}/promote")
def promote(name: str, body: PromoteIn, access: Administering, app: App) -> AdapterOut:
    """Serve it: engines are brought to it within a second or two; 409 where it did not pass the
    gate, or where not everyone may read what it was trained on."""
    consent = Consent(body.force, body.for_everyone)
    view = app.serving.adapters.promote(
        access, name, body.alias, reason=body.reason, consent=consent
    )
    return adapter_out(view, short=not _may_read(access, app, view))


@router.post("/adapters/{name}/canary")
def start_canary(name: str, body: CanaryIn, access: Administering, app: App) -> AdapterOut:
    """Have it answer a share of the conversations, or in their shadow. A guard takes it back where
    it is surely worse."""
    view = app.serving.adapters.try_out(
        access,
        name,
        share=body.share,
        shadow=body.shadow,
        reason=body.reason,
        consent=Consent(body.force, body.for_everyone),
    )
    return adapter_out(view, short=not _may_read(access, app, view))


def _may_read(access: Access, app: App, view: AdapterView) -> bool:
    """The answers that changed are as restricted as the rows that they were asked with."""
    try:
        app.datasets.get(access, view.adapter.dataset_name)
    except NotFound:
        return False
    return True


def _served(app: App, model: str) -> ServingOut:
    aliases = app.serving.adapters.served(model)
    engines = [name for name, each in app.serving.engines.items() if each.base_model == model]
    return ServingOut(
        model=model,
        champion=aliases.get("champion"),
        challenger=aliases.get("challenger"),
        engines={name: app.serving.state.get(name, "") for name in engines},
        problems={n: p for n, p in app.serving.problems.items() if n in engines},
    )
