"""Reading in a process of its own, so that no file can take down who asked for it.

The process lives on from file to file and starts again when a file has killed it. What it answers
is checked like any input from outside; nothing is unpickled.
"""

import contextlib
import hashlib
import logging
import os
import select
import subprocess
import sys
import threading
import time
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Self, TypeVar, cast

from ingest.errors import ParseError, UnsupportedFormat
from ingest.pages.render import RenderedPage
from ingest.parsers import parser_for
from ingest.parsing.builder import base_name
from ingest.parsing.parser import PageProgress
from ingest.sandbox.office import is_old, modern
from ingest.sandbox.wire import (
    LENGTH_BYTES,
    MAX_FRAME_BYTES,
    Frame,
    frame_length,
    from_json,
    read_frame,
    write_frame,
)
from ingest.types import Document

log = logging.getLogger(__name__)

T = TypeVar("T")

_TICK_S = 0.2
_MAX_FILES = 500  # by one process: libraries leak
_FULL = 0.6  # of the memory limit: a process that holds more starts afresh
_READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one file. `stall_s` is the longest time without a page, `total_s` with all of them."""

    stall_s: float = 180.0
    total_s: float = 3600.0
    memory_mib: int = 3072
    max_characters: int = 50_000_000


class Sandbox:
    """Reads files within `limits`, one at a time. Close it, or use it as a context manager.

    With `read_hidden`, hidden sheets, rows, columns and hidden text are read as well.
    """

    def __init__(self, limits: Limits | None = None, *, read_hidden: bool = False) -> None:
        self._limits = limits or Limits()
        self._read_hidden = read_hidden
        self._process: subprocess.Popen[bytes] | None = None
        self._files = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Of the process, if one runs."""
        return self._process.pid if self._process else None

    def parse(self, data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        """As `ingest.parsers.parse`. Raises also ParseError `timeout`, `memory`, `crashed`,
        `internal`; `needs_libreoffice` for the formats of `ingest.parsers.old_office`."""
        name = base_name(name)
        parser_for(name)
        if is_old(data, name):
            newer = modern(data, name, self._limits.memory_mib)
            document = self.parse(newer, name, on_page=on_page)
            return replace(document, id=hashlib.sha256(data).hexdigest())
        return self._asked(data, {"name": name}, lambda a: from_json(a["document"]), on_page)

    def render(self, data: bytes, name: str, page: int, width: int) -> RenderedPage:
        """As `ingest.pages.render.render`, with the errors of `parse`."""
        request = {"name": base_name(name), "page": page, "width": width}
        return self._asked(data, request, _picture)

    def close(self) -> None:
        with self._lock:
            self._stop()

    def _asked(
        self,
        data: bytes,
        request: Frame,
        unpack: Callable[[Frame], T],
        on_page: PageProgress | None = None,
    ) -> T:
        """What the process answers about a file; afterwards it is fit for the next one."""
        name = str(request["name"])
        with self._lock:
            try:
                return unpack(self._ask(data, request, on_page))
            except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
                raise self._crash(name) from error
            except BaseException as error:
                if not isinstance(error, (ParseError, UnsupportedFormat)):
                    self._stop()  # interrupted half-way: the next answer would be this one's
                raise
            finally:
                self._files += 1
                if self._files >= _MAX_FILES or self._used_mib() > _FULL * self._limits.memory_mib:
                    self._stop()

    def _ask(self, data: bytes, request: Frame, on_page: PageProgress | None) -> Frame:
        process, name = self._running(), str(request["name"])
        write_frame(_stdin(process), {**request, "size": len(data)})
        _stdin(process).write(data)
        _stdin(process).flush()
        end = time.monotonic() + self._limits.total_s
        while True:
            answer = self._next(process, name, min(time.monotonic() + self._limits.stall_s, end))
            if "error" in answer:
                raise self._refusal(answer, name)
            if "done" not in answer:
                return answer
            if on_page:
                on_page(int(answer["done"]), int(answer["total"]))

    def _refusal(self, answer: Frame, name: str) -> ParseError | UnsupportedFormat:
        code, message = str(answer["error"]["code"]), str(answer["error"]["message"])
        if "detail" in answer:
            log.error("reading %s: %s", name, answer["detail"])
        if code == "memory":
            self._stop()
        return ParseError(message, code=code)

    def _next(self, process: subprocess.Popen[bytes], name: str, end: float) -> Frame:
        """The next frame. Raises ParseError past `end` or the memory limit, EOFError."""
        length = frame_length(self._read(process, LENGTH_BYTES, name, end))
        if length > MAX_FRAME_BYTES:
            raise ValueError("a frame too long")
        return read_frame(self._read(process, length, name, end))

    def _read(self, process: subprocess.Popen[bytes], size: int, name: str, end: float) -> bytes:
        stream = _stdout(process).fileno()
        content = bytearray()
        while len(content) < size:
            if select.select([stream], [], [], _TICK_S)[0]:
                part = os.read(stream, min(size - len(content), _READ_BYTES))
                if not part:
                    raise EOFError
                content += part
            elif time.monotonic() > end:
                self._stop()
                raise ParseError(
                    f"Reading {name} was stopped because it took too long. Split the file up or "
                    "save it in another format.",
                    code="timeout",
                )
            elif self._used_mib() > self._limits.memory_mib:
                self._stop()
                raise _too_much_memory(name)
        return bytes(content)

    def _crash(self, name: str) -> ParseError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            if self._process:
                self._process.wait(1)
        code = self._process.poll() if self._process else None
        log.error("the reader ended with %s on %s", code, name)
        self._stop()
        return ParseError(
            f"{name} made its reader crash; the file is probably damaged. Open it in the program "
            "that made it, save it again, and retry.",
            code="crashed",
        )

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            limits = self._limits
            self._files = 0
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "ingest.sandbox.process",
                    f"--memory-mib={limits.memory_mib}",
                    f"--cpu-s={_cpu_s(limits)}",
                    f"--max-characters={limits.max_characters}",
                    *(["--read-hidden"] if self._read_hidden else []),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process

    def _stop(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        process.wait()
        _stdout(process).close()
        try:
            _stdin(process).close()
        except BrokenPipeError:
            log.debug("the reader had ended before its input")

    def _used_mib(self) -> float:
        """Resident memory of the process; 0 where the system does not tell."""
        if self._process is None:
            return 0
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / (1024 * 1024)


def _picture(answer: Frame) -> RenderedPage:
    content, width, height = answer["picture"]
    return RenderedPage(b64decode(content), int(width), int(height))


def _cpu_s(limits: Limits) -> int:
    """Of one file on all cores: a last resort, where the parent can no longer stop the process."""
    return max(int(limits.total_s), 60) * (os.cpu_count() or 1)


def _too_much_memory(name: str) -> ParseError:
    return ParseError(
        f"{name} needs more memory to read than it is allowed. Split the file up, or raise "
        "ZHIWEN_PARSE_MEMORY_MIB.",
        code="memory",
    )


def _stdin(process: subprocess.Popen[bytes]) -> BinaryIO:
    if process.stdin is None:
        raise OSError("no pipe to the reader")
    return cast(BinaryIO, process.stdin)


def _stdout(process: subprocess.Popen[bytes]) -> BinaryIO:
    if process.stdout is None:
        raise OSError("no pipe from the reader")
    return cast(BinaryIO, process.stdout)
