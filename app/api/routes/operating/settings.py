"""What administrators change while the service runs."""

import threading
from typing import Annotated, Literal

from fastapi import APIRouter, Body
from pydantic import ConfigDict, Field

from app.api.deps import Administering, App
from app.api.routes.bases import BaseOut, base_out
from app.api.wire import Wire
from app.people_settings import RunTimeName
from app.services.errors import Conflict
from app.services.operations.presets import PresetName
from app.services.operations.samples import load_sample_base
from app.wiring.application import Zhiwen

router = APIRouter(prefix="/api/settings", tags=["settings"])


class _Out(Wire):
    model_config = ConfigDict(extra="ignore", from_attributes=True)


class SettingOut(_Out):
    """`fixed`: the environment variable is set where Zhiwen was started, and comes first."""

    name: RunTimeName
    value: int
    default: int
    most: int
    variable: str
    fixed: bool


class PresetOut(_Out):
    """`here`: it needs no download; `can_download`: choosing it begins one, not so with OFFLINE.
    `chosen`: it answers from the next start on, if not already.
    `first_token_s`: until its first token here, after a usual prompt; null until measured.
    `percent`: of a download that runs in this process; `error`: why the last one failed."""

    name: PresetName
    model: str
    here: bool
    can_download: bool
    chosen: bool
    download_mb: int
    first_token_s: float | None
    percent: int | None
    error: str
    error_code: str = ""


class CalibrationOut(_Out):
    """Of the embedder's thresholds, by which it is decided that nothing is found. `source`: where
    they were measured. `percent`: while a calibration runs."""

    embedder: str
    source: Literal["registry", "calibration", "nowhere"]
    percent: int | None
    error: str
    error_code: str = ""


class SettingsOut(_Out):
    """`presets` is empty where the operator chose the model or the engines; `running` are the
    models that answer now."""

    settings: list[SettingOut]
    presets: list[PresetOut]
    running: list[str]
    calibration: CalibrationOut


class PresetIn(Wire):
    name: PresetName


Limit = Annotated[int, Field(ge=0)]


@router.get("")
def read_settings(access: Administering, app: App) -> SettingsOut:
    """What can be changed here, and what the operator has fixed."""
    return SettingsOut(
        settings=[SettingOut.model_validate(each) for each in app.run_time.all()],
        presets=[PresetOut.model_validate(each) for each in app.presets.all()],
        running=[engine.spec.served_model for engine in app.gateway.engines.values()],
        calibration=_calibration(app),
    )


@router.patch("")
def change_settings(
    changes: Annotated[dict[RunTimeName, Limit | None], Body()], access: Administering, app: App
) -> SettingsOut:
    """Change what is given, all or nothing; null takes the default again. It counts in every API
    process within seconds."""
    app.run_time.change(access, changes)
    return read_settings(access, app)


@router.put("/model")
def choose_model(body: PresetIn, access: Administering, app: App) -> SettingsOut:
    """Choose the chat model for this machine's processors. It answers from the next start on; where
    it isn't on this machine yet, it is downloaded first. 409 where the operator has chosen."""
    app.presets.choose(access, body.name)
    return read_settings(access, app)


@router.post("/sample-base", status_code=201)
def load_samples(access: Administering, app: App) -> BaseOut:
    """Create the sample base, readable for everyone, or add what is missing of it."""
    return base_out(load_sample_base(access, app.bases, app.documents, app.sharing))


@router.post("/calibration", status_code=202)
def calibrate(access: Administering, app: App) -> SettingsOut:
    """Calibrate the embedder where that hasn't been done or failed; 409 where it isn't needed."""
    if app.calibrator.progress is not None or not app.calibrator.needed:
        raise Conflict(
            "The embedder needs no calibration, or is being calibrated.", code="calibrated"
        )
    app.calibrator.progress = 0.0
    threading.Thread(target=app.calibrator.run_if_needed, name="calibration", daemon=True).start()
    return read_settings(access, app)


def _calibration(app: Zhiwen) -> CalibrationOut:
    calibrator = app.calibrator
    return CalibrationOut(
        embedder=calibrator.embedder.name,
        source=calibrator.source,
        percent=None if calibrator.progress is None else round(100 * calibrator.progress),
        error=calibrator.error,
        error_code=calibrator.error_code,
    )
