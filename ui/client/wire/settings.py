"""Settings that administrators change."""

from typing import Literal, TypedDict

SettingName = Literal[
    "keep_conversations_days",
    "daily_requests",
    "daily_tokens",
    "key_daily_requests",
    "key_daily_tokens",
]
PresetName = Literal["fast", "better"]


class Setting(TypedDict):
    """`fixed`: `variable` is set where Zhiwen was started."""

    name: SettingName
    value: int
    default: int
    most: int
    variable: str
    fixed: bool


class Preset(TypedDict):
    """A chat model; `chosen`: it answers from the next start on, if not already. `percent`: of a
    download; `error`: why the last one failed."""

    name: PresetName
    model: str
    here: bool
    can_download: bool
    chosen: bool
    download_mb: int
    first_token_s: float | None
    percent: int | None
    error: str
    error_code: str


class Calibration(TypedDict):
    embedder: str
    source: Literal["registry", "calibration", "nowhere"]
    percent: int | None
    error: str
    error_code: str


class Settings(TypedDict):
    """`presets` is empty where the operator chose; `running` are the models that answer now."""

    settings: list[Setting]
    presets: list[Preset]
    running: list[str]
    calibration: Calibration
