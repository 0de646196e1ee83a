"""API and worker in processes forked from one that has imported everything, so that a start takes
a tenth of a second instead of two."""

import faulthandler
import math
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from app.config import Settings
from app.services.jobs.workers import new_worker_name
from app.worker.reader import Pace, drain
from app.worker.watch import watch
from evals.speed.processes import children, free_ports

_QUICK = Pace(poll_s=0.03, pause_s=0.05)
_SAVE_S = 0.2
_ANSWERS = 10_000  # more than are asked for before a process is killed
SHARED = ("files", "adapters")
_END_S = 30.0
_START_S = 120.0  # on a busy machine; an idle one takes a tenth of a second


def preload() -> None:
    """Imports everything that API, worker and reader use, so that no cycle has to. Leaves no
    threads or connections behind."""
    import app.api.__main__  # noqa: F401
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
    from app.api.__main__ import Server, config
    from app.api.main import create_app
    from app.llm.scripted import ScriptedChatModel
    from app.logs import start_logging
    from app.wiring.application import build
    from ingest.embedding.hashing import HashingEmbedder

    start_logging(settings)
    model = ScriptedChatModel()
    for _ in range(_ANSWERS):
        model.enqueue("设备", "按记录", "检查[1]。")
    zhiwen = build(settings, embedder=HashingEmbedder(), model=model)
    app = create_app(zhiwen, save_every_s=_SAVE_S)
    Server(config(app, settings), zhiwen.generations).run()


def run_worker(settings: Settings, log: Path) -> None:
    from app.logs import start_logging

    start_logging(settings)

    def start() -> ForkedReader:
        name = new_worker_name()
        return ForkedReader(name, fork("reader", log, lambda: drain(settings, name, _QUICK)))

    watch(settings, start, _QUICK)


@dataclass(slots=True)
class Processes:
    """API and worker processes of one installation. `logs` is a folder on another disk.

    With a `database_url`, each has a folder of its own below `data_dir`, as on machines of their
    own, with only the files in common; else there can be one API and one worker, on SQLite.
    """

    data_dir: Path
    logs: Path
    count: int = 1  # of API processes, and of workers
    database_url: str = ""
    settings: list[Settings] = field(init=False)  # of each API process
    apis: list[int] = field(init=False)
    workers: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.settings = [
            Settings.model_validate(
                {
                    "data_dir": self._folder(number),
                    "database_url": self.database_url or None,
                    "embedder": "hashing",
                    "api_port": port,
                    "sample_base": False,
                    "worker_idle_s": 30.0,
                    "log_level": "warning",
                }
            )
            for number, port in enumerate(free_ports(self.count))
        ]
        self.apis, self.workers = [0] * self.count, [0] * self.count

    @property
    def sql_url(self) -> str:
        return self.settings[0].sql_url

    def start(self) -> None:
        """Starts what is not running and waits for the APIs."""
        for number, settings in enumerate(self.settings):
            if self._has_ended(self.apis[number]):
                log = self.logs / f"api-{number}.log"
                self.apis[number] = fork("api", log, partial(serve_api, settings))
            if self._has_ended(self.workers[number]):
                log = self.logs / f"worker-{number}.log"
                self.workers[number] = fork("worker", log, partial(run_worker, settings, log))
        deadline = time.monotonic() + _START_S
        for number, settings in enumerate(self.settings):
            while not _ready(settings):
                api = self.apis[number]
                status = ended(api)
                if status is not None or time.monotonic() > deadline:
                    os.kill(api, signal.SIGABRT) if status is None else None
                    raise RuntimeError(f"the API did not start ({status}); see {self.logs}")
                time.sleep(0.02)

    def kill(self, *targets: str, only: int | None = None) -> None:
        """kill -9 of the `api`, `worker` or `reader` processes; `only` those of one number."""
        numbers = range(self.count) if only is None else [only]
        readers = {number: self.readers(number) for number in numbers}
        for target in targets:
            for number in numbers:
                if target == "reader":
                    for pid in readers[number]:
                        _kill(pid)
                    continue
                pid = {"api": self.apis, "worker": self.workers}[target][number]
                _kill(pid)
                _wait(pid)

    def terminate(self, target: str, number: int) -> None:
        """Tells an `api` or a `worker` to end, and waits until it has."""
        pid = {"api": self.apis, "worker": self.workers}[target][number]
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        status = _wait(pid, _END_S)
        if status not in (0, signal.SIGTERM):
            raise RuntimeError(f"the {target} was told to end, and ended with {status}")

    def readers(self, number: int) -> list[int]:
        """All children of the worker: the embedding and the parsing processes."""
        found = [self.workers[number]]
        for pid in found:
            try:
                found += children(pid)
            except (FileNotFoundError, ProcessLookupError):
                continue
        return found[1:]

    def end(self) -> None:
        if any(self.apis):
            self.kill("reader", "worker", "api")

    def _has_ended(self, pid: int) -> bool:
        return not pid or ended(pid) is not None

    def _folder(self, number: int) -> Path:
        if not self.database_url:
            return self.data_dir
        folder = self.data_dir / str(number)
        folder.mkdir()
        for shared in SHARED:
            (self.data_dir / shared).mkdir(exist_ok=True)
            (folder / shared).symlink_to(self.data_dir / shared)
        return folder


def _ready(settings: Settings) -> bool:
    try:
        address = f"{settings.api_base_url}/readyz"
        return httpx.get(address, trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _wait(pid: int, timeout_s: float = math.inf) -> int | None:
    """The exit status of a child process; None where it still runs after that time."""
    deadline = time.monotonic() + timeout_s
    while (status := ended(pid)) is None and time.monotonic() < deadline:
        time.sleep(0.005)
    return status
