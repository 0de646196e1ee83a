"""Runs pip with its output in a log file, and reads the progress from that file."""

import re
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_POLL_S = 0.2
_CLEAN_UP_S = 5.0
_LAST_LINES = 15

# Lines that pip prints per package: one when it looks for it, one when it has it.
_LOOKING = re.compile(r"^Collecting ([A-Za-z0-9._-]+)")
_FETCHING = re.compile(r"^  (?:Downloading|Using cached) \S+\.(?:whl|tar\.gz|zip) \((.+)\)")
_THERE = re.compile(r"^(?:Processing|Requirement already satisfied|Obtaining) ")
_UNPACKING = re.compile(r"^Installing collected packages: (.+)")

OnProgress = Callable[[float, str], None]


class InstallFailed(Exception):
    """A command failed; the message contains the end of its log."""


@dataclass(frozen=True, slots=True)
class Command:
    """`packages`: number of packages, also its share of the bar. `detail`: shown until pip reports
    more."""

    arguments: Sequence[str]
    packages: int = 1
    detail: str = "starting pip"


def run(command: Command, log: Path, site_packages: Path, on_progress: OnProgress) -> None:
    """Runs a command to its end. Raises InstallFailed."""
    with log.open("ab") as output:
        output.write(f"\n$ {' '.join(command.arguments)}\n".encode())
        output.flush()
        read_from = output.tell()
        process = subprocess.Popen(
            command.arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    progress = _PipProgress(command.packages, site_packages, command.detail)
    try:
        with log.open(encoding="utf-8", errors="replace") as text:
            text.seek(read_from)
            while process.poll() is None:
                progress.read(text.read())
                on_progress(*progress.now())
                time.sleep(_POLL_S)
    except BaseException:
        _end(process)
        raise
    if process.returncode != 0:
        raise InstallFailed(f"{_last_words(log)}\nThe whole log: {log}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Lets pip clean up after Ctrl-C, which the terminal sends to it, too."""
    try:
        process.wait(_CLEAN_UP_S)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()


@dataclass(slots=True)
class _PipProgress:
    """Counts downloads as the first half of the work, unpacking as the second."""

    packages: int
    site_packages: Path
    detail: str
    _fetched: int = 0
    _to_unpack: int = 0
    _unpacking_since: float = 0.0
    _name: str = ""
    _partial_line: str = field(default="", repr=False)

    def read(self, text: str) -> None:
        *lines, self._partial_line = (self._partial_line + text).split("\n")
        for line in lines:
            self._read_line(line)

    def _read_line(self, line: str) -> None:
        if found := _LOOKING.match(line):
            self._name = found[1]
        elif found := _FETCHING.match(line):
            self._fetched += 1
            self.detail = f"{self._name} {found[1]}"
        elif _THERE.match(line):
            self._fetched += 1
        elif found := _UNPACKING.match(line):
            self._to_unpack = found[1].count(",") + 1
            self._unpacking_since = time.time() - 1  # the file system may round times

    def now(self) -> tuple[float, str]:
        """Share done, from 0 to 1, and the current activity."""
        fetched = min(1.0, self._fetched / self.packages)
        if not self._to_unpack:
            return fetched / 2, self.detail
        since = self._unpacking_since
        unpacked = sum(_changed_at(d) >= since for d in self.site_packages.glob("*.dist-info"))
        unpacked = min(unpacked, self._to_unpack)
        return 0.5 + unpacked / self._to_unpack / 2, f"unpacking {unpacked}/{self._to_unpack}"


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # a version being replaced
        return 0.0


def _last_words(log: Path) -> str:
    lines = log.read_text("utf-8", errors="replace").splitlines()[-_LAST_LINES:]
    return "\n".join(f"  {line}" for line in lines)
