"""A claimed job and the process that works on it, in a folder of its own.

The process writes `log` and ends when its standard input does, so that a worker that is killed
leaves no process behind that works for nobody.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from app.error_codes import forget_reason, reason_in
from app.services.jobs.queue import Claim

_STOP_S = 5.0
_LAST_LINES = 5


@dataclass(slots=True)
class ChildRun:
    claim: Claim
    process: subprocess.Popen[bytes]
    folder: Path

    @classmethod
    def start(
        cls, claim: Claim, folder: Path, module: Sequence[str], environment: Mapping[str, str]
    ) -> Self:
        """`module` and its arguments, run by this Python."""
        forget_reason(folder)
        with (folder / "log").open("ab") as log_file:
            process = subprocess.Popen(
                [sys.executable, "-m", *module],
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=log_file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(claim, process, folder)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def reason(self) -> tuple[str, str]:
        """Why there is no result: code and message."""
        code = self.process.returncode
        if code == -signal.SIGKILL:
            said = "The run was ended by SIGKILL. Too little memory is the usual reason."
            return "killed", said
        if left := reason_in(self.folder):
            return left
        said = (self.folder / "log").read_text("utf-8", errors="replace")
        last = "\n".join(said.strip().splitlines()[-_LAST_LINES:])
        return "failed", last or f"It ended with code {code} and without a result."

    def stop(self) -> None:
        """End the process and those that it started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(_STOP_S)
            except ProcessLookupError:
                pass
            except subprocess.TimeoutExpired:
                continue
            break
        self.process.wait()
        self.close()

    def close(self) -> None:
        """Close its standard input."""
        if self.process.stdin is not None:
            self.process.stdin.close()

    def clean_up(self) -> None:
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)
