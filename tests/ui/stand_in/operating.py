"""Figures, gaps, check-ups and settings of the stand-in."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from fastapi import FastAPI

from app.api.routes.jobs import JobOut
from app.api.routes.operating.checkup import CheckUpOut, Ignored
from app.api.routes.operating.insight import CountsOut, FiguresOut, GapOut, GapsOut
from app.api.routes.operating.settings import (
    CalibrationOut,
    PresetIn,
    PresetOut,
    SettingOut,
    SettingsOut,
)
from app.services.operations.run_time import NAMES


def nothing_asked() -> FiguresOut:
    none = CountsOut(asked=0, not_found=0, failed=0, up=0, down=0)
    return FiguresOut(whole=False, total=none, days=[], bases=[], documents=[])


def nothing_checked() -> CheckUpOut:
    return CheckUpOut(
        job=None,
        found_at=None,
        findings=[],
        ignored=0,
        more={},
        left_out=[],
        documents=0,
        sections=0,
    )


def check_up_job(base_id: str, **more: object) -> JobOut:
    now = datetime.now(UTC)
    given = {"state": "queued", "stage": "queued", "done": 0, "total": 0, "attempts": 0}
    fixed = {"id": "check", "kind": "check_up", "document_id": None, "base_id": base_id}
    unknown = {"jobs_before": None, "error_code": None, "error_detail": None}
    times = {"created_at": now, "updated_at": now}
    return JobOut.model_validate({**given, **fixed, **unknown, **times, **more})


def usual_settings() -> SettingsOut:
    return SettingsOut(
        settings=[
            SettingOut(
                name=name, value=0, default=0, most=999, variable=f"ZHIWEN_{name}", fixed=False
            )
            for name in NAMES
        ],
        presets=[
            PresetOut(
                name=name,
                model=f"model-{name}",
                here=True,
                can_download=True,
                chosen=name == "fast",
                download_mb=1000,
                first_token_s=seconds,
                percent=None,
                error="",
            )
            for name, seconds in (("fast", 2.0), ("better", 4.0))
        ],
        running=["model-fast"],
        calibration=CalibrationOut(embedder="e5", source="registry", percent=None, error=""),
    )


@dataclass
class Operating:
    """What tests put there, and what the interface did with it."""

    gaps: list[GapOut] = field(default_factory=list)
    not_shown: int = 0
    figures: FiguresOut = field(default_factory=nothing_asked)
    check_up: CheckUpOut = field(default_factory=nothing_checked)
    settings: SettingsOut = field(default_factory=usual_settings)
    changed: dict[str, int | None] = field(default_factory=dict)


def add_operating_routes(api: FastAPI, operating: Operating) -> None:
    add_settings_routes(api, operating)

    @api.get("/api/insight/gaps")
    async def gaps() -> GapsOut:
        return GapsOut(gaps=operating.gaps, not_shown=operating.not_shown)

    @api.post("/api/insight/gaps/{key}/settle", status_code=204)
    async def settle(key: str) -> None:
        operating.gaps = [gap for gap in operating.gaps if gap.id != key]

    @api.get("/api/insight/figures")
    async def figures() -> FiguresOut:
        return operating.figures

    @api.get("/api/bases/{key}/check-up")
    async def check_up(key: str) -> CheckUpOut:
        return operating.check_up

    @api.post("/api/bases/{key}/check-up", status_code=202)
    async def start(key: str) -> CheckUpOut:
        operating.check_up = operating.check_up.model_copy(update={"job": check_up_job(key)})
        return operating.check_up

    @api.post("/api/bases/{key}/check-up/ignored", status_code=204)
    async def ignore(key: str, body: Ignored) -> None:
        found = operating.check_up
        left = [finding for finding in found.findings if finding.key != body.key]
        changed = {"findings": left, "ignored": found.ignored + 1}
        operating.check_up = found.model_copy(update=changed)

    @api.delete("/api/bases/{key}/check-up/ignored", status_code=204)
    async def show_ignored(key: str) -> None:
        operating.check_up = operating.check_up.model_copy(update={"ignored": 0})


def add_settings_routes(api: FastAPI, operating: Operating) -> None:
    @api.get("/api/settings")
    async def settings() -> SettingsOut:
        return operating.settings

    @api.patch("/api/settings")
    async def change(changes: dict[str, int | None]) -> SettingsOut:
        operating.changed.update(changes)
        for each in operating.settings.settings:
            each.value = changes.get(each.name, each.value) or 0
        return operating.settings

    @api.put("/api/settings/model")
    async def choose(body: PresetIn) -> SettingsOut:
        for each in operating.settings.presets:
            each.chosen = each.name == body.name
        return operating.settings

    @api.post("/api/settings/calibration", status_code=202)
    async def calibrate() -> SettingsOut:
        operating.settings.calibration.percent = 0
        return operating.settings
