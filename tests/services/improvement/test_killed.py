"""kill -9 in the middle of promotions, and of a gate: nothing is half done."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from sqlmodel import col, select

from app.config import Settings
from app.db.tables import AdapterMove, AuditEntry
from app.services.improvement.adapters import Adapters
from app.services.jobs.queue import Jobs
from app.services.people.access import LOCAL_OWNER as ME
from app.wiring.improvement import build_adapters
from app.worker.gater import Gater
from tests.patience import PATIENCE_S
from tests.services.improvement.test_adapters import MODEL, PASSED, add

ROUNDS = 5
_PROMOTING = """
import itertools, sys
from app.config import Settings
from app.services.people.access import SHELL
from app.wiring.improvement import build_adapters
adapters = build_adapters(Settings())
for n in itertools.count(int(sys.argv[1])):
    adapters.promote(SHELL, f"lora-{n % 2}")
    print(n, flush=True)
"""


def build(tmp_path: Path) -> tuple[Settings, Adapters]:
    settings = Settings.model_validate({"data_dir": tmp_path / "data"})
    return settings, build_adapters(settings)


def promoted_until_killed(settings: Settings, first: int, acknowledged: int) -> int:
    """The last number that was acknowledged."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROMOTING, str(first)],
        env={**os.environ, **settings.as_environment()},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(acknowledged)]
    process.kill()
    said += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    return int([line for line in said if line.endswith("\n")][-1])


def test_a_promotion_is_whole_or_not_there(tmp_path: Path) -> None:
    settings, adapters = build(tmp_path)
    for n in range(2):
        add(adapters, f"lora-{n}", PASSED)
    choose, first = random.Random(5), 0
    for _ in range(ROUNDS):
        last = promoted_until_killed(settings, first, choose.randint(1, 40))
        with adapters.db.read() as session:
            moves = session.exec(select(AdapterMove).order_by(col(AdapterMove.id))).all()
            entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.id))).all()
        assert [m.adapter_name for m in moves] == [e.object_id for e in entries]
        assert adapters.served(MODEL) == {"champion": moves[-1].adapter_name}
        done = len(moves) - 1  # the number of the last one
        assert done in (last, last + 1)  # the next one may have been written and not said
        first = done + 1


def test_a_gate_that_is_killed_leaves_no_verdict_and_its_job_says_so(tmp_path: Path) -> None:
    settings, adapters = build(tmp_path)
    add(adapters, "lora-1")
    gater = Gater(settings, Jobs(adapters.db), "worker-a", adapters)
    job = adapters.measure("lora-1")
    gater.look()
    assert gater.run is not None
    os.killpg(gater.run.process.pid, signal.SIGKILL)
    until = time.monotonic() + PATIENCE_S
    while gater.run is not None and time.monotonic() < until:
        gater.look()
    ended = gater.jobs.get(ME, job.id)
    assert (ended.state, ended.error_code) == ("failed", "killed")
    assert "SIGKILL" in str(ended.error_detail)
    assert adapters.get("lora-1").adapter.verdict is None
    assert not any((settings.data_dir / "jobs").iterdir())

    again = adapters.measure("lora-1")
    gater.look()
    assert gater.run is not None
    os.killpg(gater.run.process.pid, signal.SIGKILL)  # with its worker
    gater.run.process.wait()
    gater.run = None
    gater.jobs.release("worker-a")
    claim = gater.jobs.claim("worker-b", "gate")
    assert (claim and claim.job_id, claim and claim.attempt) == (again.id, 2)
