"""Supervises the processes of `zhiwen up`: starts them, waits until they are ready, restarts them.

Each process can also be started by hand; this module only knows the command lines and how to check
readiness.
"""

import ctypes
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Self

import httpx

from app.config import Settings
from app.llm.servers.vllm import VllmOptions
from app.models.store import ModelStore
from app.wiring.engines import chat_model_name, starts_engine

log = logging.getLogger(__name__)

_STOP_S = 8.0
_WATCH_S = 0.3
_RESTART_S = (0.5, 1.0, 2.0, 5.0, 10.0)  # delays between restarts of a process that keeps crashing
_STEADY_S = 60.0  # after this time, a process counts as stable again

_LAST_LINES = 8

_PR_SET_PDEATHSIG = 1

UI_SCRIPT = Path(__file__).parents[1] / "ui" / "main.py"


class StartError(Exception):
    """A process exited or did not become ready; the message names its log."""


@dataclass(slots=True)
class Child:
    """One process. `ready_url` returns 200 once it is ready; None if it has no such check."""

    name: str
    command: list[str]
    log_path: Path
    ready_url: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restarts: int = 0
    restart_at: float | None = None

    def start(self) -> None:
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log_file:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.env},
                start_new_session=True,  # Ctrl-C reaches only this process, which stops the others
                preexec_fn=_end_with_parent  # noqa: PLW1509  # started before any thread
                if sys.platform == "linux"
                else None,
            )
        self.started_at, self.restart_at = time.monotonic(), None

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ready(self) -> bool:
        """Whether the process is ready. Raises StartError if it has exited."""
        if not self.alive:
            code = self.process.returncode if self.process else None
            raise StartError(f"{self.name} exited with code {code}; {self._last_words()}")
        if self.ready_url is None:
            return True
        try:
            return httpx.get(self.ready_url, timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def keep_alive(self) -> None:
        """Restarts the process if it has exited, with growing delays if it keeps crashing."""
        if self.alive:
            return
        now = time.monotonic()
        if self.restart_at is None:
            if now - self.started_at > _STEADY_S:
                self.restarts = 0
            wait = _RESTART_S[min(self.restarts, len(_RESTART_S) - 1)]
            self.restarts += 1
            self.restart_at = now + wait
            log.warning("%s exited; restarting it in %.1f s", self.name, wait)
        elif now >= self.restart_at:
            self.start()

    def terminate(self) -> None:
        if self.process is not None and self.alive:
            self.process.terminate()

    def wait_or_kill(self, deadline: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)  # including its own children
            self.process.wait()

    def _last_words(self) -> str:
        """The path of the log and its last lines."""
        lines = self.log_path.read_text("utf-8", errors="replace").splitlines()[-_LAST_LINES:]
        return "\n".join((f"the end of {self.log_path}:", *(f"  {line}" for line in lines)))


def check_ports(settings: Settings) -> None:
    """Raises StartError for a port that is used twice or by another process."""
    wanted = [("API", settings.api_host, settings.api_port, "ZHIWEN_API_PORT")]
    wanted.append(("interface", settings.ui_host, settings.ui_port, "ZHIWEN_UI_PORT"))
    if starts_engine(settings):
        wanted.append(("engine", "127.0.0.1", settings.engine_port, "ZHIWEN_ENGINE_PORT"))
    names: dict[int, str] = {}
    for name, host, port, variable in wanted:
        if port in names:
            raise StartError(f"{names[port]} and {name} are both configured for port {port}.")
        names[port] = name
        try:
            _try_port(host, port)
        except OSError as error:
            raise StartError(
                f"The {name} cannot listen on {host}:{port}: {error.strerror}. Is Zhiwen running "
                f"already? If not, choose another port: {variable}={port + 1}"
            ) from error


def _try_port(host: str, port: int) -> None:
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # like the servers
        listener.bind(address)


def _end_with_parent() -> None:
    """Has Linux terminate this process when its parent dies, even by kill -9 (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def children(settings: Settings, store: ModelStore) -> list[Child]:
    """The processes of this profile, in start order."""
    logs = settings.data_dir / "logs"

    def python(name: str, *arguments: str, **more: object) -> Child:
        return Child(name, [sys.executable, *arguments], logs / f"{name}.log", **more)  # type: ignore[arg-type]  # passed on as they are

    found = []
    if starts_engine(settings):
        found.append(_engine(settings, store, python))
    found.append(python("api", "-m", "app.api", ready_url=f"{settings.api_base_url}/readyz"))
    found.append(python("worker", "-m", "app.worker"))
    address = f"http://{settings.ui_host}:{settings.ui_port}"
    found.append(
        python(
            "ui",
            *("-m", "streamlit", "run", str(UI_SCRIPT)),
            *("--server.address", settings.ui_host, "--server.port", str(settings.ui_port)),
            *("--server.headless", "true", "--browser.gatherUsageStats", "false"),
            *(
                "--logger.hideWelcomeMessage",
                "true",
            ),  # otherwise it asks the internet for our address
            *("--", "--api-url", settings.api_base_url),
            *("--allowed-hosts", ",".join(settings.allowed_hosts)),
            *("--allowed-origins", ",".join(settings.allowed_origins)),
            ready_url=f"{address}/_stcore/health",
        )
    )
    return found


def _engine(settings: Settings, store: ModelStore, python: Callable[..., Child]) -> Child:
    name = chat_model_name(settings, store)
    if settings.vllm_python is not None:
        return _vllm(settings.vllm_python.absolute(), settings, store, name)
    return python(
        "engine",
        *("-m", "app.llm.servers.llama_cpp", "--model", str(store.weights(name)), "--alias", name),
        *("--port", str(settings.engine_port), "--threads", str(settings.engine_threads)),
        *("--context", str(settings.context_tokens)),
        ready_url=f"{settings.engine_base_url}/models",
    )


def _vllm(vllm_python: Path, settings: Settings, store: ModelStore, name: str) -> Child:
    if store.registry[name].served_by != "vllm":
        raise StartError(
            f"vLLM cannot serve {name}. Convert the model first: zhiwen models convert {name}"
        )
    options = VllmOptions(
        vllm_python,
        store.path(name),
        settings.engine_port,
        name,
        threads=settings.engine_threads,
        context_tokens=settings.context_tokens,
    )
    log_path = settings.data_dir / "logs" / "engine.log"
    health = settings.engine_base_url.removesuffix("/v1") + "/health"
    return Child("engine", options.command(), log_path, health, options.environment())


@dataclass(slots=True)
class Supervisor:
    """Runs the processes until a signal arrives. A context manager that stops them at its end."""

    processes: list[Child]
    stopping: bool = False  # set by a signal

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self, *, timeout_s: float, on_wait: Callable[[list[str]], None]) -> bool:
        """Starts all processes and waits until they are ready. Returns False if interrupted.

        `on_wait` receives the names that are not ready yet. Raises StartError.
        """
        deadline = time.monotonic() + timeout_s
        for process in self.processes:
            process.start()
        waiting = list(self.processes)
        while waiting := [p for p in waiting if not p.ready()]:
            on_wait([p.name for p in waiting])
            if time.monotonic() > deadline:
                names = ", ".join(f"{p.name} (see {p.log_path})" for p in waiting)
                raise StartError(f"not ready after {timeout_s:.0f} s: {names}")
            time.sleep(0.2)
            if self.stopping:
                return False
        return True

    def watch(self) -> bool:
        """Waits a moment, then restarts exited processes. Returns False once interrupted."""
        time.sleep(_WATCH_S)
        if self.stopping:
            return False
        for process in self.processes:
            process.keep_alive()
        return True

    def run(self) -> None:
        """Keeps all processes running until a signal arrives."""
        while self.watch():
            pass

    def _on_signal(self, _signal: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def stop(self) -> None:
        """Terminates all processes, then kills those that do not exit."""
        deadline = time.monotonic() + _STOP_S
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait_or_kill(deadline)
