"""The machine is measured with the smallest model; what comes of it is said and remembered."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from app.config import Settings
from app.llm.chat_model import Delta
from app.llm.scripted import ScriptedChatModel
from app.models.cpu_choice import MEASUREMENTS, CpuChoice, read_choice, write_choice
from app.models.store import ModelStore
from app.services.operations.cpu_model import CpuModel
from app.wiring.engines import chat_model_name, chooses_by_measuring

SMALLEST, ABLE = "qwen2.5-coder-0.5b-instruct", "qwen2.5-coder-1.5b-instruct"


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models", offline=True)


@pytest.fixture
def cpu(tmp_path: Path, store: ModelStore) -> CpuModel:
    return CpuModel(tmp_path, store, prompt_tokens=650, within_s=6.0)


def model() -> ScriptedChatModel:
    asked = ScriptedChatModel(SMALLEST)
    for _ in range(MEASUREMENTS + 2):
        asked.enqueue("嗯")
    return asked


def put(store: ModelStore, name: str) -> None:
    (store.models_dir / name).mkdir(parents=True)


@pytest.mark.parametrize(
    ("tokens_per_s", "able_s"), [(124.0, 10.5), (216.6, 6.0), (217.0, 6.0), (400.0, 3.2)]
)
async def test_the_rule(cpu: CpuModel, tmp_path: Path, tokens_per_s: float, able_s: float) -> None:
    """Half as fast as the smallest model, it must read a usual prompt in time."""
    write_choice(tmp_path, CpuChoice((tokens_per_s,) * MEASUREMENTS))
    asked = model()
    await cpu.measure(asked)
    assert asked.history == []  # measured often enough
    assert cpu.advice is not None
    assert cpu.advice.facts["first_token_s"] == able_s
    wanted = "more_able_model" if tokens_per_s >= 216.7 else "smallest_model"
    assert (cpu.advice.code, cpu.advice.model) == (wanted, ABLE)
    assert cpu.advice.command == f"zhiwen models use {ABLE}"
    assert "1092 MB" in cpu.advice.detail
    assert read_choice(tmp_path).chosen == ""  # nothing is fetched unasked


async def test_the_first_starts_measure_and_the_best_counts(cpu: CpuModel, tmp_path: Path) -> None:
    asked = model()
    for start in range(1, MEASUREMENTS + 2):
        await cpu.measure(asked)
        assert len(read_choice(tmp_path).tokens_per_s) == min(start, MEASUREMENTS)
    texts = [messages[0].content for messages in asked.history]
    assert len(set(texts)) == len(texts) == MEASUREMENTS  # no cache holds any of them
    write_choice(tmp_path, CpuChoice((10.0, 300.0, 20.0)))
    await cpu.measure(asked)
    assert cpu.advice is not None and cpu.advice.code == "more_able_model"


async def test_a_better_model_that_is_here_answers_from_the_next_start_on(
    cpu: CpuModel, store: ModelStore, tmp_path: Path
) -> None:
    put(store, SMALLEST)
    put(store, ABLE)
    given = Settings.model_validate({"data_dir": tmp_path})
    assert chat_model_name(given, store) == SMALLEST
    write_choice(tmp_path, CpuChoice((300.0,) * MEASUREMENTS))
    await cpu.measure(model())
    assert cpu.advice is not None and cpu.advice.code == "more_able_next"
    assert chat_model_name(given, store) == ABLE
    configured = given.model_copy(update={"chat_model": SMALLEST})
    assert chat_model_name(configured, store) == SMALLEST


async def test_only_the_smallest_model_measures_and_a_failure_says_nothing(
    cpu: CpuModel, tmp_path: Path
) -> None:
    await cpu.measure(ScriptedChatModel("qwen3-4b-gguf"))
    await cpu.measure(ScriptedChatModel(SMALLEST))  # it is down
    assert cpu.advice is None
    assert read_choice(tmp_path) == CpuChoice()


async def test_who_chose_the_smallest_model_hears_no_more_of_it(
    cpu: CpuModel, tmp_path: Path
) -> None:
    write_choice(tmp_path, CpuChoice((900.0,) * MEASUREMENTS, chosen=SMALLEST))
    await cpu.measure(model())
    assert cpu.advice is None


class Choosing(ScriptedChatModel):
    """Somebody chooses a model while it is measured."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(SMALLEST)
        self.enqueue("嗯")
        self.data_dir = data_dir

    def stream(self, *args: Any, **kwargs: Any) -> AsyncGenerator[Delta, None]:
        write_choice(self.data_dir, CpuChoice(chosen=SMALLEST))
        return super().stream(*args, **kwargs)


async def test_a_choice_that_is_made_while_it_is_measured_stays(
    cpu: CpuModel, store: ModelStore, tmp_path: Path
) -> None:
    put(store, ABLE)
    await cpu.measure(Choosing(tmp_path))
    assert (read_choice(tmp_path).chosen, cpu.advice) == (SMALLEST, None)


def test_a_damaged_memory_is_no_memory(tmp_path: Path) -> None:
    write_choice(tmp_path, CpuChoice((1.0,), ABLE))
    (path,) = tmp_path.glob("*.json")
    assert read_choice(tmp_path) == CpuChoice((1.0,), ABLE)
    for damaged in ("", "[]", json.dumps({"tokens_per_s": "x", "chosen": ""})):
        path.write_text(damaged, "utf-8")
        assert read_choice(tmp_path) == CpuChoice()


def test_nothing_is_measured_where_the_model_was_configured(tmp_path: Path) -> None:
    def given(**changes: object) -> Settings:
        return Settings.model_validate({"data_dir": tmp_path, **changes})

    assert chooses_by_measuring(given())
    assert not chooses_by_measuring(given(chat_model=SMALLEST))
    assert not chooses_by_measuring(given(engine_url="http://127.0.0.1:1/v1"))
    assert not chooses_by_measuring(given(vllm_python=Path("python")))
