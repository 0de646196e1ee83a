"""API and worker in processes forked from one that has imported everything, so that a start takes
a tenth of a second instead of two."""

import faulthandler
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from app.config import Settings
from app.services.jobs.workers import new_worker_name
from app.worker.reader import Pace, drain
from app.worker.watch import watch
from evals.speed.processes import children, free_ports

_QUICK = Pace(poll_s=0.03, pause_s=0.05)
_SAVE_S = 0.2
_START_S = 120.0  # on a busy machine; an idle one takes a tenth of a second


def preload() -> None:
    """Imports everything that API, worker and reader use, so that no cycle has to. Leaves no
    threads or connections behind."""
    import uvicorn  # noqa: F401

    from app.api.main import create_app  # noqa: F401
    from app.db.engine import Database
    from app.llm.scripted import ScriptedChatModel  # noqa: F401
    from ingest.embedding.hashing import HashingEmbedder
    from ingest.pipeline import read

    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{folder}/zhiwen.db")
        db.migrate()
        db.dispose()
    embedder = HashingEmbedder()
    _, chunks = read("# 记录\n\n设备每天检查一次。".encode(), "记录.md", embedder.token_counts)
    embedder.embed([chunk.text for chunk in chunks], kind="document")


def fork(name: str, log: Path, main: Callable[[], None]) -> int:
    """Runs `main` in a forked process with its output in `log`. Returns its pid."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
        faulthandler.enable()
        main()
        code = 0
    except BaseException:
        print(name, file=sys.stderr)  # noqa: T201  # its log
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def ended(pid: int) -> int | None:
    """Exit status of a child process, None while it runs."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 1
    return status if found else None


@dataclass(slots=True)
class ForkedReader:
    """Like `app.worker.reader.Child`, but forked instead of a new interpreter."""

    name: str
    pid: int
    status: int | None = None

    def ended(self) -> bool:
        if self.status is None:
            self.status = ended(self.pid)
        return self.status is not None

    def failed(self) -> bool:
        return self.status != 0

    def stop(self) -> None:
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def serve_api(settings: Settings) -> None:
    """Serves the API with an embedder and a chat model that need no weights."""
    import uvicorn

    from app.api.main import create_app
    from app.llm.scripted import ScriptedChatModel
    from app.wiring.application import build
    from ingest.embedding.hashing import HashingEmbedder

    zhiwen = build(settings, embedder=HashingEmbedder(), model=ScriptedChatModel())
    app = create_app(zhiwen, save_every_s=_SAVE_S)
    uvicorn.run(app, host="127.0.0.1", port=settings.api_port, log_level="warning")


def run_worker(settings: Settings, log: Path) -> None:
    from app.logs import start_logging

    start_logging(settings)

    def start() -> ForkedReader:
        name = new_worker_name()
        return ForkedReader(name, fork("reader", log, lambda: drain(settings, name, _QUICK)))

    watch(settings, start, _QUICK)


@dataclass(slots=True)
class Processes:
    """The API and the worker of one data folder. `logs` is a folder on another disk."""

    data_dir: Path
    logs: Path
    settings: Settings = field(init=False)
    api: int = 0
    worker: int = 0

    def __post_init__(self) -> None:
        (port,) = free_ports(1)
        self.settings = Settings.model_validate(
            {
                "data_dir": self.data_dir,
                "embedder": "hashing",
                "api_port": port,
                "sample_base": False,
                "worker_idle_s": 30.0,
                "log_level": "warning",
            }
        )

    def start(self) -> None:
        """Starts what is not running and waits for the API."""
        if not self.api or ended(self.api) is not None:
            self.api = fork("api", self.logs / "api.log", lambda: serve_api(self.settings))
        if not self.worker or ended(self.worker) is not None:
            log = self.logs / "worker.log"
            self.worker = fork("worker", log, lambda: run_worker(self.settings, log))
        deadline = time.monotonic() + _START_S
        while not self._ready():
            status = ended(self.api)
            if status is not None or time.monotonic() > deadline:
                os.kill(self.api, signal.SIGABRT) if status is None else None
                raise RuntimeError(f"the API did not start ({status}); see {self.logs}")
            time.sleep(0.02)

    def kill(self, *targets: str) -> None:
        """kill -9 of `api`, `worker` or `reader`."""
        readers = self.readers()
        for target in targets:
            pids = {"api": [self.api], "worker": [self.worker], "reader": readers}[target]
            for pid in pids:
                _kill(pid)
            while target != "reader" and ended(pids[0]) is None:
                time.sleep(0.005)

    def readers(self) -> list[int]:
        """All children of the worker: the embedding and the parsing processes."""
        found = [self.worker]
        for pid in found:
            try:
                found += children(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue
        return found[1:]

    def end(self) -> None:
        self.kill("reader", "worker", "api")
        for pid in (self.api, self.worker):
            while ended(pid) is None:
                time.sleep(0.01)
        self.api = self.worker = 0

    def _ready(self) -> bool:
        try:
            address = f"{self.settings.api_base_url}/readyz"
            return httpx.get(address, trust_env=False, timeout=5).status_code == 200
        except httpx.TransportError:
            return False


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
