"""The embedded engine as a process, with the real 0.5B model."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.llm.chat_model import RequestRejected
from app.llm.messages import Message
from app.llm.tokenizer import QwenTokenizer
from app.llm.wire.openai_chat import OpenAIChatModel
from app.rag.prompting.prompt import render_chatml
from tests.api.sse import ask
from tests.application import running_api
from tests.llm.test_tokenizer import TEXTS
from tests.patience import PATIENCE_S
from tests.weights import CHAT_MODEL, store_with

CONTEXT_TOKENS = 1024
QUESTION = (
    Message("system", "你只根据资料回答。"),
    Message(
        "user", '<资料 编号="1" 出处="手册.md">\n备份保留三十天。\n</资料>\n\n问题：备份保留多久？'
    ),
)


@dataclass(frozen=True)
class Engine:
    process: subprocess.Popen[bytes]
    url: str
    tokenizer: QwenTokenizer

    def client(self, *, chat: bool = False) -> OpenAIChatModel:
        render = None if chat else render_chatml
        return OpenAIChatModel(f"{self.url}/v1", CHAT_MODEL, self.tokenizer, render=render)

    def post(self, path: str, **body: object) -> httpx.Response:
        return httpx.post(self.url + path, json=body, timeout=120, trust_env=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def engine_arguments(model: Path, port: int) -> list[str]:
    return [
        *(
            sys.executable,
            "-m",
            "app.llm.servers.llama_cpp",
            "--model",
            str(model),
            "--port",
            str(port),
        ),
        *("--alias", CHAT_MODEL, "--context", str(CONTEXT_TOKENS), "--parallel", "2"),
    ]


def wait_until_up(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/v1/models", trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"no engine at {url}")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    store = store_with(CHAT_MODEL)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(engine_arguments(store.weights(CHAT_MODEL), port))
    try:
        wait_until_up(url)
        yield Engine(process, url, QwenTokenizer(store.tokenizer(CHAT_MODEL)))
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("chat", [False, True])
async def test_it_answers_from_the_source(engine: Engine, chat: bool) -> None:
    model = engine.client(chat=chat)
    assert await model.ready()
    deltas = [d async for d in model.stream(QUESTION, max_tokens=40)]
    await model.close()
    answer = "".join(delta.text for delta in deltas)
    assert "三十" in answer or "30" in answer
    assert "<|" not in answer
    assert deltas[-1].finish_reason == "stop"
    assert deltas[-1].tokens is not None
    assert deltas[-1].tokens.completion > 0


async def test_both_protocols_read_the_same_prompt_and_we_count_it_right(engine: Engine) -> None:
    counts = []
    for chat in (False, True):
        model = engine.client(chat=chat)
        deltas = [d async for d in model.stream(QUESTION, max_tokens=1)]
        await model.close()
        assert deltas[-1].tokens is not None
        counts.append(deltas[-1].tokens.prompt)
        assert deltas[-1].finish_reason == "length"
    rendered = render_chatml(QUESTION)
    assert counts == [engine.tokenizer.count(rendered)] * 2
    turns = [{"role": m.role, "content": m.content} for m in QUESTION]
    assert engine.post("/apply-template", messages=turns).json()["prompt"] == rendered


@pytest.mark.parametrize("text", [*TEXTS, render_chatml(QUESTION), "<tool_call><|fim_prefix|>"])
def test_our_tokens_are_the_engines(engine: Engine, text: str) -> None:
    found = engine.post("/tokenize", content=text, parse_special=True).json()["tokens"]
    assert engine.tokenizer.encode(text) == found


async def test_a_prompt_longer_than_the_context_is_rejected(engine: Engine) -> None:
    model = engine.client()
    with pytest.raises(RequestRejected, match="context"):
        await anext(model.stream([Message("user", "字 " * 2 * CONTEXT_TOKENS)], max_tokens=1))
    await model.close()


def test_a_known_prefix_is_not_read_again(engine: Engine) -> None:
    prompt = "<|im_start|>system\n" + "".join(f"{n}号规定。" for n in range(60))
    first = engine.post("/v1/completions", prompt=f"{prompt}甲", max_tokens=1).json()["usage"]
    second = engine.post("/v1/completions", prompt=f"{prompt}乙", max_tokens=1).json()["usage"]
    assert second["prompt_tokens"] - second["prompt_tokens_details"]["cached_tokens"] < 8
    assert first["prompt_tokens_details"]["cached_tokens"] < 8


async def test_closing_the_stream_frees_the_slot(engine: Engine) -> None:
    model = engine.client()
    story = [Message("user", "从一数到一千，每行一个数。")]
    for _ in range(3):  # more than there are slots
        async with aclosing(model.stream(story, max_tokens=900)) as deltas:
            await anext(deltas)
    texts = [d.text async for d in model.stream(QUESTION, max_tokens=2)]
    await model.close()
    assert any(texts)


@pytest.mark.parametrize("path", ["/", "/slots", "/metrics"])
def test_it_shows_nothing_but_the_endpoint(engine: Engine, path: str) -> None:
    assert httpx.get(engine.url + path, trust_env=False).status_code in {404, 501}


def test_no_web_page_may_read_it(engine: Engine) -> None:
    headers = {"Origin": "http://page.example"}
    response = httpx.get(f"{engine.url}/v1/models", headers=headers, trust_env=False)
    assert response.headers.get("Access-Control-Allow-Origin", "") == ""


def test_sigterm_ends_it_in_the_middle_of_an_answer() -> None:
    store = store_with(CHAT_MODEL)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(engine_arguments(store.weights(CHAT_MODEL), port)) as process:
        try:
            wait_until_up(url)
            body = {"prompt": "1 2 3", "max_tokens": 900, "stream": True}
            with httpx.stream("POST", f"{url}/v1/completions", json=body, trust_env=False) as out:
                next(out.iter_lines())
                process.send_signal(signal.SIGTERM)
                assert process.wait(PATIENCE_S) == 0
        finally:
            process.kill()


def test_it_ends_when_its_parent_is_gone() -> None:
    store = store_with(CHAT_MODEL)
    port = free_port()
    arguments = engine_arguments(store.weights(CHAT_MODEL), port)
    start = f"print(subprocess.Popen({arguments!r}).pid, flush=True)"
    parent_code = f"import subprocess, time; {start}; time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", parent_code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        try:
            wait_until_up(f"http://127.0.0.1:{port}")
        finally:
            parent.kill()
    deadline = time.monotonic() + PATIENCE_S
    while _alive(child) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _alive(child)


def test_a_broken_model_ends_with_a_reason(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"no model")
    done = subprocess.run(engine_arguments(broken, free_port()), capture_output=True, check=False)
    assert done.returncode == 1
    assert b"failed to load model" in done.stderr
    missing = engine_arguments(tmp_path / "missing.gguf", free_port())
    done = subprocess.run(missing, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"no model at" in done.stderr


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Where nobody reaps orphans, it stays behind as a zombie.
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_an_answer_replayed_is_the_same_letter_by_letter(engine: Engine, tmp_path: Path) -> None:
    with running_api(tmp_path, model=engine.client(), max_answer_tokens=40) as api:
        base_id = api.ingest("运维", {"手册.md": "备份保留三十天，每晚写到另一台机器。\n"})
        before = ask(api.http, "备份保留多久？", base_id)["done"][0]["message"]
        made = api.http.post(f"/api/messages/{before['id']}/replay", timeout=300).json()
    assert made["same"] is True
    assert made["after"] == before["content"] != ""
