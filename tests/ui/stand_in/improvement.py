"""Data sets, trainings and adapters of the stand-in."""

from fastapi import FastAPI

from app.api.routes.improving.adapters import (
    AdapterOut,
    CanaryIn,
    CanaryOut,
    PromoteIn,
    RollbackIn,
    WatchedOut,
)
from app.api.routes.improving.datasets import DataSetIn, DataSetOut, SplitOut, StepOut, TrainingIn
from app.api.routes.jobs import JobOut
from tests.ui.stand_in.feedback import rated
from tests.ui.stand_in.service import Application, Refused, new_id, now

MODEL = "qwen"


def job(kind: str, **changes: object) -> JobOut:
    usual = {
        "id": new_id(), "kind": kind, "document_id": None, "base_id": None, "state": "queued",
        "stage": "queued", "done": 0, "total": 0, "attempts": 0, "jobs_before": None,
        "error_code": None, "error_detail": None, "created_at": now(), "updated_at": now(),
    }  # fmt: skip
    return JobOut.model_validate({**usual, **changes})


def adapter(name: str, **changes: object) -> AdapterOut:
    usual = {
        "name": name, "base_model": MODEL, "base_sha256": "", "dataset_name": "sft-1",
        "job_id": None, "sha256": "", "aliases": [], "verdict": None, "settings": {},
        "curve": [], "created_at": now(),
    }  # fmt: skip
    return AdapterOut.model_validate({**usual, **changes})


def watched(name: str, **changes: object) -> WatchedOut:
    usual = {
        "alias": "challenger", "name": name, "before": "", "share": 10, "shadow": False,
        "since": now(), "measures": {}, "slow_ms": None,
    }  # fmt: skip
    return WatchedOut.model_validate({**usual, **changes})


def add_improvement_routes(api: FastAPI, application: Application) -> None:
    @api.get("/api/datasets")
    async def datasets() -> list[DataSetOut]:
        return application.datasets

    @api.post("/api/datasets", status_code=201)
    async def build(body: DataSetIn) -> DataSetOut:
        items = rated(application, "", next(iter(body.base_ids), ""))
        if not items:
            raise Refused(422, "no_rows", "Nothing to train on.")
        made = DataSetOut(
            name=f"{body.method}-{len(application.datasets)}",
            method=body.method,
            style="answer",
            sha256="",
            rows=SplitOut(train=len(items), held_out=0),
            documents=SplitOut(train=1, held_out=0),
            origins={"correction": len(items)},
            left_out={"other_style": 2, "near_duplicate": 1},
            models=[MODEL],
            base_ids=body.base_ids,
            created_at=now(),
        )
        application.datasets.insert(0, made)
        return made

    @api.post("/api/trainings", status_code=202)
    async def train(body: TrainingIn) -> JobOut:
        application.jobs.insert(0, job("train"))
        return application.jobs[0]

    @api.get("/api/trainings/{key}/curve")
    async def curve(key: str) -> list[StepOut]:
        return application.curve

    @api.get("/api/jobs")
    async def jobs(kind: str = "", limit: int = 50) -> list[JobOut]:
        return [each for each in application.jobs if each.kind == kind][:limit]

    @api.get("/api/adapters")
    async def adapters() -> list[AdapterOut]:
        return application.adapters

    @api.post("/api/adapters/rollback")
    async def rollback(body: RollbackIn) -> dict[str, str]:
        application.watched = [w for w in application.watched if w.alias != body.alias]
        for each in application.adapters:
            each.aliases = [alias for alias in each.aliases if alias != body.alias]
        return {}

    @api.get("/api/adapters/canary")
    async def canary() -> CanaryOut:
        return CanaryOut(watched=application.watched, taken_back=application.taken_back)

    def check_closed(consents: bool) -> None:
        if application.closed_base and not consents:
            raise Refused(
                409, "closed_bases", "No.", bases=[application.closed_base, "预算"], others=2
            )

    @api.post("/api/adapters/{name}/canary")
    async def try_out(name: str, body: CanaryIn) -> AdapterOut:
        check_closed(body.for_everyone or body.shadow)
        made = await one(name)
        made.aliases = ["challenger"]
        application.watched = [watched(name, share=body.share, shadow=body.shadow)]
        return made

    @api.get("/api/adapters/{name}")
    async def one(name: str) -> AdapterOut:
        return next(each for each in application.adapters if each.name == name)

    @api.post("/api/adapters/{name}/gate", status_code=202)
    async def gate(name: str) -> JobOut:
        application.jobs.insert(0, job("gate"))
        return application.jobs[0]

    @api.post("/api/adapters/{name}/promote")
    async def promote(name: str, body: PromoteIn) -> AdapterOut:
        check_closed(body.for_everyone)
        for each in application.adapters:
            each.aliases = ["champion"] if each.name == name else []
        return await one(name)
