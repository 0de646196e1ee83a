"""How the service is: health, status, models, metrics."""

from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from app.api.deps import House
from app.api.schemas import CheckOut, ComponentOut, FindingOut, ModelOut, StatusOut
from app.api.views import engine_out
from app.services.operations.engine_gauges import EngineGauges
from app.services.operations.inventory import Inventory
from app.services.operations.status import versions
from app.version import VERSION

router = APIRouter(tags=["state"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(house: House, response: Response) -> dict[str, str]:
    """200 once questions can be searched: database and embedder are there. Else 503."""
    if await house.status.ready():
        return {"status": "ready"}
    response.status_code = 503
    return {"status": "starting"}


@router.get("/api/status")
async def read_status(house: House) -> StatusOut:
    """Each component, and what to do where one is down."""
    engines = await house.status.engines()
    components = await house.status.components(engines)
    return StatusOut(
        version=VERSION,
        components=[ComponentOut.model_validate(c) for c in components],
        queued_jobs=await run_in_threadpool(house.jobs.waiting),
        engines=[engine_out(view) for view in engines],
        versions=versions(),
    )


@router.get("/api/check")
def check(house: House) -> CheckOut:
    """Compare files and indexes with the database; seconds on a large base. Changes nothing."""
    return _checked(house, repair=False)


@router.post("/api/check")
def repair(house: House) -> CheckOut:
    """The same, and set right what can be."""
    return _checked(house, repair=True)


def _checked(house: House, *, repair: bool) -> CheckOut:
    reconciliation = house.reconciliation
    return CheckOut(
        at_start=[FindingOut.model_validate(f) for f in reconciliation.at_start],
        now=[FindingOut.model_validate(f) for f in reconciliation.findings(repair=repair)],
    )


@router.get("/api/models")
async def list_models(house: House) -> list[ModelOut]:
    """The chat models by name, in the order of fallback, and whether they answer now."""
    return [
        ModelOut(
            name=view.engine.spec.name,
            context_tokens=view.engine.spec.context_tokens,
            ready=view.ok,
            size=view.engine.spec.size,
            good_for=view.engine.spec.good_for,
            only_by_name=view.engine.spec.only_by_name,
        )
        for view in await house.status.engines()
    ]


@router.get("/metrics")
def metrics(house: House) -> Response:
    """Prometheus text format: what this process did, its engines, and what is stored."""
    now = CollectorRegistry()
    now.register(EngineGauges(house.gateway))
    now.register(Inventory(house.db))
    return Response(generate_latest() + generate_latest(now), media_type=CONTENT_TYPE_LATEST)
