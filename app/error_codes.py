"""Codes of errors: stable names, by which interfaces find words in a person's language.

The packages' own errors have one as `code`. A process that works for the worker leaves the code
and the message of the error that ended it in its folder. Only the standard library is used here:
the environment that trains has none of our packages.
"""

import json
from pathlib import Path

_OURS = ("app", "evals", "ingest", "vectorstore")
_REASON = "reason.json"


def code_of(error: BaseException) -> str:
    """`internal` for all errors but our own: what others call `code` means something else."""
    is_ours = type(error).__module__.partition(".")[0] in _OURS
    return str(getattr(error, "code", "internal")) if is_ours else "internal"


def leave_reason(folder: Path, error: BaseException) -> None:
    """The message is for people who run the service."""
    said = {"code": code_of(error), "detail": str(error) or type(error).__name__}
    part = folder / f"{_REASON}.part"
    part.write_text(json.dumps(said, ensure_ascii=False), "utf-8")
    part.replace(folder / _REASON)


def reason_in(folder: Path) -> tuple[str, str] | None:
    """Code and message that were left; None where the process ended otherwise."""
    path = folder / _REASON
    if not path.is_file():
        return None
    said = json.loads(path.read_text("utf-8"))
    return said["code"], said["detail"]


def forget_reason(folder: Path) -> None:
    """Of an attempt before."""
    (folder / _REASON).unlink(missing_ok=True)
