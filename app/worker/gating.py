"""Measures one adapter: `python -m app.worker.gating NAME FOLDER`, on the running engine."""

import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path

import httpx

from app.config import Settings
from app.llm.chat_model import LlmError
from app.models.errors import ModelError
from app.services.errors import ServiceError
from app.wiring.improvement import build_gate

PROGRESS, VERDICT = "progress.json", "verdict.json"
_BEHIND_PEOPLE = 10  # niceness


def main() -> int:
    os.nice(_BEHIND_PEOPLE)
    threading.Thread(target=_end_with_worker, name="input", daemon=True).start()
    name, folder = sys.argv[1], Path(sys.argv[2])

    def show(done: int, total: int) -> None:
        _write(folder / PROGRESS, {"stage": "questions_answered", "done": done, "total": total})

    try:
        verdict = asyncio.run(build_gate(Settings(), name).measure(name, show))
    except (ServiceError, ModelError, LlmError, httpx.HTTPError) as error:
        print(str(error) or type(error).__name__, file=sys.stderr)  # noqa: T201  # the worker shows it
        return 1
    _write(folder / VERDICT, verdict.as_json())
    return 0


def _write(path: Path, document: object) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    part.replace(path)


def _end_with_worker() -> None:
    """The worker holds the other end of standard input, and is gone when it closes."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
