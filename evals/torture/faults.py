"""Injects real faults: signals, lost connections, a full file system, a read-only mount, corrupted
files."""

import os
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from evals.torture.processes import Processes
from vectorstore.faiss.snapshot import MANIFEST

Undo = Callable[[], None]
Fault = Callable[[Processes, random.Random], Undo]

_LEFT_BYTES = 64 * 1024  # maximum left on the full disk
_BLOCK = 64 * 1024
_TRIES, _RETRY_S = 100, 0.02


def _nothing() -> None:
    pass


def kills(*targets: str, one: bool = False) -> Fault:
    """kill -9 of these processes: of all, or of `one` of each."""

    def fault(processes: Processes, choose: random.Random) -> Undo:
        processes.kill(*targets, only=choose.randrange(processes.count) if one else None)
        return _nothing

    return fault


def terminates(target: str) -> Fault:
    """SIGTERM of one of these processes, as at a rolling update."""

    def fault(processes: Processes, choose: random.Random) -> Undo:
        processes.terminate(target, choose.randrange(processes.count))
        return _nothing

    return fault


def connections_cut(processes: Processes, _choose: random.Random) -> Undo:
    """PostgreSQL ends all sessions, in the middle of their transactions."""
    with psycopg.connect(processes.sql_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid != pg_backend_pid()"
        )
    return _nothing


def disk_full(processes: Processes, choose: random.Random) -> Undo:
    """Fills the file system of the data folder."""
    filler = processes.data_dir / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * _BLOCK)
        except OSError:
            pass
        os.truncate(filler, max(0, filler.stat().st_size - choose.randrange(_LEFT_BYTES)))
    return lambda: filler.unlink(missing_ok=True)


def read_only_indexes(processes: Processes, _choose: random.Random) -> Undo:
    """Mounts the index folder read-only."""
    folder = str(processes.settings[0].indexes_path)
    Path(folder).mkdir(exist_ok=True)
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    read_only = ["mount", "-o", "remount,ro,bind", folder]
    for _ in range(_TRIES):  # busy while a snapshot is being written
        if subprocess.run(read_only, capture_output=True, check=False).returncode == 0:
            break
        time.sleep(_RETRY_S)
    else:
        raise RuntimeError(f"{folder} stays writable")

    def undo() -> None:
        subprocess.run(["umount", "-l", folder], check=True)

    return undo


def damages(damage: Callable[[bytearray, random.Random], None]) -> Fault:
    """Kills the API, then corrupts its snapshots and manifests."""

    def fault(processes: Processes, choose: random.Random) -> Undo:
        processes.kill("api")
        for path in _snapshot_files(processes):
            data = bytearray(path.read_bytes())
            damage(data, choose)
            path.write_bytes(data)
        return _nothing

    return fault


def truncate(data: bytearray, choose: random.Random) -> None:
    del data[choose.randrange(len(data) or 1) :]


def flip_bit(data: bytearray, choose: random.Random) -> None:
    if data:
        data[choose.randrange(len(data))] ^= 1 << choose.randrange(8)


def missing_snapshot(processes: Processes, choose: random.Random) -> Undo:
    """Kills the API, then removes its snapshots, or only the manifests."""
    processes.kill("api")
    only_manifest = choose.random() < 0.5
    for path in _snapshot_files(processes):
        if path.name == MANIFEST or not only_manifest:
            path.unlink()
    return _nothing


def _snapshot_files(processes: Processes) -> list[Path]:
    folders = [settings.indexes_path for settings in processes.settings]
    return [path for folder in folders for path in folder.glob("*/*") if path.is_file()]


KILLS: dict[str, Fault] = {
    "kill -9 of the API": kills("api"),
    "kill -9 of the worker": kills("worker"),
    "kill -9 of the reader": kills("reader"),
    "kill -9 of worker and reader": kills("worker", "reader"),
    "kill -9 of everything": kills("reader", "worker", "api"),
}
TWO_BY_TWO: dict[str, Fault] = {
    "kill -9 of one API": kills("api", one=True),
    "kill -9 of one worker": kills("worker", one=True),
    "kill -9 of one reader": kills("reader", one=True),
    "kill -9 of an API and its worker": kills("api", "reader", "worker", one=True),
    "SIGTERM of one API": terminates("api"),
    "SIGTERM of one worker": terminates("worker"),
    "connections to the database cut": connections_cut,
}
DAMAGES: dict[str, Fault] = {
    "truncated snapshot": damages(truncate),
    "bit flipped in the snapshot": damages(flip_bit),
    "missing snapshot": missing_snapshot,
}
MOUNTS: dict[str, Fault] = {  # these need a mount namespace
    "full disk": disk_full,
    "read-only index folder": read_only_indexes,
}
