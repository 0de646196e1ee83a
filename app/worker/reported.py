"""A process of the worker: how it ends with it, and how it tells what comes out."""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from app.error_codes import leave_reason

PROGRESS, RESULT = "progress.json", "result.json"
_BEHIND_PEOPLE = 10  # niceness

Show = Callable[[str, int, int], None]  # a stage, how many are done, of how many


def report(work: Callable[[str, Show], object], *expected: type[Exception]) -> int:
    """Runs `work` on the first argument of the command line and writes what it returns, and how far
    it is, into the folder that is the second. The exit code; of errors that are `expected` only
    code and message are left there."""
    os.nice(_BEHIND_PEOPLE)
    end_with_worker()
    subject, folder = sys.argv[1], Path(sys.argv[2])

    def show(stage: str, done: int, total: int) -> None:
        _write_whole(folder / PROGRESS, {"stage": stage, "done": done, "total": total})

    try:
        result = work(subject, show)
    except expected as error:
        leave_reason(folder, error)
        return 1
    _write_whole(folder / RESULT, result)
    return 0


def end_with_worker() -> None:
    """The worker holds the other end of standard input, and is gone when it closes."""

    def watch() -> None:
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="input", daemon=True).start()


def _write_whole(path: Path, document: object) -> None:
    """As JSON; whoever reads it finds all of it."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    part.replace(path)
