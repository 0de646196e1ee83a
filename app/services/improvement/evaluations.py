"""Runs of a base's own questions: each a process of its own, whose files say how it went.

<id>.start.json   what was asked for
<id>.log          what the process said
<id>.json         the result, written last
<id>.html         the same for people
"""

import json
import os
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from app.config import Settings
from app.services.errors import Conflict, Invalid, NotFound

RunState = Literal["running", "done", "failed"]

_MODULE = "evals.cli"  # by name: the package above this one
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
# Where things are and who may reach them is not for a trial to change.
_FIXED = re.compile(
    r"(data|models|hub|database|api|ui|engine|log|worker|sample|connect|stall|first)_"
    r"|offline|profile|max_upload"
)
_COMPARE_TIMEOUT_S = 60.0
_LAST_LINES = 5


@dataclass(frozen=True, slots=True)
class EvalRun:
    """`result` is empty until the run is done, `error` unless it failed."""

    id: str
    state: RunState
    started_at: datetime
    changes: dict[str, str]
    answers: bool
    error: str = ""
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Evaluations:
    settings: Settings
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, base_id: str, changes: Mapping[str, str], *, answers: bool) -> EvalRun:
        """Begin a run with some settings changed for it. Raises Invalid, and Conflict while another
        one is on its way: two would slow each other down."""
        self._check(changes)
        with self._lock:
            if any(process.poll() is None for process in self._running.values()):
                raise Conflict("A run is on its way. Wait until it is done.")
            now = datetime.now(UTC)
            id_ = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
            folder = self._folder(base_id)
            folder.mkdir(parents=True, exist_ok=True)
            about = {"started_at": now.isoformat(), "changes": dict(changes), "answers": answers}
            (folder / f"{id_}.start.json").write_text(json.dumps(about), encoding="utf-8")
            command = ["base", base_id, "--to", str(folder / f"{id_}.json")]
            command += ["--answers"] if answers else []
            for name, value in changes.items():
                command += ["--set", f"{name}={value}"]
            with (folder / f"{id_}.log").open("wb") as log_file:
                self._running[id_] = subprocess.Popen(
                    [sys.executable, "-m", _MODULE, *command],
                    env={**os.environ, **self.settings.as_environment()},
                    stdin=subprocess.DEVNULL,
                    stdout=log_file,
                    stderr=subprocess.STDOUT,
                )
        return self.get(base_id, id_)

    def all(self, base_id: str) -> list[EvalRun]:
        """Newest first, without their results."""
        ids = [path.name.removesuffix(".start.json") for path in self._starts(base_id)]
        return [self._read(base_id, id_, whole=False) for id_ in sorted(ids, reverse=True)]

    def get(self, base_id: str, run_id: str) -> EvalRun:
        """With its result. Raises NotFound."""
        return self._read(base_id, run_id, whole=True)

    def report(self, base_id: str, run_id: str) -> str:
        """HTML. Raises NotFound."""
        return self._text(base_id, run_id, ".html")

    def compare(self, base_id: str, before: str, after: str) -> dict[str, Any]:
        """Differences and the questions that changed. Raises NotFound, Invalid."""
        paths = [self._path(base_id, run_id, ".json") for run_id in (before, after)]
        found = subprocess.run(
            [sys.executable, "-m", _MODULE, "compare", *map(str, paths), "--json"],
            env={**os.environ, **self.settings.as_environment()},
            capture_output=True,
            timeout=_COMPARE_TIMEOUT_S,
            check=False,
        )
        if found.returncode:
            raise Invalid(found.stderr.decode(errors="replace").strip(), code="not_comparable")
        compared: dict[str, Any] = json.loads(found.stdout)
        return compared

    def public_report(self) -> str:
        """The page that `zhiwen eval report` wrote last. Raises NotFound."""
        path = self.settings.data_dir / "evals" / "report.html"
        if not path.is_file():
            raise NotFound("report", "of the public sets")
        return path.read_text(encoding="utf-8")

    def close(self) -> None:
        """End what runs."""
        for process in self._running.values():
            if process.poll() is None:
                process.terminate()
                process.wait()

    def _check(self, changes: Mapping[str, str]) -> None:
        fixed = [n for n in changes if _FIXED.match(n) or n not in type(self.settings).model_fields]
        if fixed:
            raise Invalid(f"Not a setting to try: {', '.join(fixed)}.", code="bad_setting")
        given = {name: getattr(self.settings, name) for name in self.settings.model_fields_set}
        try:
            Settings(**{**given, **changes})
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]["msg"]
            raise Invalid(f"These settings are not valid: {problem}", code="bad_setting") from error

    def _read(self, base_id: str, run_id: str, *, whole: bool) -> EvalRun:
        about = json.loads(self._text(base_id, run_id, ".start.json"))
        about["started_at"] = datetime.fromisoformat(about["started_at"])
        path = self._folder(base_id) / f"{run_id}.json"
        process = self._running.get(run_id)
        if process is not None and process.poll() is None:
            return EvalRun(run_id, "running", **about)
        if path.is_file():
            result = json.loads(path.read_text(encoding="utf-8"))
            if not whole:
                result = {"metrics": result["metrics"]}
            return EvalRun(run_id, "done", **about, result=result)
        said = (self._folder(base_id) / f"{run_id}.log").read_text(encoding="utf-8")
        last = said.strip().splitlines()[-_LAST_LINES:]
        return EvalRun(run_id, "failed", **about, error="\n".join(last) or "It was interrupted.")

    def _text(self, base_id: str, run_id: str, ending: str) -> str:
        return self._path(base_id, run_id, ending).read_text(encoding="utf-8")

    def _path(self, base_id: str, run_id: str, ending: str) -> Path:
        path = self._folder(base_id) / f"{run_id}{ending}"
        if not _ID.fullmatch(run_id) or not path.is_file():
            raise NotFound("run", run_id)
        return path

    def _starts(self, base_id: str) -> list[Path]:
        return list(self._folder(base_id).glob("*.start.json"))

    def _folder(self, base_id: str) -> Path:
        if not base_id.isalnum():
            raise NotFound("knowledge base", base_id)
        return self.settings.data_dir.absolute() / "evals" / "own" / base_id
