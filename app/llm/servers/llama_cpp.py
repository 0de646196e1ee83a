"""The embedded chat engine: llama.cpp in a separate process, with an OpenAI endpoint.

    python -m app.llm.servers.llama_cpp --model PATH --port N --threads N --context N --parallel N
                                        --alias NAME [--lora PATH …]

Binds loopback only. Exits on SIGTERM, on SIGINT, and when its parent process is gone. A slot reuses
the prompt prefix it has already processed.
"""

import argparse
import logging
import os
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from xllamacpp import CommonParams, Server

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"

_PARENT_POLL_S = 1.0
_PROMPT_CACHE_MIB = (
    256  # for prompts evicted from their slot; the 0.5B model takes 12 KiB per token
)
_SPINS = 5000  # about 0.1 ms: as long as a thread waits for the other one within a layer
_VERBOSITY = 2  # warnings and errors


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """`threads` 0: all cores. `context_tokens` is per request, of which `parallel` run at a time.

    `loras` are GGUF adapters, applied to requests that name them:
    `"lora": [{"id": 0, "scale": 1}]`, with ids from GET /lora-adapters. If there are any, every
    request must set the scale, even to 0: otherwise it may reuse a prompt prefix that was processed
    with an adapter.
    """

    model: Path
    port: int
    alias: str
    threads: int = 0
    context_tokens: int = 4096
    parallel: int = 2
    loras: tuple[Path, ...] = ()


def serve(options: EngineOptions) -> NoReturn:
    """Runs until a signal or until the parent is gone. Raises RuntimeError from llama.cpp."""
    parent = os.getppid()
    # Loading is one long C++ call, and Python's own handlers would wait for it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    server = _start(options)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _signal, _frame: ended.set())
    logger.info("%s at %s", options.alias, server.listening_address)
    while not ended.wait(_PARENT_POLL_S) and os.getppid() == parent:
        pass
    # The server's destructor would wait for running requests; there is nothing to save.
    os._exit(0)


def _start(options: EngineOptions) -> "Server":
    # Threads that wait without end drop below one token per second when other processes use the
    # cores; threads that sleep at once write a third slower when none do. OpenMP reads this when it
    # is loaded, hence before the import.
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ["GOMP_SPINCOUNT"] = str(_SPINS)
    from xllamacpp import CommonAdapterLoraInfo, CommonParams, Server

    params = _parameters(CommonParams(), options)
    params.lora_adapters = [CommonAdapterLoraInfo(str(path), 0.0) for path in options.loras]
    return Server(params)


def _parameters(params: "CommonParams", options: EngineOptions) -> "CommonParams":
    params.model.path = str(options.model)
    params.model_alias = {options.alias}
    params.hostnames = [HOST]
    params.port = options.port
    params.n_ctx = options.context_tokens * options.parallel
    params.n_parallel = options.parallel
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = options.threads or os.cpu_count() or 1
        cpu.poll = 0
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.fit_params = False  # it fits models to GPUs and doubles the start time
    params.ui = False
    params.endpoint_slots = False  # it would expose other people's prompts
    params.cors_origins = ""  # web pages must not read it
    params.verbosity = _VERBOSITY
    return params


def _options(arguments: list[str]) -> EngineOptions:
    parser = argparse.ArgumentParser(prog="python -m app.llm.servers.llama_cpp")
    parser.add_argument("--model", type=Path, required=True, help="GGUF file")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--alias", required=True, help="name of the served model")
    parser.add_argument("--threads", type=int, default=0, help="0 = all cores")
    parser.add_argument("--context", type=int, default=4096, help="tokens for each request")
    parser.add_argument("--parallel", type=int, default=2, help="concurrent requests")
    parser.add_argument("--lora", type=Path, action="append", default=[], help="adapter, GGUF")
    found = parser.parse_args(arguments)
    return EngineOptions(
        *(found.model, found.port, found.alias, found.threads, found.context, found.parallel),
        loras=tuple(found.lora),
    )


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    options = _options(sys.argv[1:])
    if not options.model.is_file():
        raise SystemExit(f"engine: no model at {options.model}")
    try:
        serve(options)
    except RuntimeError as error:
        raise SystemExit(f"engine: {error}") from error


if __name__ == "__main__":
    main()
