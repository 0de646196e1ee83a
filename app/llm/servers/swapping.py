"""llama.cpp whose adapters can change: a relay before one engine process after another.

    python -m app.llm.servers.swapping --adapters FILE --port N --model PATH --alias NAME …

FILE is a JSON list of GGUF adapters that shall be there; whoever wants another one adds it. The
list of those that are there is `loaded.json` beside it: llama.cpp itself answers such a question
only between two batches of a prompt, which takes seconds on a busy machine. Since
llama.cpp loads adapters only when it starts, a second engine is started with the longer list; when
it is ready, new requests go there, and the first one ends with its last answer. The weights are
mapped into memory once for both. Adapters are added at the end of the list, so that the numbers by
which requests name them stay valid. Without a change there is one engine, and it is started again
where it dies.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from app.llm.adapters import LOADED
from app.llm.servers.relay import Relay

logger = logging.getLogger(__name__)

_ENGINE = "app.llm.servers.llama_cpp"
_HOST = "127.0.0.1"
_POLL_S = 0.25
_READY_POLL_S = 0.1
_READY_S = 300.0
_DRAIN_S = 600.0  # an answer that takes longer is cut


@dataclass(slots=True)
class _Running:
    """`loras` that it was started with."""

    process: subprocess.Popen[bytes]
    port: int
    loras: tuple[str, ...]


@dataclass(slots=True)
class Swapping:
    """`arguments` of every engine but for its port and its adapters."""

    arguments: Sequence[str]
    adapters: Path
    relay: Relay = field(default_factory=Relay)
    present: _Running | None = None
    _failed: frozenset[str] = frozenset()  # adapters that llama.cpp does not take

    async def run(self, port: int) -> None:
        """Serve at `port` until cancelled. Until the first engine is there, `loaded.json` says what
        the one before had, in the same order: nobody is answered by another one meanwhile."""
        await self._swap(self._loras(()))
        async with await self.relay.listen(port):
            logger.info("listening at http://%s:%d", _HOST, port)
            while True:
                await asyncio.sleep(_POLL_S)
                await self._look()

    async def _look(self) -> None:
        if self.present is None or self.present.process.poll() is not None:
            logger.warning("the engine ended; starting it again")
            await self._swap(self._loras(()))
            return
        wanted = self._loras(self.present.loras)
        if wanted != self.present.loras:
            await self._swap(wanted)

    def _loras(self, present: Sequence[str]) -> tuple[str, ...]:
        """Those that are loaded, then those that are new, if their file is there."""
        try:
            listed = json.loads(self.adapters.read_text("utf-8"))
        except (OSError, ValueError):  # nothing was ever wanted, or it is being written
            return tuple(present)
        new = [p for p in listed if p not in present and p not in self._failed]
        return (*present, *(path for path in new if Path(path).is_file()))

    async def _swap(self, loras: tuple[str, ...]) -> None:
        """Start an engine with these adapters and let it take over. Where it does not start, the
        new ones are tried one by one, and the present engine goes on without those that fail.

        Raises RuntimeError where there is no engine and none starts even without adapters.
        """
        here = self._here()
        old = self._alive()
        started = self._start(loras)
        if await _ready(started):
            self.present, self.relay.target = started, started.port
            self._tell(loras)
            logger.info("engine at port %d with %d adapters", started.port, len(loras))
            if old is not None:
                asyncio.get_running_loop().create_task(self._retire(old))
            return
        started.process.kill()
        started.process.wait()
        new = [path for path in loras if path not in here]
        if not new:
            raise RuntimeError("llama.cpp does not start")
        if len(new) == 1:
            logger.error("no engine with the adapter %s", new[0])
            self._failed |= {new[0]}
            if old is None:
                await self._swap(())
            return
        for path in new:
            await self._swap((*self._here(), path))

    def _alive(self) -> _Running | None:
        """The present engine, if it runs."""
        running = self.present is not None and self.present.process.poll() is None
        return self.present if running else None

    def _here(self) -> tuple[str, ...]:
        """Adapters of the engine that runs."""
        alive = self._alive()
        return alive.loras if alive is not None else ()

    def _tell(self, loras: Sequence[str]) -> None:
        """New requests are answered by an engine that has these."""
        part = self.adapters.with_name(f"{LOADED}.part")
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(list(loras)), "utf-8")
        part.replace(self.adapters.with_name(LOADED))

    def _start(self, loras: Sequence[str]) -> _Running:
        port = _free_port()
        named = [argument for path in loras for argument in ("--lora", path)]
        command = [sys.executable, "-m", _ENGINE, *self.arguments, "--port", str(port), *named]
        return _Running(subprocess.Popen(command), port, tuple(loras))

    async def _retire(self, old: _Running) -> None:
        until = time.monotonic() + _DRAIN_S
        while self.relay.connections(old.port) and time.monotonic() < until:  # noqa: ASYNC110  # seldom
            await asyncio.sleep(_POLL_S)
        old.process.terminate()
        await asyncio.to_thread(old.process.wait)


async def _ready(engine: _Running) -> bool:
    """Waits until it answers; False where it ends instead."""
    until = time.monotonic() + _READY_S
    async with httpx.AsyncClient(trust_env=False) as client:
        while engine.process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                if (await client.get(f"http://{_HOST}:{engine.port}/health")).is_success:
                    return True
            await asyncio.sleep(_READY_POLL_S)
    return False


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((_HOST, 0))
        return int(free.getsockname()[1])


def _split(arguments: list[str]) -> tuple[Path, int, list[str]]:
    """The two that are ours, and the engine's."""
    found = {}
    for name in ("--adapters", "--port"):
        place = arguments.index(name)
        found[name] = arguments[place + 1]
        arguments = arguments[:place] + arguments[place + 2 :]
    return Path(found["--adapters"]), int(found["--port"]), arguments


async def _until_told(swapping: Swapping, port: int) -> None:
    serving = asyncio.create_task(swapping.run(port))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    adapters, port, arguments = _split(sys.argv[1:])
    asyncio.run(_until_told(Swapping(arguments, adapters), port))
    os._exit(0)  # the engines see that their parent is gone


if __name__ == "__main__":
    main()
