"""Why a process of the worker has no result: by a code where it could say so."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.error_codes import code_of, leave_reason
from app.llm.chat_model import CircuitOpen
from app.models.errors import ModelMissing
from app.services.jobs.queue import Claim
from app.worker import reported
from app.worker.child_run import ChildRun

CLAIM = Claim("job", 1)


class Coded(Exception):
    """As libraries have them: their codes mean something else."""

    code = "e3q8"


def ended(folder: Path, code: int, said: str = "") -> ChildRun:
    (folder / "log").write_text(said, "utf-8")
    process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])
    process.wait()
    return ChildRun(CLAIM, process, folder)


def test_only_our_own_errors_have_codes() -> None:
    assert code_of(CircuitOpen("paused")) == "engine_unavailable"
    assert code_of(Coded()) == code_of(OSError()) == "internal"


def test_an_expected_error_leaves_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(subject: str, _show: reported.Show) -> object:
        raise ModelMissing(subject)

    monkeypatch.setattr(sys, "argv", ["work", "e5", str(tmp_path)])
    monkeypatch.setattr(reported, "end_with_worker", lambda: None)
    monkeypatch.setattr("os.nice", lambda _by: 0)
    assert reported.report(work, ModelMissing) == 1
    code, detail = ended(tmp_path, 1).reason()
    assert (code, "zhiwen models pull e5" in detail) == ("model_missing", True)


def test_of_any_other_the_end_of_the_log_is_kept(tmp_path: Path) -> None:
    assert ended(tmp_path, 1, "Traceback\nKeyError: 'x'").reason() == (
        "failed",
        "Traceback\nKeyError: 'x'",
    )


def test_the_reason_of_an_attempt_before_is_forgotten(tmp_path: Path) -> None:
    leave_reason(tmp_path, ModelMissing("e5"))
    run = ChildRun.start(CLAIM, tmp_path, ["zhiwen_has_no_such_module"], {})
    run.process.wait()
    run.close()
    assert run.reason()[0] == "failed"
