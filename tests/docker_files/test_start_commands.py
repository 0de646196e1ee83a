"""The start commands of compose.gpu.yml as processes on this machine: an engine without a model in
place of vLLM, and PostgreSQL from a package."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from evals.speed.processes import end, environment, free_ports, running
from tests.api.sse import ask
from tests.docker_files.compose import ROOT, Compose, load
from tests.postgres import fresh_database
from tests.weights import CHAT_MODEL, store_with

_READY_S = 300.0
_SCRIPT = "/opt/zhiwen/lib/python3.11/site-packages/"


def here(service: Compose, changed: Mapping[str, object], ports: Mapping[str, int]) -> Compose:
    """Command and settings of a service with this machine's paths, ports and addresses."""
    command = []
    for part in service["command"]:
        for name, port in (("8501", ports["ui"]), ("api:8000", ports["api"])):
            host = "127.0.0.1:" if name == "api:8000" else ""
            part = part.replace(name, f"{host}{port}")  # noqa: PLW2901  # step by step
        command.append(part.replace(_SCRIPT, f"{ROOT}/").replace("=0.0.0.0", "=127.0.0.1"))
    program = {"python": [sys.executable], "streamlit": [sys.executable, "-m", "streamlit"]}
    settings = {
        name.removeprefix("ZHIWEN_").lower(): value
        for name, value in service.get("environment", {}).items()
    }
    return {
        "command": [*program[command[0]], *command[1:]],
        "settings": {**settings, **changed, "api_host": "127.0.0.1"},
    }


@contextmanager
def started(service: Compose, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            service["command"], env=environment(service["settings"]), stdout=output, stderr=output
        )
        try:
            yield process
        finally:
            end(process)


def until_200(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text("utf-8")[-2000:]
        try:
            if httpx.get(url, trust_env=False, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(log.read_text("utf-8")[-2000:])


def test_what_compose_starts_answers_a_question(tmp_path: Path, postgres_server: str) -> None:
    store = store_with(CHAT_MODEL)  # its tokenizer counts for the model that vLLM would serve
    services = load("docker/compose.gpu.yml")["services"]
    numbers = free_ports(3)
    ports = dict(zip(("api", "ui", "engine"), numbers, strict=True))
    engine_url = f"http://127.0.0.1:{ports['engine']}/v1"
    api_url = f"http://127.0.0.1:{ports['api']}"
    with ExitStack() as stack:
        changed = {
            "data_dir": tmp_path,
            "models_dir": store.models_dir.absolute(),
            "database_url": stack.enter_context(fresh_database(postgres_server)),
            "engine_url": engine_url,
            "api_port": ports["api"],
            "embedder": "hashing",
            "sample_base": False,
        }
        fake = ("app.llm.servers.fake_engine", "--port", str(ports["engine"]))
        stack.enter_context(running(fake, f"{engine_url}/models", {}))
        asked = {"api": f"{api_url}/readyz", "ui": f"http://127.0.0.1:{ports['ui']}/_stcore/health"}
        for name in ("api", "worker", "ui"):
            log = tmp_path / f"{name}.log"
            process = stack.enter_context(started(here(services[name], changed, ports), log))
            if name in asked:
                until_200(asked[name], process, log)
        http = stack.enter_context(httpx.Client(base_url=api_url, timeout=120, trust_env=False))
        base_id = http.post("/api/bases", json={"name": "人事"}).json()["id"]
        text = "员工入职满三年，年假为每年十五天。\n".encode()
        http.post(f"/api/bases/{base_id}/documents", files={"file": ("手册.md", text)})
        deadline = time.monotonic() + _READY_S
        while http.get(f"/api/bases/{base_id}").json()["ready_count"] == 0:
            assert time.monotonic() < deadline, (tmp_path / "worker.log").read_text("utf-8")[-2000:]
            time.sleep(0.2)
        message = ask(http, "年假有几天？", base_id)["done"][0]["message"]
        assert message["content"].startswith("员工入职满三年，年假为每年十五天[1]")
        lines = (tmp_path / "api.log").read_text("utf-8").splitlines()
        assert lines
        assert all(line.startswith('{"time"') for line in lines)  # JSON, as compose.gpu.yml says
        assert any(message["trace_id"] in line for line in lines)
