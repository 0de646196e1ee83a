"""An evaluation that a worker started: its progress goes into a file, and it ends with the worker.

The worker (`app/worker/evaluator.py`) reads the folder.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from evals.progress import Progress
from evals.reports import report
from evals.runs import Run

_EVERY_S = 0.3
_END_S = 5.0


@dataclass(frozen=True, slots=True)
class FileProgress(Progress):
    """Writes stage, done and total into a file, a few times a second. The stage is named by the
    words with `_` between them."""

    path: Path = Path("progress.json")

    @contextmanager
    def task(self, words: str, total: int) -> Iterator[Callable[[], None]]:
        stage, done, written_at = words.replace(" ", "_"), 0, 0.0

        def write() -> None:
            nonlocal written_at
            written_at = time.monotonic()
            part = self.path.with_suffix(".part")
            part.write_text(json.dumps({"stage": stage, "done": done, "total": total}), "utf-8")
            part.replace(self.path)  # whoever reads it finds all of it

        def advance() -> None:
            nonlocal done
            done += 1
            if done == total or time.monotonic() - written_at >= _EVERY_S:
                write()

        write()
        yield advance


def keep(run: Run, folder: Path) -> None:
    """Leave result and report where the worker finds them."""
    report.write([run], folder / "result.html")
    (folder / "result.json").write_text(run.model_dump_json(indent=1), encoding="utf-8")


def end_with_worker() -> None:
    """End in order when told to, and also when standard input ends: the worker holds its other
    end, and is gone then."""
    signal.signal(signal.SIGTERM, _exit)
    threading.Thread(target=_watch_input, name="input", daemon=True).start()


def _exit(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _watch_input() -> None:
    while os.read(0, 1024):  # `sys.stdin` has a lock, which would be held at our own end
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_END_S)
    os.killpg(0, signal.SIGKILL)  # the group is our own: what we started ends, too
