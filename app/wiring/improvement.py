"""Builds what runs from ratings to adapters."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import app
from app.config import Settings
from app.db.engine import Database
from app.models.build.merge import merge_folder, merge_gguf
from app.models.build.vllm_weights import AWQ_SUFFIX, BF16_SUFFIX, write_awq, write_bf16
from app.models.errors import ModelMissing
from app.models.store import ModelStore
from app.rag.prompting.styles import ANSWER
from app.services.errors import Conflict
from app.services.improvement.adapters import Adapters
from app.services.improvement.canary.guard import Guard
from app.services.improvement.datasets import DataSets
from app.services.improvement.gating import Gate
from app.services.improvement.serving import Hosted
from app.services.improvement.training import TrainedOn, Trainings
from app.services.library.bases import base_named
from app.wiring.channels import bot_bases
from app.wiring.engines import adapter_hosts, build_gateway, engine_list
from app.wiring.models import model_store


def build_datasets(settings: Settings) -> DataSets:
    """Needs neither a running service nor models."""
    db = Database(settings.sql_url)
    db.migrate()
    return DataSets(db, settings.data_dir / "datasets")


class TrainerMissing(Exception):
    """There is no Python with TRL and PEFT; the message says how to get one."""

    code = "trainer_missing"


def build_adapters(settings: Settings) -> Adapters:
    """Needs neither a running service nor models."""
    db = Database(settings.sql_url)
    db.migrate()
    return Adapters(db, settings.data_dir / "adapters", partial(bot_bases, settings))


def build_guard(settings: Settings) -> Guard:
    """Needs neither a running service nor models."""

    def engines() -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for each in engine_list(settings, model_store(settings)).engines:
            found.setdefault(each.served_model, []).append(each.name)
        return found

    return Guard(build_adapters(settings), engines)


def build_trainings(settings: Settings) -> Trainings:
    """Needs neither a running service nor models."""
    datasets, folder = build_datasets(settings), settings.data_dir
    return Trainings(datasets.db, datasets, folder / "training", folder / "adapters")


def build_gate(settings: Settings, name: str) -> Gate:
    """Of the engine that serves the adapter's model, with a client of its own.

    Raises NotFound for the adapter, Conflict where no engine serves its model.
    """
    adapters, store = build_adapters(settings), model_store(settings)
    base_model = adapters.get(name).adapter.base_model
    hosts = adapter_hosts(settings, build_gateway(settings, store)).values()
    hosted = next((Hosted(*each) for each in hosts if each[0] == base_model), None)
    if hosted is None:
        raise Conflict(f"No engine serves {base_model}.", code="no_engine")
    return Gate(adapters, build_datasets(settings), hosted, settings.max_answer_tokens)


def trainer_python(settings: Settings) -> Path:
    """The Python that trains. Raises TrainerMissing."""
    usual = Path(str(app.__file__)).parents[1] / ".venv-train/bin/python"
    found = settings.train_python or usual
    if not found.exists():
        raise TrainerMissing(
            f"There is no Python with TRL and PEFT at {found}. Make one: make train-env"
        )
    return found.absolute()


def trained_on(settings: Settings, model: str = "", weights: str = "") -> TrainedOn:
    """A served model, that of the first engine when empty, and the weights that are trained on:
    those it was converted from, or would be. Raises UnknownModel, EnginesInvalid."""
    store = model_store(settings)
    engines = engine_list(settings, store).engines
    served = model or engines[0].served_model
    engine = next((each for each in engines if each.served_model == served), None)
    spec = store.registry.find(served)
    base = served.removesuffix(AWQ_SUFFIX).removesuffix(BF16_SUFFIX)
    style = spec.prompt_style if spec is not None else ANSWER.name
    thinks = engine is not None and engine.thoughts.switch == "template"
    return TrainedOn(served, weights or base + BF16_SUFFIX, style, thinks)


def trainable(store: ModelStore, weights: str) -> Path:
    """The folder of the weights to train on; made of the GGUF file where they are missing, which
    takes a minute and the model's size four times in memory. Raises ModelError."""
    if store.is_placed(weights):
        return store.path(weights)
    spec = store.registry[weights]
    if spec.made_from is None:
        return store.path(weights)
    gguf = store.weights(spec.made_from)
    if not gguf.is_file():
        raise ModelMissing(spec.made_from)
    return store.make(weights, lambda folder: write_bf16(gguf, folder))


def merged(settings: Settings, name: str, to: Path, form: str, weights: str = "") -> None:
    """Write the adapter with its model into a folder, as safetensors, awq or gguf. Raises NotFound,
    UnknownModel, ModelError, and ValueError for weights that cannot be packed into 4 bits."""
    adapters, store = build_adapters(settings), model_store(settings)
    base_model = adapters.get(name).adapter.base_model
    folder = adapters.path(name)
    if form == "gguf":
        to.mkdir(parents=True, exist_ok=True)
        merge_gguf(store.weights(base_model), folder, to / f"{name}.gguf")
        return
    base = trainable(store, trained_on(settings, base_model, weights).weights)
    if form == "safetensors":
        merge_folder(base, folder, to)
        return
    with TemporaryDirectory(prefix="zhiwen-merge-", dir=settings.data_dir) as whole:
        merge_folder(base, folder, Path(whole))
        write_awq(Path(whole), to)


def base_ids(settings: Settings, names: Sequence[str]) -> list[str]:
    """The ids of bases given by name or id. Raises NotFound, Conflict."""
    with Database(settings.sql_url).read() as session:
        return [base_named(session, name).id for name in names]


def served_style(settings: Settings) -> str:
    """The prompt style of the first engine's model."""
    store = model_store(settings)
    first = engine_list(settings, store).engines[0]
    spec = store.registry.find(first.served_model)
    return spec.prompt_style if spec is not None else ANSWER.name
