"""Adapters of the embedded engine change while it answers: real llama.cpp, a tiny model."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest

from app.llm.adapters import BARE, AdapterFiles, LlamaCppAdapters
from app.models.build.lora_gguf import write_lora_gguf
from tests.llm.test_engine import free_port
from tests.patience import PATIENCE_S
from tests.tuning import tiny_model

STREAMS = 20
PROMPT = "<|im_start|>user\n年假有几天？<|im_end|>\n<|im_start|>assistant\n"


def adapter(folder: Path, seed: int) -> AdapterFiles:
    """Random and strong, in PEFT's form and as GGUF."""
    from safetensors.numpy import save_file

    random = np.random.default_rng(seed)
    name = f"lora-{seed:012x}"
    into = folder / name
    into.mkdir(parents=True)
    tensors = {}
    for layer in range(tiny_model.LAYERS):
        prefix = f"base_model.model.model.layers.{layer}.mlp.down_proj"
        a = random.standard_normal((2, tiny_model.FEED_FORWARD))
        b = random.standard_normal((tiny_model.WIDTH, 2))
        tensors[f"{prefix}.lora_A.weight"] = a.astype(np.float32)
        tensors[f"{prefix}.lora_B.weight"] = b.astype(np.float32)
    save_file(tensors, into / "adapter_model.safetensors")
    (into / "adapter_config.json").write_text(json.dumps({"lora_alpha": 8, "r": 2}))
    write_lora_gguf(into, "qwen2")
    return AdapterFiles(name, into)


@dataclass(frozen=True, slots=True)
class Engine:
    process: subprocess.Popen[bytes]
    url: str
    host: LlamaCppAdapters

    def complete(self, fields: object, tokens: int = 24) -> str:
        body = {"prompt": PROMPT, "max_tokens": tokens, "temperature": 0, "ignore_eos": True}
        answer = httpx.post(
            f"{self.url}/v1/completions",
            json={**body, **dict(fields)},
            timeout=PATIENCE_S,
            trust_env=False,
        )  # type: ignore[call-overload]  # a mapping
        answer.raise_for_status()
        return str(answer.json()["choices"][0]["text"])

    def until_loaded(self, *wanted: AdapterFiles) -> dict[str, dict[str, object]]:
        """The ways to ask, once all are loaded."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                httpx.get(f"{self.url}/health", trust_env=False).raise_for_status()
                ways = asyncio.run(self.host.bring(wanted))
            except httpx.HTTPError:
                ways = {}
            if ways.keys() >= {BARE, *(each.name for each in wanted)}:
                return {name: dict(fields) for name, fields in ways.items()}
            time.sleep(0.05)
        raise AssertionError("the adapters were not loaded")

    def engines(self) -> list[int]:
        """Process ids of llama.cpp."""
        found = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return [int(line) for line in found.stdout.split()]


@contextmanager
def running_engine(gguf: Path, wanted: Path) -> Iterator[Engine]:
    wanted.parent.mkdir(parents=True, exist_ok=True)
    port = free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "app.llm.servers.swapping", "--adapters", str(wanted)),
            *("--model", str(gguf), "--alias", "tiny", "--port", str(port)),
            *("--threads", "1", "--context", "2048", "--parallel", "4"),
        ]
    )
    url = f"http://127.0.0.1:{port}"
    running = Engine(process, url, LlamaCppAdapters(f"{url}/v1", wanted))
    try:
        running.until_loaded()
        yield running
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    model = tiny_model.make(tmp_path / "model")
    with running_engine(model.gguf, tmp_path / "adapters/engine.json") as running:
        yield running


async def ask_all(
    engine: Engine, ways: list[tuple[str, dict[str, object]]]
) -> list[tuple[str, str]]:
    """What each was asked for, and what came; every answer streamed over a kept connection."""
    limits = httpx.Limits(max_keepalive_connections=STREAMS, keepalive_expiry=2.0)
    async with httpx.AsyncClient(timeout=PATIENCE_S, trust_env=False, limits=limits) as client:

        async def one(name: str, fields: dict[str, object]) -> tuple[str, str]:
            body = {"prompt": PROMPT, "max_tokens": 24, "temperature": 0, "ignore_eos": True}
            body |= {"stream": True, **fields}
            for attempt in range(2):  # as our client: once more where a kept connection was closed
                text = ""
                try:
                    async with client.stream(
                        "POST", f"{engine.url}/v1/completions", json=body
                    ) as answer:
                        answer.raise_for_status()
                        async for line in answer.aiter_lines():
                            if line.startswith("data: {"):
                                text += json.loads(line[6:])["choices"][0]["text"]
                    return name, text
                except httpx.TransportError:
                    if attempt or text:
                        raise
            raise AssertionError

        return list(await asyncio.gather(*(one(*way) for way in ways)))


def test_a_new_adapter_takes_over_under_load_and_no_answer_is_mixed(
    engine: Engine, tmp_path: Path
) -> None:
    first, second = (adapter(tmp_path / "adapters", seed) for seed in (1, 2))
    ways = engine.until_loaded(first)
    said = {name: engine.complete(fields) for name, fields in ways.items()}
    assert said[first.name] != said[BARE]

    asked: list[tuple[str, str]] = []
    asyncio.run(engine.host.bring([first, second]))  # from now on the second one is loaded
    while second.name not in (now := asyncio.run(engine.host.bring([first, second]))):
        load = [(name, dict(now[name])) for name in (BARE, first.name)] * (STREAMS // 2)
        asked += asyncio.run(ask_all(engine, load))
    said[second.name] = engine.complete(now[second.name])
    assert len(set(said.values())) == len(said)
    everyone = [(name, dict(now[name])) for name in said] * (STREAMS // 2)
    asked += asyncio.run(ask_all(engine, everyone))
    assert {name for name, _ in asked} == said.keys()
    assert [(name, text) for name, text in asked if text != said[name]] == []


def test_an_engine_that_is_killed_comes_back_with_its_adapters(
    engine: Engine, tmp_path: Path
) -> None:
    one = adapter(tmp_path / "adapters", 1)
    said = engine.complete(engine.until_loaded(one)[one.name])
    for pid in engine.engines():
        os.kill(pid, signal.SIGKILL)
    assert engine.complete(engine.until_loaded(one)[one.name]) == said


def test_a_file_that_is_no_adapter_harms_nobody(engine: Engine, tmp_path: Path) -> None:
    good = adapter(tmp_path / "adapters", 1)
    engine.until_loaded(good)
    broken = AdapterFiles("lora-broken", tmp_path / "adapters" / "lora-broken")
    broken.folder.mkdir()
    (broken.folder / "adapter.gguf").write_bytes(b"GGUF" + bytes(64))
    later = adapter(tmp_path / "adapters", 2)
    asyncio.run(engine.host.bring([good, broken, later]))  # both at once
    ways = engine.until_loaded(good, later)
    assert broken.name not in ways
    assert engine.complete(ways[good.name]) != engine.complete(ways[later.name])
