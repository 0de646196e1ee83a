"""One process that the supervisor starts, asks whether it is ready, starts again and ends."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

log = logging.getLogger(__name__)

_RESTART_S = (0.5, 1.0, 2.0, 5.0, 10.0)  # waits between restarts of a process that keeps dying
_STEADY_S = 60.0  # after this long a process counts as healthy again
_LAST_LINES = 8
_PR_SET_PDEATHSIG = 1


class StartError(Exception):
    """A process ended or did not become ready; the message names its log."""


@dataclass(slots=True)
class Child:
    """One process. `ready_url` answers 200 when it serves; None where nothing is to be asked."""

    name: str
    command: list[str]
    log_path: Path
    ready_url: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    ends_last: bool = False  # running answers need it
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
                start_new_session=True,  # Ctrl-C reaches this process only, which ends the others
                preexec_fn=_end_with_parent  # noqa: PLW1509  # started before any thread
                if sys.platform == "linux"
                else None,
            )
        self.started_at, self.restart_at = time.monotonic(), None

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ready(self) -> bool:
        """Whether it serves. Raises StartError where it has ended."""
        if not self.alive:
            code = self.process.returncode if self.process else None
            raise StartError(f"{self.name} ended with code {code}; {self._last_words()}")
        if self.ready_url is None:
            return True
        try:
            return httpx.get(self.ready_url, timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def keep_alive(self) -> None:
        """Start it again where it died, later each time it dies young."""
        if self.alive:
            return
        now = time.monotonic()
        if self.restart_at is None:
            if now - self.started_at > _STEADY_S:
                self.restarts = 0
            wait = _RESTART_S[min(self.restarts, len(_RESTART_S) - 1)]
            self.restarts += 1
            self.restart_at = now + wait
            log.warning("%s ended; starting it again in %.1f s", self.name, wait)
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
            self.kill()

    def kill(self) -> None:
        """End it, and its own children as well."""
        if self.process is not None and self.alive:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def _last_words(self) -> str:
        """Where its log is, and how it ends."""
        lines = self.log_path.read_text("utf-8", errors="replace").splitlines()[-_LAST_LINES:]
        return "\n".join((f"the end of {self.log_path}:", *(f"  {line}" for line in lines)))


def _end_with_parent() -> None:
    """Have Linux end this process when its parent dies, even by kill -9 (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
