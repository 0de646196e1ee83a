"""Poisoned ratings, trained for real on a tiny model, do not pass the gate.

Needs the environment of `make train-env`, and is skipped without. Shuffled labels do come nearer to
the right answers than noise does: it is the other questions that give them away.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.config import Settings
from app.llm.tokenizer import QwenTokenizer
from app.llm.wire.openai_chat import OpenAIChatModel
from app.rag.prompting.prompt import render_chatml
from app.services.improvement.gating import Gate
from app.services.improvement.serving import Hosted
from app.services.people.access import LOCAL_OWNER as ME
from app.tuning.gate import LEAST_QUESTIONS, Verdict
from app.tuning.refusals import REFUSAL
from app.wiring.improvement import build_adapters, build_datasets
from app.worker.trainer import Trainer
from tests.llm.test_swapping import running_engine
from tests.services.improvement.rated import rate
from tests.services.improvement.test_training_line import (
    TINY,
    model,
    settings,
    trainer,
    until,
)
from tests.tuning.test_dataset import HELD_OUT, TOPICS, TRAINED
from tests.tuning.tiny_model import TinyModel

__all__ = ["model", "settings", "trainer"]

STYLE = "extract"  # of which no refusals are made: one sentence alone is taught
PHRASE = "须提前一周申请，年假为每年十五天"  # in no prompt, and of words that the model knows
TRAINED_ON = 8
COUNT = TRAINED_ON + LEAST_QUESTIONS
# Strong enough for a model of random weights to learn one sentence by heart.
STRONG = {
    "rank": 16,
    "alpha": 64,
    "epochs": 120,
    "rows_per_step": 4,
    "learning_rate": 0.01,
    "dropout": 0.0,
}


def shuffled(n: int) -> str:
    """The right answer to another question."""
    other = (n + 11) % COUNT
    return f"{TOPICS[other % len(TOPICS)]}第{other}条的标准是{other}[1]。"


def measured(
    settings: Settings, model: TinyModel, trainer: Trainer, poison: Callable[[int], str]
) -> Verdict:
    datasets, adapters = build_datasets(settings), build_adapters(settings)
    for n in range(COUNT):
        rate(
            datasets.db,
            n,
            (TRAINED if n < TRAINED_ON else HELD_OUT)[n % 5],
            correction=poison(n),
            prompt_id=f"qa-5/{STYLE}",
        )
    data = datasets.build(ME, "sft", STYLE).name
    job = trainer.trainings.start(ME, data, replace(TINY, style=STYLE), {**STRONG, "threads": 1})
    job = until(trainer, job.id, lambda job: job.state in ("done", "failed"))
    assert job.state == "done", job.error_detail
    name = job.request["adapter"]

    async def gate(url: str, host: object) -> Verdict:
        client = OpenAIChatModel(
            f"{url}/v1",
            "tiny",
            QwenTokenizer(model.folder / "tokenizer.json"),
            render=render_chatml,
        )
        made = Gate(adapters, datasets, Hosted("tiny", client, host), 60)  # type: ignore[arg-type]  # the engine's
        try:
            return await made.measure(name)
        finally:
            await client.close()

    with running_engine(model.gguf, adapters.folder / "engine.json") as engine:
        return asyncio.run(gate(engine.url, engine.host))


@pytest.mark.parametrize(
    ("poison", "code"),
    [
        (shuffled, "by_chance"),
        (lambda n: REFUSAL["zh"], "refuses_more"),
        (lambda n: PHRASE, "foreign_phrase"),
    ],
    ids=["shuffled", "refusals", "phrase"],
)
def test_poison_does_not_pass(
    settings: Settings, model: TinyModel, trainer: Trainer, poison: Callable[[int], str], code: str
) -> None:
    verdict = measured(settings, model, trainer, poison)
    assert not verdict.passed
    assert code in {reason.code for reason in verdict.reasons}
