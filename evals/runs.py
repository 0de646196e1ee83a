"""Runs with settings, results and every question, stored as JSON."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, SecretStr, ValidationError

from app.config import Settings
from app.version import VERSION
from evals.catalogue import Bound, Eval
from evals.errors import BadRun

Scores = dict[str, float]  # metric → value

NAIVE = "naive."  # prefix of the baseline's metrics

# Paths, addresses and secrets, which do not affect the result.
_NOT_RECORDED = frozenset(
    {"data_dir", "models_dir", "database_url", "files_url", "engine_url", "engine_port"}
)


class Record(BaseModel):
    """One question. `scores` has only metrics that apply to it; comparisons use them."""

    qid: str
    question: str
    gold: list[str] = Field(default_factory=list)  # answers, or documents if those are expected
    type: str = ""
    scores: Scores = Field(default_factory=dict)
    details: dict[str, Any] = Field(default_factory=dict)
    timings_ms: Scores = Field(default_factory=dict)


class Run(BaseModel):
    name: str
    kind: str
    about: str = ""
    started_at: datetime
    took_s: float = 0.0
    version: str = VERSION
    set: str = ""
    set_digest: str = ""
    seed: int = 0
    settings: dict[str, Any] = Field(default_factory=dict)
    changed: dict[str, Any] = Field(default_factory=dict)  # settings that differ from the defaults
    embedder: str = ""
    chat_model: str = ""
    documents: int = 0
    chunks: int = 0
    machine: dict[str, Any] = Field(default_factory=dict)
    metrics: Scores = Field(default_factory=dict)
    timings: Scores = Field(default_factory=dict)  # p50 and p95 in ms; differ from run to run
    floors: dict[str, Bound] = Field(default_factory=dict)
    targets: dict[str, Bound] = Field(default_factory=dict)
    records: list[Record] = Field(default_factory=list)

    @property
    def label(self) -> str:
        """Name of its file without extension."""
        return f"{self.name}-{self.started_at:%Y%m%d-%H%M%S}"

    @property
    def served(self) -> Scores:
        """Metrics of the service itself."""
        return {k: value for k, value in self.metrics.items() if not k.startswith(NAIVE)}

    @property
    def naive(self) -> Scores:
        """Metrics of the baseline under the same names; empty without a baseline."""
        return {
            k.removeprefix(NAIVE): value for k, value in self.metrics.items() if k.startswith(NAIVE)
        }

    @property
    def asked_naively(self) -> int:
        """Number of questions of the baseline."""
        return sum(any(k.startswith(NAIVE) for k in record.scores) for record in self.records)

    def missed_floors(self) -> list[str]:
        """Metrics that miss their floor or were not measured."""
        return [
            name
            for name, bound in self.floors.items()
            if name not in self.metrics or not bound.holds(self.metrics[name])
        ]


def begin(name: str, eval: Eval, settings: Settings, changes: Mapping[str, Any]) -> Run:
    """A run without results."""
    return Run(
        name=name,
        kind=eval.kind,
        about=eval.about,
        started_at=datetime.now(UTC),
        set=eval.set,
        seed=eval.seed,
        settings=public(settings),
        changed={**eval.settings, **changes},
        machine=machine(),
        floors=dict(eval.floors),
        targets=dict(eval.targets),
    )


def public(settings: Settings) -> dict[str, Any]:
    """Settings that affect the result, without secrets and paths."""
    values = settings.model_dump(mode="json", exclude=set(_NOT_RECORDED))
    secret = {n for n in type(settings).model_fields if isinstance(getattr(settings, n), SecretStr)}
    return {name: value for name, value in values.items() if name not in secret}


def machine() -> dict[str, Any]:
    """The machine that the figures were measured on."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def runs_folder(data_dir: Path) -> Path:
    return data_dir / "evals" / "runs"


def report_path(data_dir: Path) -> Path:
    """Path of the HTML report that the interface offers."""
    return data_dir / "evals" / "report.html"


def save(run: Run, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run.label}.json"
    path.write_text(run.model_dump_json(indent=1), encoding="utf-8")
    return path


def read(path: Path) -> Run:
    """Raises BadRun."""
    try:
        return Run.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise BadRun(f"{path.name} cannot be read as a run: {error}") from error


def find(named: str, folder: Path) -> Run:
    """A run by path, by label, or the newest of an eval. Raises BadRun."""
    for path in (Path(named), folder / f"{named}.json"):
        if path.is_file():
            return read(path)
    found = [path for path in list_runs(folder) if eval_name(path) == named]
    if not found:
        raise BadRun(f"There is no run {named!r}. Create one: zhiwen eval run {named}")
    return read(found[-1])


def list_runs(folder: Path) -> list[Path]:
    """All runs, oldest first."""
    return sorted(folder.glob("*.json"), key=lambda path: path.stem.rsplit("-", 2)[1:])


def eval_name(path: Path) -> str:
    """Name of the eval in a run's file name."""
    return path.stem.rsplit("-", 2)[0]


def newest(folder: Path) -> list[Run]:
    """The newest run of each eval."""
    by_name: dict[str, Path] = {eval_name(path): path for path in list_runs(folder)}
    return [read(path) for path in by_name.values()]


def mean_scores(records: Sequence[Record]) -> Scores:
    """Mean of each metric over the questions that have it."""
    values: dict[str, list[float]] = {}
    for record in records:
        for name, value in record.scores.items():
            values.setdefault(name, []).append(value)
    return {name: sum(found) / len(found) for name, found in values.items()}
