"""vLLM as the embedded engine: how `zhiwen up` starts it. With the real one: tests/engines."""

import sys
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from app.child_process import StartError
from app.config import Settings
from app.models.store import ModelStore
from app.supervisor import Supervisor, children
from tests.application import test_settings as settings_for
from tests.serving import listening_socket

AWQ = "qwen2.5-coder-0.5b-instruct-awq"

# Takes vLLM's command line, shows it and its environment, is healthy.
STAND_IN = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

loading = True

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        global loading
        self.send_response(503 if loading else 200)
        loading = False
        self.end_headers()
        if self.path == "/seen":
            self.wfile.write(json.dumps([sys.argv[1:], dict(os.environ)]).encode())

port = int(sys.argv[sys.argv.index("--port") + 1])
HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """A store whose AWQ model is not much of one."""
    store = ModelStore(tmp_path / "models", offline=True)
    store.make(AWQ, lambda folder: (folder / "config.json").write_text("{}"))
    return store


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "stand_in.py").write_text(STAND_IN)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} {tmp_path}/stand_in.py "$@"\n')
    python.chmod(0o755)
    with listening_socket() as listener:
        port = listener.getsockname()[1]
    return settings_for(tmp_path / "data", vllm_python=python, engine_port=port, engine_threads=3)


def test_it_is_started_waited_for_and_ended(settings: Settings, store: ModelStore) -> None:
    engine = children(settings, store)[0]
    waits: list[list[str]] = []
    with Supervisor([engine]) as supervisor:
        assert supervisor.start(timeout_s=60, on_wait=waits.append)
        address = settings.engine_base_url.removesuffix("/v1")
        command, environment = httpx.get(f"{address}/seen", trust_env=False).json()
    assert waits
    assert not engine.alive
    assert command[:2] == ["-m", "vllm.entrypoints.openai.api_server"]
    options = dict(pairwise(command))
    assert options["--model"] == str(store.path(AWQ))
    assert options["--served-model-name"] == AWQ
    assert options["--host"] == "127.0.0.1"
    assert options["--max-model-len"] == str(settings.context_tokens)
    assert "--enable-lora" not in command
    assert environment["OMP_NUM_THREADS"] == "3"
    assert environment["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] == "False"


def test_a_model_that_vllm_does_not_serve_is_refused(settings: Settings, store: ModelStore) -> None:
    name = "qwen2.5-coder-0.5b-instruct"
    gguf = settings.model_copy(update={"chat_model": name})
    with pytest.raises(StartError, match=f"zhiwen models convert {name}"):
        children(gguf, store)
