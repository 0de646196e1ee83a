"""Data sets for training, and trainings."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from app.api.deps import Administering, App
from app.api.routes.jobs import JobOut, jobs_out
from app.api.wire import Wire
from app.db.tables import StoredDataSet
from app.tuning.dataset import Method
from app.wiring.improvement import served_style, trained_on

router = APIRouter(prefix="/api", tags=["improvement"])


class DataSetIn(Wire):
    """`style` of the prompts: that of the first engine's model when empty. `base_ids`: only answers
    from these; all when empty. `synthetic`: also questions made by `zhiwen dataset questions`."""

    method: Method = "sft"
    style: str = Field("", max_length=50)
    base_ids: list[str] = Field(default_factory=list)
    synthetic: bool = False


class SplitOut(Wire):
    train: int
    held_out: int


class DataSetOut(Wire):
    """`origins`: rows by kind. `left_out`: answers by reason. Rows quote from the documents of
    `base_ids`: only who may read all of them may see the rows."""

    name: str
    method: Method
    style: str
    sha256: str
    rows: SplitOut
    documents: SplitOut
    origins: dict[str, int]
    left_out: dict[str, int]
    models: list[str]
    base_ids: list[str]
    created_at: datetime


class ChangesOut(Wire):
    """Questions of rows."""

    added: list[str]
    removed: list[str]
    moved: list[str]


class TrainingIn(Wire):
    """`model`: a served one, that of the first engine when empty. `weights`: the model whose
    weights are trained on. `settings`: rank, alpha, epochs, …; the usual ones else."""

    dataset: str
    model: str = ""
    weights: str = ""
    settings: dict[str, bool | int | float] = Field(default_factory=dict)


class StepOut(Wire):
    step: int
    steps: int
    loss: float
    seconds_left: int | None = None


def dataset_out(stored: StoredDataSet) -> DataSetOut:
    card: dict[str, Any] = stored.card
    kept = ("rows", "documents", "origins", "left_out", "models")
    return DataSetOut(
        name=stored.name,
        method=card["method"],
        style=stored.style,
        sha256=stored.sha256,
        base_ids=card["restrictions"]["base_ids"],
        created_at=stored.created_at,
        **{name: card[name] for name in kept},
    )


@router.get("/datasets")
def list_datasets(access: Administering, app: App) -> list[DataSetOut]:
    """Those that you built, newest first."""
    return [dataset_out(each) for each in app.datasets.all(access)]


@router.post("/datasets", status_code=201)
def build_dataset(body: DataSetIn, access: Administering, app: App) -> DataSetOut:
    """Build a data set from what is rated and approved now and you may review; without anything
    new, it is the one that is there."""
    style = body.style or served_style(app.settings)
    made = app.datasets.build(access, body.method, style, body.base_ids, synthetic=body.synthetic)
    return dataset_out(made)


@router.get("/datasets/{name}")
def read_dataset(name: str, access: Administering, app: App) -> DataSetOut:
    """What is in it, and what was left out."""
    return dataset_out(app.datasets.get(access, name))


@router.get("/datasets/{name}/changes")
def compare_datasets(name: str, to: str, access: Administering, app: App) -> ChangesOut:
    """What changes from this one to the data set `to`."""
    found = app.datasets.compare(access, name, to)
    return ChangesOut(added=list(found.added), removed=list(found.removed), moved=list(found.moved))


@router.post("/trainings", status_code=202)
def start_training(body: TrainingIn, access: Administering, app: App) -> JobOut:
    """Queue a training for the worker, which needs `make train-env`. `/api/jobs` follows it and
    cancels it."""
    base = trained_on(app.settings, body.model, body.weights)
    job = app.trainings.start(access, body.dataset, base, body.settings)
    return jobs_out(app, [job])[0]


@router.get("/trainings/{job_id}/curve")
def read_curve(job_id: str, access: Administering, app: App) -> list[StepOut]:
    """Loss by step of a training that runs; afterwards the adapter has it."""
    return [StepOut.model_validate(step) for step in app.trainings.curve(job_id)]
