"""The ingestion worker: `python -m app.worker`.

Two processes. This one only watches the queue and weighs little. When there is work it starts a
child (`--drain`) that loads the embedder, empties the queue, waits a while for more and ends: so an
idle service doesn't hold a second copy of the model, and a file that kills its reader kills only
the child. Its job is then released and tried again.
"""

import argparse
import logging
import os
import secrets
import signal
import subprocess
import sys
import time
from types import FrameType

from app.config import Settings
from app.db.engine import Database
from app.services.jobs import Jobs
from app.services.status import WORKER, beat
from app.wiring import build_ingestion

log = logging.getLogger("app.worker")

_POLL_S = 0.3
_BEAT_S = 3.0


def watch(settings: Settings) -> None:
    """Start a child whenever a job waits. Runs until the process is told to end."""
    db = Database(settings.sql_url)
    db.migrate()
    jobs = Jobs(db)
    child: subprocess.Popen[bytes] | None = None
    worker = ""
    beaten_at = 0.0

    def end(_signal: int, _frame: FrameType | None) -> None:
        if child is not None and child.poll() is None:
            child.terminate()
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    while True:
        if child is not None and child.poll() is not None:
            if child.returncode != 0:
                log.error("the embedding process ended with %s", child.returncode)
                jobs.release(worker)
            child = None
        if child is None and jobs.waiting():
            worker = f"worker-{secrets.token_hex(6)}"
            child = subprocess.Popen([sys.executable, "-m", "app.worker", "--drain", worker])
        if time.monotonic() - beaten_at > _BEAT_S:
            beat(db, WORKER, "idle" if child is None else "busy")
            beaten_at = time.monotonic()
        time.sleep(_POLL_S)


def drain(settings: Settings, worker: str) -> None:
    """Work through the queue; end when it stayed empty for `worker_idle_s`, or when orphaned."""
    ingestion = build_ingestion(settings)
    parent = os.getppid()
    last_work = time.monotonic()
    while os.getppid() == parent and time.monotonic() - last_work < settings.worker_idle_s:
        claim = ingestion.jobs.claim(worker)
        if claim is None:
            time.sleep(_POLL_S)
            continue
        ingestion.run(claim, worker)
        last_work = time.monotonic()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app.worker")
    parser.add_argument("--drain", metavar="NAME", help="empty the queue as worker NAME and end")
    arguments = parser.parse_args()
    settings = Settings()
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    if arguments.drain:
        drain(settings, arguments.drain)
    else:
        watch(settings)


if __name__ == "__main__":
    main()
