"""`zhiwen up` as a process among processes: its own data, free ports, and ways to hurt it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from evals.speed.processes import children, command_line, environment, free_ports
from tests.patience import PATIENCE_S
from tests.weights import CHAT_MODEL, store_with

UP = [sys.executable, "-c", "from app.cli.main import main; main()", "up"]


Found = TypeVar("Found")


def eventually(look: Callable[[], Found], timeout_s: float = PATIENCE_S) -> Found:
    """What `look` finds once that is true."""
    deadline = time.monotonic() + timeout_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s:.0f} s, last found: {found!r}")
        time.sleep(0.1)
    return found


def lives(pid: int) -> bool:
    """Whether the process runs; one that has ended and was not waited for does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


class Engine:
    """The engine without a model; it can be taken down and brought back on the same port."""

    def __init__(self, delay_ms: int = 0) -> None:
        (self.port,) = free_ports(1)
        self._delay_ms = delay_ms
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "app.llm.servers.fake_engine", "--port", str(self.port)]
        self._process = subprocess.Popen([*command, "--delay-ms", str(self._delay_ms)])
        eventually(self._answers, 30)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/v1/models", trust_env=False).is_success
        except httpx.TransportError:
            return False


class ZhiwenUp:
    """One `zhiwen up`. After `start` the service is ready and `http` is a client of its API."""

    def __init__(self, folder: Path, engine: Engine, **settings: object) -> None:
        self.folder = folder
        self.api_port, self.ui_port = free_ports(2)
        self.settings: dict[str, object] = {
            "data_dir": folder / "data",
            "models_dir": store_with(CHAT_MODEL).models_dir.absolute(),
            "offline": True,
            "embedder": "hashing",
            "engine_url": f"http://127.0.0.1:{engine.port}/v1",
            "chat_model": CHAT_MODEL,
            "api_port": self.api_port,
            "ui_port": self.ui_port,
            "sample_base": False,
            **settings,
        }
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.api_port}", timeout=PATIENCE_S, trust_env=False
        )
        self.output = folder / "up.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("not started")
        return self._process

    def launch(self) -> None:
        """Start it and don't wait."""
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                UP,
                env=environment(self.settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def start(self) -> None:
        self.launch()
        eventually(self._ready_or_ended, PATIENCE_S)
        assert self.process.poll() is None, self.said()

    def stop(self) -> list[int]:
        """Ctrl-C; the pids of all processes there were."""
        pids = self.all_pids()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE_S)
        return pids

    def said(self) -> str:
        return self.output.read_text("utf-8", errors="replace")

    def pid(self, module: str) -> int:
        """Of the child that runs this module, e.g. `app.api`."""
        return eventually(lambda: self._find(module), 30)

    def drain_pid(self) -> int:
        """Of the worker's child that reads documents."""
        return eventually(lambda: self.child_of(self.pid("app.worker"), "app.worker"), 30)

    def child_of(self, pid: int, module: str) -> int:
        """The process below `pid` that runs this module; 0 where none does."""
        return next((p for p in _children(pid) if f"-m {module}" in _command(p)), 0)

    def kill(self, module: str) -> None:
        os.kill(self.pid(module), signal.SIGKILL)

    def all_pids(self) -> list[int]:
        pids = [self.process.pid]
        for pid in pids:
            pids.extend(_children(pid))
        return pids

    def get(self, path: str, **params: Any) -> Any:
        """JSON of the API, asked again while it is being started again."""

        def ask() -> httpx.Response | None:
            try:
                return self.http.get(path, params=params)
            except httpx.TransportError:
                return None

        return eventually(ask).raise_for_status().json()

    def base(self, name: str) -> str:
        answer = self.http.post("/api/bases", json={"name": name})
        return str(answer.raise_for_status().json()["id"])

    def upload(self, base_id: str, name: str, text: str) -> str:
        """The id of the document, once it is acknowledged."""
        files = {"file": (name, text.encode())}
        answer = self.http.post(f"/api/bases/{base_id}/documents", files=files)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def until_ready(self, document_id: str) -> dict[str, Any]:
        def ready() -> dict[str, Any] | None:
            document: dict[str, Any] = self.get(f"/api/documents/{document_id}")
            assert document["state"] != "failed", document
            return document if document["state"] == "ready" else None

        return eventually(ready)

    def component(self, name: str) -> dict[str, Any]:
        components = self.get("/api/status")["components"]
        return next(c for c in components if c["name"] == name)

    def _find(self, module: str) -> int:
        return self.child_of(self.process.pid, module)

    def _ready_or_ended(self) -> bool:
        return "is ready" in self.said() or self.process.poll() is not None


@contextmanager
def zhiwen_up(folder: Path, engine: Engine, **settings: object) -> Iterator[ZhiwenUp]:
    """Started and ready; ended at the end, whatever happened."""
    zhiwen = ZhiwenUp(folder, engine, **settings)
    try:
        zhiwen.start()
        yield zhiwen
    finally:
        if zhiwen.process.poll() is None:
            zhiwen.stop()
        zhiwen.http.close()


def _children(pid: int) -> list[int]:
    try:
        return children(pid)
    except (FileNotFoundError, ProcessLookupError):
        return []


def _command(pid: int) -> str:
    try:
        return command_line(pid)
    except (FileNotFoundError, ProcessLookupError):
        return ""
