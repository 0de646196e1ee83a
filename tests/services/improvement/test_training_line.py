"""From ratings to an adapter that answers: real TRL, PEFT and llama.cpp, on a tiny model.

Needs the environment of `make train-env`, and is skipped without.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.config import Settings
from app.db.tables import Job
from app.llm.adapters import BARE, AdapterFiles
from app.services.improvement.adapters import Consent
from app.services.improvement.datasets import DataSets
from app.services.improvement.training import TrainedOn
from app.services.jobs.queue import Jobs
from app.services.people.access import LOCAL_OWNER as ME
from app.wiring.improvement import (
    TrainerMissing,
    build_adapters,
    build_datasets,
    build_trainings,
    trainer_python,
)
from app.worker.trainer import Trainer
from tests.llm.test_swapping import Engine, running_engine
from tests.services.improvement.rated import rate
from tests.tuning import tiny_model
from tests.tuning.test_dataset import HELD_OUT, TRAINED

TINY = TrainedOn("tiny", "tiny-bf16", "answer")
QUICK = {"rank": 4, "epochs": 2, "rows_per_step": 3, "learning_rate": 0.02, "threads": 1}
WORKER = "worker-a"
ENDS_S = 240.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = Settings.model_validate(
        {"data_dir": tmp_path / "data", "models_dir": tmp_path / "models", "offline": True}
    )
    try:
        trainer_python(found)
    except TrainerMissing as error:
        pytest.skip(str(error))
    return found


@pytest.fixture
def model(settings: Settings) -> tiny_model.TinyModel:
    return tiny_model.make(settings.models_path)


@pytest.fixture
def trainer(settings: Settings) -> Iterator[Trainer]:
    trainings = build_trainings(settings)
    made = Trainer(settings, Jobs(trainings.db), WORKER, trainings)
    yield made
    made.stop()


def data_set(settings: Settings) -> str:
    datasets: DataSets = build_datasets(settings)
    for n in range(9):
        rate(datasets.db, n, (TRAINED if n % 3 else HELD_OUT)[n % 5])
    return datasets.build(ME, "sft", "answer").name


def until(trainer: Trainer, job_id: str, seen: Callable[[Job], bool]) -> Job:
    deadline = time.monotonic() + ENDS_S
    while time.monotonic() < deadline:
        trainer.look()
        job = trainer.jobs.get(ME, job_id)
        if seen(job):
            return job
        time.sleep(0.1)
    raise AssertionError(f"still {job.state}, {job.stage}")


def test_killed_in_the_middle_it_goes_on_and_the_adapter_answers_otherwise(
    settings: Settings, model: tiny_model.TinyModel, trainer: Trainer
) -> None:
    name = data_set(settings)
    job = trainer.trainings.start(ME, name, TINY, QUICK)
    saved = "checkpoints/checkpoint-*/trainer_state.json"
    work = trainer.trainings.work_folder(job.id)
    until(trainer, job.id, lambda job: job.state == "failed" or any(work.glob(saved)))
    assert trainer.run is not None
    os.killpg(trainer.run.process.pid, signal.SIGKILL)  # the worker and all that it started
    trainer.run.process.wait()
    trainer.run = None
    trainer.jobs.release(WORKER)

    job = until(trainer, job.id, lambda job: job.state in ("done", "failed"))
    assert (job.state, job.error_detail) == ("done", None)
    adapters = build_adapters(settings)
    (view,) = adapters.all()
    adapter = view.adapter
    assert adapter.name == job.request["adapter"]
    assert (adapter.dataset_name, adapter.base_model) == (name, "tiny")
    assert adapter.settings["report"]["resumed_at"] >= 1
    steps = adapter.settings["report"]["steps"]
    assert [step["step"] for step in adapter.curve] == list(range(1, steps + 1))
    assert not trainer.trainings.work_folder(job.id).exists()
    assert (
        str(settings.data_dir)
        not in (adapters.path(adapter.name) / "adapter_config.json").read_text()
    )

    adapters.promote(ME, adapter.name, consent=Consent(force=True))
    with running_engine(model.gguf, settings.data_dir / "adapters/engine.json") as engine:
        assert _differs(engine, adapters.path(adapter.name))


def _differs(engine: Engine, folder: Path) -> bool:
    ways = engine.until_loaded(AdapterFiles(folder.name, folder))
    return engine.complete(ways[folder.name]) != engine.complete(ways[BARE])


def test_a_cancelled_training_leaves_nothing(
    settings: Settings, model: tiny_model.TinyModel, trainer: Trainer
) -> None:
    job = trainer.trainings.start(ME, data_set(settings), TINY, QUICK)
    until(trainer, job.id, lambda job: job.state == "running")
    trainer.jobs.cancel(ME, job.id)
    deadline = time.monotonic() + ENDS_S
    while trainer.run is not None and time.monotonic() < deadline:
        trainer.look()
    assert trainer.jobs.get(ME, job.id).state == "cancelled"
    assert not trainer.trainings.work_folder(job.id).exists()
    assert build_adapters(settings).all() == []


def test_rows_that_are_too_long_fail_with_the_reason(
    settings: Settings, model: tiny_model.TinyModel, trainer: Trainer
) -> None:
    job = trainer.trainings.start(ME, data_set(settings), TINY, {**QUICK, "max_tokens": 20})
    job = until(trainer, job.id, lambda job: job.state in ("done", "failed"))
    assert (job.state, job.error_code) == ("failed", "no_rows")
    assert "No row has at most 20 tokens" in str(job.error_detail)
