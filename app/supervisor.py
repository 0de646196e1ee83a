"""Supervises the processes of `zhiwen up`: starts them, waits until they are ready, restarts them.

Each process can also be started by hand; this module only knows the command lines and how to check
readiness.
"""

import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Self

from app.child_process import Child, StartError
from app.config import Settings
from app.llm.servers.vllm import VllmOptions
from app.models.store import ModelStore
from app.shutdown import API_STOP_S, REST_STOP_S
from app.wiring.engines import adapters_file, chat_model_name, starts_engine

_WATCH_S = 0.3
_POLL_S = 0.05
_SLOW_S = 4.0  # a stop that takes longer is explained

UI_SCRIPT = Path(__file__).parents[1] / "ui" / "main.py"


def check_door(settings: Settings) -> None:
    """Raises StartError if other machines would get in without signing in."""
    if settings.open_door is not None:
        raise StartError(settings.open_door)


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
            ends_last=True,
        )
    )
    return found


def _engine(settings: Settings, store: ModelStore, python: Callable[..., Child]) -> Child:
    name = chat_model_name(settings, store)
    if settings.vllm_python is not None:
        return _vllm(settings.vllm_python.absolute(), settings, store, name)
    return python(
        "engine",
        *("-m", "app.llm.servers.swapping", "--adapters", str(adapters_file(settings).absolute())),
        *("--model", str(store.weights(name)), "--alias", name),
        *("--port", str(settings.engine_port), "--threads", str(settings.engine_threads)),
        *("--context", str(settings.context_tokens)),
        ready_url=f"{settings.engine_base_url}/models",
        ends_last=True,
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
        lora=any(adapters_file(settings).parent.glob("lora-*")),
    )
    log_path = settings.data_dir / "logs" / "engine.log"
    health = settings.engine_base_url.removesuffix("/v1") + "/health"
    environment = options.environment()
    return Child("engine", options.command(), log_path, health, environment, ends_last=True)


@dataclass(slots=True)
class Supervisor:
    """Runs the processes until a signal arrives. A context manager that stops them at its end."""

    processes: list[Child]
    on_slow_stop: Callable[[], None] = lambda: None
    stopping: bool = False  # a signal told it to stop
    at_once: bool = False  # a second one, meanwhile

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._tell_to_stop)
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

    def _tell_to_stop(self, _signal: int, _frame: FrameType | None) -> None:
        self.at_once = self.stopping
        self.stopping = True

    def stop(self) -> None:
        """Ask all to end, then end those that don't. API and worker come first: running answers
        are written to their end, for which they need the engine, and are read in the interface."""
        self._end([p for p in self.processes if not p.ends_last], API_STOP_S)
        self._end([p for p in self.processes if p.ends_last], REST_STOP_S)

    def _end(self, processes: list[Child], within_s: float) -> None:
        began, warned = time.monotonic(), False
        for process in processes:
            process.terminate()
        while any(process.alive for process in processes):
            took_s = time.monotonic() - began
            if self.at_once or took_s > within_s:
                for process in processes:
                    process.kill()
            if took_s > _SLOW_S and not warned:
                warned = True
                self.on_slow_stop()
            time.sleep(_POLL_S)
