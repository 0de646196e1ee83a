"""The two real engines, each started as `zhiwen up` starts it, and a whole service on either.

vLLM takes its own environment and minutes to start: `make test-vllm`. Without, it is skipped. One
that runs already, with `--enable-lora`, is taken where ZHIWEN_ENGINE_URL names it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.config import Settings
from app.llm.servers.vllm import VllmOptions
from app.llm.tokenizer import QwenTokenizer
from app.llm.wire.openai_chat import OpenAIChatModel
from app.models.errors import ModelMissing
from app.models.store import ModelStore
from app.rag.prompting.prompt import render_chatml
from app.wiring.engines import build_chat_model
from tests.application import RunningApi, running_api
from tests.application import test_settings as settings_for
from tests.engines.adapter import write_gguf
from tests.serving import listening_socket
from tests.weights import CHAT_MODEL, store_with

NO_VLLM = "vLLM is not in this environment; it is tested by: make test-vllm"
VLLM_MODEL = f"{CHAT_MODEL}-awq"
CONTEXT_TOKENS = 4096
START_S = 1500.0


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine. `url` is without `/v1`."""

    kind: str
    url: str
    model: str
    models_dir: Path

    @property
    def tokenizer(self) -> QwenTokenizer:
        return QwenTokenizer(ModelStore(self.models_dir).tokenizer(self.model))

    def client(self) -> OpenAIChatModel:
        url = f"{self.url}/v1"
        return OpenAIChatModel(url, self.model, self.tokenizer, render=render_chatml)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=60, trust_env=False)

    def post(self, path: str, **body: Any) -> httpx.Response:
        answer = httpx.post(self.url + path, json=body, timeout=600, trust_env=False)
        assert answer.is_success, answer.text
        return answer

    def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        lines = self.get("/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(f"{name}{{"))


def vllm_python() -> Path:
    """Skips where there is none."""
    python = Settings().vllm_python
    if python is None:
        pytest.skip(NO_VLLM)
    return python.absolute()


def _llama_cpp(folder: Path, port: int) -> tuple[list[str], dict[str, str], Path, str]:
    store = store_with(CHAT_MODEL)
    command = [
        *(
            sys.executable,
            "-m",
            "app.llm.servers.llama_cpp",
            "--model",
            str(store.weights(CHAT_MODEL)),
        ),
        *("--port", str(port), "--alias", CHAT_MODEL, "--context", str(CONTEXT_TOKENS)),
        *("--lora", str(write_gguf(folder / "random.gguf"))),
    ]
    return command, {}, store.models_dir, CHAT_MODEL


def _vllm(_folder: Path, port: int) -> tuple[list[str], dict[str, str], Path, str]:
    python, store = vllm_python(), ModelStore(Settings().models_path)
    try:
        model = store.path(VLLM_MODEL)
    except ModelMissing as error:
        pytest.skip(f"make it with: zhiwen models convert {CHAT_MODEL} ({error})")
    options = VllmOptions(python, model, port, VLLM_MODEL, context_tokens=CONTEXT_TOKENS, lora=True)
    return options.command(), options.environment(), store.models_dir, VLLM_MODEL


KINDS = {"llama.cpp": _llama_cpp, "vLLM": _vllm}


@contextmanager
def started(kind: str, folder: Path) -> Iterator[Engine]:
    """An engine, ended at the end if it was started here."""
    address = Settings().engine_url
    if kind == "vLLM" and address is not None:
        url = str(address).rstrip("/").removesuffix("/v1")
        yield Engine(kind, url, VLLM_MODEL, Settings().models_path.absolute())
        return
    with listening_socket() as listener:
        port = listener.getsockname()[1]
    command, environment, models_dir, model = KINDS[kind](folder, port)
    log = folder / "engine.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **environment}
        )
    engine = Engine(kind, f"http://127.0.0.1:{port}", model, models_dir)
    try:
        _wait(engine, process, log)
        yield engine
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(engine: Engine, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if engine.get("/v1/models").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    pytest.fail(f"{engine.kind} did not start:\n{log.read_text('utf-8', 'replace')[-3000:]}")


@pytest.fixture(scope="package", params=list(KINDS))
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    with started(request.param, tmp_path_factory.mktemp("engine")) as running:
        yield running


@pytest.fixture(scope="package")
def on_engine(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    """A whole service whose answers come from the engine."""
    folder = tmp_path_factory.mktemp("application")
    settings = {
        "engine_url": f"{engine.url}/v1",
        "chat_model": engine.model,
        "models_dir": engine.models_dir,
        "offline": True,
        "first_token_timeout_s": 600,  # on cores that others use too
        "stall_timeout_s": 300,
    }
    asked = settings_for(folder, **settings)
    model = build_chat_model(asked, ModelStore(engine.models_dir, offline=True))
    with running_api(folder, model=model, **settings) as api:
        api.http.timeout = httpx.Timeout(600)
        yield api
