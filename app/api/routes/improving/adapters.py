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
from app.services.improvement.adapters import AdapterView
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
    """`force`: even if it did not pass the gate."""

    alias: AliasName = "champion"
    reason: str = Field("", max_length=1000)
    force: bool = False


class RollbackIn(Wire):
    """`model`: a served one, that of the first engine when empty."""

    model: str = ""
    reason: str = Field("rolled back", max_length=1000)


class ServingOut(Wire):
    """`champion`: what shall be served; None for the bare model. `engines`: by name, what each
    answers with now, empty for the bare model. `problems`: of engines that could not be asked."""

    model: str
    champion: str | None
    challenger: str | None
    engines: dict[str, str]
    problems: dict[str, str]


class MoveOut(Wire):
    alias: AliasName
    adapter_name: str | None
    back: bool
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
    """Serve what was served before the present champion; the bare model at last."""
    model = body.model or trained_on(app.settings).model
    app.serving.adapters.rollback(model, reason=body.reason)
    app.audit.add(access, "adapter.rollback", "model", model)
    return _served(app, model)


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
    gate."""
    view = app.serving.adapters.promote(name, body.alias, reason=body.reason, force=body.force)
    app.audit.add(access, "adapter.promote", "adapter", name, alias=body.alias, forced=body.force)
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
