"""How an engine is told of adapters, and how an answer says which one wrote it."""

import json
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.llm.adapters import (
    BARE,
    LOADED,
    AdapterFiles,
    Challenger,
    LlamaCppAdapters,
    VllmAdapters,
)
from app.llm.engines import AUTO
from app.llm.gateway import alone
from app.llm.messages import Message
from app.llm.routing import Case
from app.llm.servers.fake_engine import FakeEngine
from app.llm.wire.openai_chat import OpenAIChatModel
from app.models.build.lora_gguf import write_lora_gguf
from app.models.errors import ModelFormatError
from app.rag.prompting.prompt import render_chatml
from tests.serving import serving
from tests.tokens import Characters

ONE, TWO = (AdapterFiles(f"lora-{n}", Path(f"/adapters/lora-{n}")) for n in (1, 2))


class Server:
    """The endpoints of both servers, as far as adapters go."""

    def __init__(self) -> None:
        self.models = {"qwen": ""}
        self.loras = [{"id": 0, "path": "/adapters/lora-1/adapter.gguf", "scale": 0.0}]

    def app(self) -> Starlette:
        async def models(_: Request) -> JSONResponse:
            return JSONResponse({"data": [{"id": name} for name in self.models]})

        async def load(request: Request) -> JSONResponse:
            asked = await request.json()
            self.models[asked["lora_name"]] = asked["lora_path"]
            return JSONResponse({})

        async def loras(_: Request) -> JSONResponse:
            return JSONResponse(self.loras)

        return Starlette(
            routes=[
                Route("/v1/models", models),
                Route("/v1/load_lora_adapter", load, methods=["POST"]),
                Route("/lora-adapters", loras),
            ]
        )


async def test_vllm_is_brought_to_what_is_wanted() -> None:
    server = Server()
    with serving(server.app()) as url:
        host = VllmAdapters(f"{url}/v1")
        assert await host.bring([ONE]) == {BARE: {}, "lora-1": {"model": "lora-1"}}
        assert server.models["lora-1"] == "/adapters/lora-1"
        ways = await host.bring([TWO])
        assert set(server.models) == {"qwen", "lora-1", "lora-2"}
        assert ways["lora-2"] == {"model": "lora-2"}


async def test_llama_cpp_names_every_scale() -> None:
    server = Server()
    with serving(server.app()) as url:
        host = LlamaCppAdapters(f"{url}/v1")
        assert await host.bring([ONE, TWO]) == {
            BARE: {"lora": [{"id": 0, "scale": 0.0}]},
            "lora-1": {"lora": [{"id": 0, "scale": 1.0}]},
        }
        server.loras.clear()
        assert await host.bring([ONE]) == {BARE: {}}


async def test_the_embedded_engine_is_asked_for_what_is_missing(tmp_path: Path) -> None:
    wanted = tmp_path / "engine.json"
    host = LlamaCppAdapters("http://127.0.0.1:9/v1", wanted)
    assert await host.bring([ONE]) == {BARE: {}}
    await host.bring([TWO])
    listed = [f"/adapters/lora-{n}/adapter.gguf" for n in (1, 2)]
    assert json.loads(wanted.read_text()) == listed  # earlier ones keep their numbers
    (tmp_path / LOADED).write_text(json.dumps(listed))
    ways = await host.bring([TWO])
    assert ways["lora-2"] == {"lora": [{"id": 0, "scale": 0.0}, {"id": 1, "scale": 1.0}]}


async def test_a_server_that_is_down_is_an_error_for_whoever_asks() -> None:
    with pytest.raises(httpx.HTTPError):
        await VllmAdapters("http://127.0.0.1:9/v1").bring([ONE])


async def test_an_answer_names_the_adapter_that_wrote_it(
    fake_engine: FakeEngine, fake_url: str
) -> None:
    model = OpenAIChatModel(fake_url, "fake", Characters(), render=render_chatml)
    gateway = alone(model)

    async def answered_by() -> list[Any]:
        chain = gateway.choose(AUTO, Case("？"))
        deltas = chain.stream([Message("user", "保留多久？")], max_tokens=9)
        async with aclosing(deltas) as stream:
            return [delta.served.adapter async for delta in stream if delta.served]

    assert await answered_by() == [BARE]
    model.answer_with("lora-1", {"lora": [{"id": 0, "scale": 1.0}]})
    assert await answered_by() == ["lora-1"]
    await model.close()


def test_a_layer_that_llama_cpp_does_not_have_is_an_error(tmp_path: Path) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    name = "base_model.model.lm_head.lora_A.weight"
    save_file({name: np.zeros((2, 4), np.float32)}, tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_text('{"lora_alpha": 8}')
    with pytest.raises(ModelFormatError, match="lm_head"):
        write_lora_gguf(tmp_path, "qwen2")
    with pytest.raises(ModelFormatError, match="no adapter"):
        write_lora_gguf(tmp_path / "none", "qwen2")


def test_a_share_of_conversations_is_the_challengers_and_a_greater_one_keeps_them() -> None:
    conversations = [f"{n:024x}" for n in range(2000)]
    taken: set[str] = set()
    for share in (0, 10, 50, 99):
        now = {each for each in conversations if Challenger("lora-1", {}, share).takes(each)}
        assert abs(len(now) / len(conversations) - share / 100) < 0.03
        assert taken <= now
        taken = now
    assert not Challenger("lora-1", {}, 99).takes("")  # of no conversation
    other = {each for each in conversations if Challenger("lora-2", {}, 50).takes(each)}
    half = {each for each in conversations if Challenger("lora-1", {}, 50).takes(each)}
    assert 0.15 < len(other & half) / len(conversations) < 0.35  # dealt anew
