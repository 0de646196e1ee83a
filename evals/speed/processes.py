"""Starts, awaits, measures and terminates real processes."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

_READY_TIMEOUT_S = 300.0
_END_TIMEOUT_S = 20.0
_POLL_S = 0.05
_KIB_PER_MIB = 1024


def environment(settings: Mapping[str, object]) -> dict[str, str]:
    """This process's environment with the settings, given by field names."""
    changed = {f"ZHIWEN_{name.upper()}": str(value) for name, value in settings.items()}
    return {**os.environ, **changed}


def free_ports(count: int) -> list[int]:
    """Currently free loopback ports."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


@contextmanager
def running(
    module: Sequence[str], ready_url: str, settings: Mapping[str, object]
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs `python -m module` with arguments; yields once `ready_url` returns 200.

    Raises RuntimeError if it exits or does not become ready.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", *module],
        env=environment(settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(process, ready_url)
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Terminates the process, then kills it if necessary."""
    process.terminate()
    try:
        process.wait(_END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def children(pid: int) -> list[int]:
    """Pids of its direct children. Linux only."""
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def descendants(pid: int) -> Iterator[int]:
    """Pids of its children, of theirs, and so on. Linux only."""
    for child in children(pid):
        yield child
        yield from descendants(child)


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def memory_mib(pid: int) -> float:
    """Proportional set size, in which shared pages are divided among processes. Linux only."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / _KIB_PER_MIB
    raise RuntimeError(f"cannot read the memory usage of process {pid}")


def processor_s(pid: int) -> float:
    """CPU time of the process and its threads so far. Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wait(process: subprocess.Popen[bytes], ready_url: str) -> None:
    deadline = time.monotonic() + _READY_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} exited with {process.returncode}")
        try:
            if httpx.get(ready_url, trust_env=False, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(_POLL_S)
    raise RuntimeError(f"{process.args!r} was not ready after {_READY_TIMEOUT_S:.0f} s")
