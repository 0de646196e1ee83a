"""The process that reads files for a `Sandbox`: `python -m ingest.sandbox.process`.

Reads one file after the other from standard input and answers on standard output
(`ingest/sandbox/wire.py`). Before the first byte of a file it gives up what a reader
does not need: memory beyond the limit, writing files, starting programs, the network. It ends with
its parent.
"""

import argparse
import contextlib
import ctypes
import os
import resource
import signal
import sys
import threading
import time
import traceback
from base64 import b64encode
from collections.abc import Sequence
from typing import BinaryIO

from ingest.errors import IngestError
from ingest.pages.render import render
from ingest.parsers import parse
from ingest.parsing.options import read_hidden
from ingest.sandbox.wire import (
    LENGTH_BYTES,
    Frame,
    frame_length,
    read_exactly,
    read_frame,
    to_json,
    write_frame,
)

_REPORT_S = 0.1
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000  # CLONE_NEWUSER, CLONE_NEWNET of Linux
_FORBIDDEN = (
    "socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "subprocess.Popen",
    "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.remove", "os.rename", "os.rmdir",
    "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown", "os.kill",
    "shutil.rmtree", "shutil.move",
)  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def serve(requests: BinaryIO, answers: BinaryIO, max_characters: int, cpu_s: int) -> None:
    """Answer until the requests end. After running out of memory the process ends by itself."""
    while True:
        try:
            frame = read_frame(
                read_exactly(requests, frame_length(read_exactly(requests, LENGTH_BYTES)))
            )
            data = read_exactly(requests, frame["size"])
        except EOFError:
            return
        _allow_cpu(cpu_s)
        answer = _answered(data, frame, answers, max_characters)
        write_frame(answers, answer)
        if "error" in answer and answer["error"]["code"] == "memory":
            return


def _answered(data: bytes, request: Frame, answers: BinaryIO, max_characters: int) -> Frame:
    """What was asked for, or the error."""
    name = request["name"]
    try:
        if "page" in request:
            return _rendered(data, name, request["page"], request["width"])
        return _read(data, name, answers, max_characters)
    except IngestError as error:
        return _error(error.code, str(error))
    except MemoryError:
        return _error("memory", f"{name} needs more memory to read than it is allowed.")
    except Exception as error:  # a parser's bug; its place is for the log, not for people
        detail = traceback.format_exc(limit=-6)
        answer = _error("internal", f"{name} could not be read ({type(error).__name__}).")
        return {**answer, "detail": detail[-4000:]}


def _read(data: bytes, name: str, answers: BinaryIO, max_characters: int) -> Frame:
    reported_at = 0.0

    def report(done: int, total: int) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at >= _REPORT_S:
            reported_at = time.monotonic()
            write_frame(answers, {"done": done, "total": total})

    document = parse(data, name, on_page=report)
    if len(document.text) > max_characters:
        millions = max_characters // 1_000_000
        return _error("too_large", f"{name} holds more than {millions} million characters.")
    return {"document": to_json(document)}


def _rendered(data: bytes, name: str, page: int, width: int) -> Frame:
    picture = render(data, name, page, width)
    content = b64encode(picture.content).decode()
    return {"picture": [content, picture.width, picture.height]}


def _error(code: str, message: str) -> Frame:
    return {"error": {"code": code, "message": message}}


def confine(memory_mib: int) -> None:
    """Give up what reading a file does not need. Raises OSError where a limit is refused.

    The network goes with a name space of its own where the system allows that, and with Python's
    audit hooks in any case; the hooks also refuse writing and starting programs.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).unshare(_NEW_USER | _NEW_NET)
    memory = memory_mib * 1024 * 1024
    _limit(resource.RLIMIT_DATA, memory)  # counts what is written to, not what is reserved
    _limit(resource.RLIMIT_CORE, 0)
    sys.addaudithook(_refuse)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _allow_cpu(cpu_s: int) -> None:
    """For the next file: a last resort where the parent can no longer stop this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime) + cpu_s
    if hard == resource.RLIM_INFINITY or soft < hard:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _refuse(event: str, arguments: Sequence[object]) -> None:
    if event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITES and path != os.devnull:
            raise PermissionError(f"the reader may not write {path!r}")
    elif event in _FORBIDDEN:
        raise PermissionError(f"the reader may not {event}")


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ingest.sandbox.process")
    parser.add_argument("--memory-mib", type=int, required=True)
    parser.add_argument("--cpu-s", type=int, required=True)
    parser.add_argument("--max-characters", type=int, required=True)
    parser.add_argument("--read-hidden", action="store_true")
    arguments = parser.parse_args()
    read_hidden(arguments.read_hidden)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not break the frames
    confine(arguments.memory_mib)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    with contextlib.suppress(BrokenPipeError):
        serve(sys.stdin.buffer, answers, arguments.max_characters, arguments.cpu_s)


if __name__ == "__main__":
    main()
