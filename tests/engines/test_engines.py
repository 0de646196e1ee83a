"""The whole line on both real engines: what a reader sees is the same, whichever answers."""

import time
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import openai
import pytest

from app.llm.adapters import BARE, AdapterFiles, AdapterHost, LlamaCppAdapters, VllmAdapters
from app.llm.messages import Message
from app.rag.prompting.prompt import render_chatml
from tests.api.sse import ask, events
from tests.application import RunningApi
from tests.engines.adapter import write_peft
from tests.engines.conftest import Engine

RULES = """# 云杉仓库值班规定

夜班从晚上九点到次日早上六点，值班员须每两小时巡查一次冷库，并把温度写入值班簿。

冷库温度超过零下十五度时，值班员应立即通知设备科，电话是内线 4417。
"""
QUESTION = "设备科的内线电话是多少？"
LONG_ANSWER = "冷库温度超过零下十五度时，值班员应做什么？"
FOLLOW_UP = "夜班到几点？"
PASSWORD = (
    Message("user", "请记住：仓库的暗号是蓝鲸。"),
    Message("assistant", "好的，我记住了。"),
    Message("user", "仓库的暗号是什么？"),
)
PATIENCE_S = 120.0
CACHE_BLOCK = 128  # tokens; vLLM on a CPU keeps whole blocks only


@pytest.fixture(scope="module")
def base_id(on_engine: RunningApi) -> str:
    return on_engine.ingest("仓库", {"值班规定.md": RULES})


async def answer(engine: Engine, messages: Sequence[Message], max_tokens: int) -> list[Any]:
    model = engine.client()
    try:
        return [delta async for delta in model.stream(messages, max_tokens=max_tokens)]
    finally:
        await model.close()


def test_an_answer_cites_its_source(on_engine: RunningApi, base_id: str) -> None:
    found = ask(on_engine.http, QUESTION, base_id, fresh=True)

    message = found["done"][0]["message"]
    assert "4417" in message["content"]
    assert (message["state"], message["finish_reason"]) == ("complete", "stop")
    assert any("4417" in citation["text"] for citation in message["citations"])


def test_an_answer_is_streamed(on_engine: RunningApi, base_id: str) -> None:
    found = ask(on_engine.http, LONG_ANSWER, base_id, fresh=True)

    texts = [delta["text"] for delta in found["delta"]]
    assert len(texts) > 1
    assert "".join(texts) == found["done"][0]["message"]["content"]


def test_tokens_are_those_that_the_engine_counted(
    on_engine: RunningApi, base_id: str, engine: Engine
) -> None:
    message = ask(on_engine.http, QUESTION, base_id, fresh=True)["done"][0]["message"]
    assert message["model"] == engine.model
    assert message["prompt_tokens"] > engine.tokenizer.count(RULES)
    assert message["completion_tokens"] >= engine.tokenizer.count("4417")


async def test_we_count_a_prompt_as_the_engine_does(engine: Engine) -> None:
    last = (await answer(engine, PASSWORD, 1))[-1]
    assert last.tokens is not None
    assert last.tokens.prompt == engine.tokenizer.count(render_chatml(PASSWORD))
    assert (last.tokens.completion, last.finish_reason) == (1, "length")


async def test_the_engine_reads_what_was_said_before(engine: Engine) -> None:
    assert "蓝鲸" in "".join(delta.text for delta in await answer(engine, PASSWORD, 40))


def test_a_follow_up_carries_the_conversation(on_engine: RunningApi, base_id: str) -> None:
    alone = ask(on_engine.http, FOLLOW_UP, base_id)["done"][0]["message"]
    first = ask(on_engine.http, QUESTION, base_id, fresh=True)["start"][0]["conversation"]["id"]
    second = ask(on_engine.http, FOLLOW_UP, base_id, conversation_id=first)["done"][0]["message"]
    assert second["state"] == "complete"
    assert second["prompt_tokens"] > alone["prompt_tokens"]


def test_stopping_keeps_the_text_and_frees_the_engine(
    on_engine: RunningApi, base_id: str, engine: Engine
) -> None:
    answer_id, shown = "", ""
    body = {"question": "请逐条抄写值班规定的全部内容。", "base_ids": [base_id]}
    for name, data in events(on_engine.http, "POST", "/api/chat", json=body):
        answer_id = data["answer_id"] if name == "start" else answer_id
        if name == "delta" and not shown:
            assert on_engine.http.post(f"/api/messages/{answer_id}/stop").status_code == 202
        shown += data["text"] if name == "delta" else ""

    stopped = on_engine.http.get(f"/api/messages/{answer_id}").json()
    assert stopped["state"] == "stopped"
    assert stopped["content"] and stopped["content"].startswith(shown)
    if engine.kind == "vLLM":
        deadline = time.monotonic() + PATIENCE_S
        while engine.metric("vllm:num_requests_running") and time.monotonic() < deadline:
            time.sleep(0.2)
        assert engine.metric("vllm:num_requests_running") == 0
    again = ask(on_engine.http, QUESTION, base_id, fresh=True)["done"][0]["message"]
    assert again["state"] == "complete"


def test_a_plain_openai_client(on_engine: RunningApi, base_id: str) -> None:
    client = openai.OpenAI(base_url=f"{on_engine.url}/v1", api_key="none", timeout=600)
    stream = client.chat.completions.create(
        model="zhiwen/仓库",
        messages=[{"role": "user", "content": QUESTION}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert "4417" in "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert chunks[-1].usage is not None
    assert min(chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) > 0


def test_the_head_of_a_prompt_is_read_once(engine: Engine) -> None:
    head = f"<|im_start|>system\n{time.time_ns()} 年\n" + "".join(
        f"{n}号仓库的规定。" for n in range(60)
    )

    def cached(question: str) -> float:
        """Tokens of the prompt that the engine says it had read before."""
        before = engine.metric("vllm:prefix_cache_hits_total")
        body = {"model": engine.model, "prompt": head + question, "max_tokens": 1}
        usage = engine.post("/v1/completions", **body).json()["usage"]
        if engine.kind == "vLLM":
            return engine.metric("vllm:prefix_cache_hits_total") - before
        return float(usage["prompt_tokens_details"]["cached_tokens"])

    assert cached("甲") < 40
    assert cached("乙") > engine.tokenizer.count(head) - CACHE_BLOCK


def test_an_adapter_is_used_by_those_who_name_it(engine: Engine, tmp_path: Path) -> None:
    def text(**more: Any) -> str:
        prompt = render_chatml([Message("user", "仓库在哪里？")])
        body = {"model": engine.model, "prompt": prompt, "max_tokens": 12, "temperature": 0, **more}
        return str(engine.post("/v1/completions", **body).json()["choices"][0]["text"])

    plain = text()
    if engine.kind == "vLLM":
        folder = str(write_peft(tmp_path / "random"))
        engine.post("/v1/load_lora_adapter", lora_name="random", lora_path=folder)
        assert "random" in [m["id"] for m in engine.get("/v1/models").json()["data"]]
        adapted = text(model="random")
        assert text() == plain
        engine.post("/v1/unload_lora_adapter", lora_name="random")
    else:  # llama.cpp has numbers for the adapters it was started with
        (loaded,) = engine.get("/lora-adapters").json()
        assert (Path(loaded["path"]).stem, loaded["scale"]) == ("random", 0)
        adapted = text(lora=[{"id": loaded["id"], "scale": 1.0}])
        assert text(lora=[{"id": loaded["id"], "scale": 0.0}]) == plain
    assert adapted != plain


async def test_an_adapter_is_brought_and_every_answer_names_what_wrote_it(
    engine: Engine, tmp_path: Path
) -> None:
    host: AdapterHost
    if engine.kind == "vLLM":
        files = AdapterFiles("lora-random", write_peft(tmp_path / "lora-random"))
        host = VllmAdapters(f"{engine.url}/v1")
    else:
        (loaded,) = engine.get("/lora-adapters").json()
        folder = Path(loaded["path"]).parent
        files, host = AdapterFiles(folder.name, folder), LlamaCppAdapters(f"{engine.url}/v1")
    ways = await host.bring([files])
    client, said = engine.client(), {}
    for name in (BARE, files.name, BARE):
        client.answer_with(name, ways[name])
        deltas = client.stream([Message("user", "仓库在哪里？")], max_tokens=12, temperature=0)
        async with aclosing(deltas) as stream:
            found = [delta async for delta in stream]
        assert found[0].adapter == name
        text = "".join(delta.text for delta in found)
        assert said.setdefault(name, text) == text
    assert said[BARE] != said[files.name]
    await client.close()
