"""The gate on real llama.cpp with a tiny model, and its verdict in the registry."""

import asyncio
from pathlib import Path

from app.config import Settings
from app.db.tables import StoredAdapter
from app.llm.tokenizer import QwenTokenizer
from app.llm.wire.openai_chat import OpenAIChatModel
from app.rag.prompting.prompt import render_chatml
from app.services.improvement.gating import Gate
from app.services.improvement.serving import Hosted
from app.services.jobs.queue import Jobs
from app.services.people.access import LOCAL_OWNER as ME
from app.tuning.gate import Verdict
from app.wiring.improvement import build_adapters, build_datasets
from tests.llm.test_swapping import adapter, running_engine
from tests.services.improvement.rated import rate
from tests.tuning import tiny_model
from tests.tuning.test_dataset import HELD_OUT, TRAINED


def test_an_adapter_of_noise_is_alive_and_does_not_pass(tmp_path: Path) -> None:
    settings = Settings.model_validate({"data_dir": tmp_path / "data"})
    datasets, adapters = build_datasets(settings), build_adapters(settings)
    for n in range(8):
        rate(datasets.db, n, (TRAINED if n % 2 else HELD_OUT)[n % 4])
    data = datasets.build(ME, "sft", "answer")
    model = tiny_model.make(tmp_path / "models")
    noise = adapter(adapters.folder, 1)
    with adapters.db.write() as session:
        session.add(
            StoredAdapter(
                name=noise.name, base_model="tiny", base_sha256="", dataset_name=data.name,
                sha256="", settings={},
            )
        )  # fmt: skip
    with running_engine(model.gguf, adapters.folder / "engine.json") as engine:
        seen: list[tuple[int, int]] = []

        async def measured() -> Verdict:
            tokenizer = QwenTokenizer(model.folder / "tokenizer.json")
            client = OpenAIChatModel(f"{engine.url}/v1", "tiny", tokenizer, render=render_chatml)
            gate = Gate(adapters, datasets, Hosted("tiny", client, engine.host), 12)
            try:
                return await gate.measure(noise.name, lambda *now: seen.append(now))
            finally:
                await client.close()

        verdict = asyncio.run(measured())
    held_out = data.card["rows"]["held_out"]
    assert seen == [(n, held_out) for n in range(held_out)]
    codes = {reason.code for reason in verdict.reasons}
    assert not verdict.passed
    assert "not_alive" not in codes
    assert codes >= {"too_few", "not_better"}

    job = adapters.measure(noise.name)
    claim = Jobs(adapters.db).claim("worker-a", "gate")
    assert claim is not None
    adapters.finish(claim, verdict.as_json())
    kept = adapters.get(noise.name)
    assert kept.adapter.verdict is not None
    assert kept.adapter.verdict["figures"]["f1"]["questions"] == 4
    assert not kept.passed
    assert Jobs(adapters.db).get(ME, job.id).state == "done"
