"""Office files from before 2007 as newer ones, by LibreOffice in a process of its own.

It gets a folder and a profile for this one file, no network, limits of time and memory, and no
macros. `python -m ingest.sandbox.office MIB SECONDS PROGRAM …` gives up what it does not need and
becomes the program.
"""

import contextlib
import ctypes
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath

from ingest.errors import ParseError
from ingest.parsers.old_office import COMPOUND, needs_libreoffice

PROGRAMS = ("soffice", "libreoffice")
_NEWER = {
    **dict.fromkeys((".doc", ".dot", ".wps"), "docx"),
    **dict.fromkeys((".ppt", ".pps", ".dps"), "pptx"),
}
# What a compound file holds that is one; LibreOffice reads any other as text, bytes and all.
_STREAMS = {"docx": "WordDocument", "pptx": "PowerPoint Document"}
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000  # CLONE_NEWUSER, CLONE_NEWNET of Linux
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_MAX_FILE_BYTES = 1 << 30
_TIMEOUT_S = 120.0
# No macros, and nothing fetched that a document links to.
_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop
 oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update"><prop
 oor:name="Link" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


def is_old(data: bytes, name: str) -> bool:
    """Whether the file has to be made a newer one before it can be read."""
    return _suffix(name) in _NEWER and data.startswith(COMPOUND)


def modern(data: bytes, name: str, memory_mib: int, timeout_s: float = _TIMEOUT_S) -> bytes:
    """The file as docx or pptx.

    Raises ParseError: `needs_libreoffice` where it is not installed, `timeout`, `broken`.
    """
    kind = _NEWER[_suffix(name)]
    if _STREAMS[kind].encode("utf-16-le") not in data:
        raise _damaged(name)
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise needs_libreoffice(name)
    with tempfile.TemporaryDirectory(prefix="zhiwen-office-") as folder:
        home = Path(folder)
        source = home / f"file{_suffix(name)}"
        source.write_bytes(data)
        (home / "profile" / "user").mkdir(parents=True)
        (home / "profile" / "user" / "registrymodifications.xcu").write_text(_PROFILE, "utf-8")
        _run(_command(program, kind, home, source), home, memory_mib, timeout_s, name)
        made = home / "made" / f"file.{kind}"
        if not made.is_file():  # it ends with 0 also where it could not read the file
            raise _damaged(name)
        return made.read_bytes()


def _damaged(name: str) -> ParseError:
    return ParseError(f"{name} is damaged, protected, or no Office file. Save it again and retry.")


def _command(program: str, kind: str, home: Path, source: Path) -> list[str]:
    return [
        *(program, "--headless", "--norestore", "--nolockcheck", "--nodefault", "--nologo"),
        f"-env:UserInstallation=file://{home / 'profile'}",
        *("--convert-to", kind, "--outdir", str(home / "made"), str(source)),
    ]


def _run(command: list[str], home: Path, memory_mib: int, timeout_s: float, name: str) -> None:
    launcher = [sys.executable, "-m", "ingest.sandbox.office", str(memory_mib), str(int(timeout_s))]
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(home), "TMPDIR": str(home)}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [*launcher, *command],
        stdin=quiet,
        stdout=quiet,
        stderr=quiet,
        env=environment,
        start_new_session=True,
    )
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired as error:
        raise ParseError(
            f"Reading {name} was stopped because LibreOffice took too long. Save it in a newer "
            "format and retry.",
            code="timeout",
        ) from error
    finally:
        with contextlib.suppress(ProcessLookupError):  # it starts others
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def main() -> None:
    memory_mib, timeout_s, program, *arguments = sys.argv[1:]
    libc = ctypes.CDLL(None)
    with contextlib.suppress(OSError, AttributeError):
        libc.unshare(_NEW_USER | _NEW_NET)
        libc.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)  # after it, which would take it back
    for kind, value in (
        (resource.RLIMIT_DATA, int(memory_mib) << 20),
        (resource.RLIMIT_CPU, int(timeout_s) * (os.cpu_count() or 1)),
        (resource.RLIMIT_FSIZE, _MAX_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))
    os.execv(program, [program, *arguments])  # noqa: S606  # no shell is wanted


if __name__ == "__main__":
    main()
