"""Workers: their names, their heartbeats, and what the dead ones held."""

import os
import secrets
import socket
from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import col, select

from app.db.engine import Database
from app.db.tables import Heartbeat, utc_now
from app.services.jobs.queue import Jobs

ALIVE_S = 10.0
_FORGOTTEN_S = 86400.0


def new_worker_name() -> str:
    """Has host and process in it, so that the next worker here knows whether this one lives."""
    return f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(6)}"


def beat(db: Database, worker: str, state: str) -> None:
    """Say that a worker is alive, in its own row."""
    with db.write() as session:
        session.merge(Heartbeat(worker=worker, state=state, seen_at=utc_now()))


def forget(db: Database, worker: str) -> None:
    """Remove the heartbeat of a worker that ends, and those of workers that died long ago."""
    long_ago = utc_now() - timedelta(seconds=_FORGOTTEN_S)
    with db.write() as session:
        session.exec(
            delete(Heartbeat).where(
                (col(Heartbeat.worker) == worker) | (col(Heartbeat.seen_at) < long_ago)
            )
        )


def heartbeats(db: Database) -> list[Heartbeat]:
    """Of all workers, newest first; `is_alive` tells which of them count."""
    with db.read() as session:
        return list(session.exec(select(Heartbeat).order_by(col(Heartbeat.seen_at).desc())))


def is_alive(heartbeat: Heartbeat) -> bool:
    return utc_now() - heartbeat.seen_at <= timedelta(seconds=ALIVE_S)


def release_dead(jobs: Jobs) -> None:
    """Let go of what workers of this host held that are gone, without waiting for their leases.

    Where one of their readers is still at it, its claim is void and it writes nothing.
    """
    for name in jobs.workers():
        host, _, rest = name.partition("/")
        pid = rest.partition("/")[0]
        if host == socket.gethostname() and pid.isdigit() and not _lives(int(pid)):
            jobs.release(name)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
