"""Restart time and idle memory of `zhiwen up`."""

import multiprocessing
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from evals.figures import Figure
from evals.speed.processes import children, command_line, descendants, end, environment, memory_mib

MEMORY_MIB = 1024.0
START_S = 20.0

# Parts of the command lines that identify the processes.
_PROCESSES = {
    "API": "-m app.api",
    "interface": "streamlit run",
    "worker": "-m app.worker",
    "engine": "-m app.llm.servers.llama_cpp",
}
_WEIGHED_TOGETHER = ("API", "interface", "worker")
_READY_LINE = b"is ready"
_SETTLE_S = 3.0
_POLL_S = 0.2
_REST_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Up:
    """A service that is ready; `start_s` is its start time."""

    process: subprocess.Popen[bytes]
    start_s: float

    def pid(self, name: str) -> int:
        """Pid of one of its processes. Raises RuntimeError if it is not running."""
        for pid in descendants(self.process.pid):  # the engine is started by what swaps its model
            if _PROCESSES[name] in command_line(pid):
                return pid
        raise RuntimeError(f"no process of the {name} runs")


@contextmanager
def up(settings: Mapping[str, object], log: Path) -> Iterator[Up]:
    """Runs `zhiwen up` with the settings; yields once it reports ready."""
    began = time.perf_counter()
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", "from app.cli.main import main; main()", "up"],
            env=environment(settings),
            stdin=subprocess.DEVNULL,  # otherwise it takes over the terminal
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    try:
        for line in process.stdout or ():
            if _READY_LINE in line:
                break
        else:
            said = log.read_text(errors="replace")
            raise RuntimeError(f"zhiwen up exited with {process.wait()}: {said}")
        yield Up(process, time.perf_counter() - began)
    finally:
        if process.stdout:
            process.stdout.close()
        end(process)


def memory(service: Up, model_mib: float) -> list[Figure]:
    """Idle memory of each process, after the worker's embedding process has exited."""
    deadline = time.monotonic() + _REST_TIMEOUT_S
    while children(service.pid("worker")):
        if time.monotonic() > deadline:
            raise RuntimeError("the worker's embedding process did not end")
        time.sleep(_POLL_S)
    time.sleep(_SETTLE_S)
    sizes = {name: memory_mib(service.pid(name)) for name in _PROCESSES}
    together = sum(sizes[name] for name in _WEIGHED_TOGETHER)
    figures = [Figure(f"memory at rest, {name}", sizes[name], "MiB") for name in _WEIGHED_TOGETHER]
    return [
        *figures,
        Figure("memory at rest, embedding model inside the API", model_mib, "MiB"),
        Figure("memory at rest, the three together", together, "MiB"),
        Figure(
            "memory at rest, the three without the model", together - model_mib, "MiB", MEMORY_MIB
        ),
        Figure("memory at rest, supervisor", memory_mib(service.process.pid), "MiB"),
        Figure("memory at rest, chat engine with its model", sizes["engine"], "MiB"),
    ]


def embedder_mib(folder: Path) -> float:
    """Memory that a sentence-transformers model adds to a process with all libraries loaded."""
    # spawn: a fork would start with the memory of this process
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_weigh_embedder, folder).result()


def _weigh_embedder(folder: Path) -> float:
    import os

    import sentence_transformers  # noqa: F401  # so that the difference is only the model

    from ingest.embedding.sentence_transformer import SentenceTransformerEmbedder

    before = memory_mib(os.getpid())
    embedder = SentenceTransformerEmbedder(folder, name=folder.name)
    embedder.embed(["知问"], kind="query")
    return memory_mib(os.getpid()) - before
