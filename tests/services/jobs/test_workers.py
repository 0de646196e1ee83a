"""Several worker processes at one queue do every document once, and say why they failed."""

import multiprocessing
import os
import subprocess
import sys
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from sqlmodel import select

from app.config import Settings
from app.db.engine import Database
from app.db.files import LocalFiles
from app.db.tables import Job, StoredChunk
from app.error_codes import reason_in
from app.services.ingestion.ingestion import Ingestion
from app.services.ingestion.reading_ahead import ReadingAhead
from app.services.jobs.queue import Jobs
from app.services.jobs.workers import new_worker_name, release_dead
from app.services.people.access import LOCAL_OWNER as ME
from ingest.embedding.hashing import HashingEmbedder
from tests.services.conftest import Application

DOCUMENTS = 40
WORKERS = 3


def work(url: str, files: Path, together: Barrier) -> None:
    db = Database(url)
    jobs = Jobs(db)
    ingestion = Ingestion(db, LocalFiles(files), jobs, HashingEmbedder(), 400)
    name = new_worker_name()
    together.wait()
    ReadingAhead(ingestion, name, poll_s=0.05).run(lambda resting_s: resting_s > 1)
    db.dispose()


def test_several_processes_do_every_document_once(application: Application, url: str) -> None:
    base_id = application.base()
    for number in range(DOCUMENTS):
        application.add(base_id, f"{number}.md", f"# 规程 {number}\n\n设备每{number}天检查一次。\n")
    application.db.dispose()
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(WORKERS)
    workers = [
        context.Process(target=work, args=(url, application.folder / "files", together))
        for _ in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * WORKERS
    with application.db.read() as session:
        done = session.exec(select(Job)).all()
        chunks = session.exec(select(StoredChunk.document_id)).all()
    assert [(job.state, job.attempts) for job in done] == [("done", 1)] * DOCUMENTS
    assert len({job.worker for job in done}) > 1, "one worker did it all; nothing was shown"
    assert len(chunks) == len(set(chunks)) == DOCUMENTS
    assert application.bases.get(ME, base_id).ready_count == DOCUMENTS


def test_what_a_dead_worker_of_this_host_held_is_free_at_once(application: Application) -> None:
    application.add(application.base(), "手册.md", "# 手册\n\n年假为每年十五天。\n")
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=int)
    process.start()
    process.join()
    host = new_worker_name().partition("/")[0]
    assert application.jobs.claim(f"{host}/{process.pid}/dead") is not None
    assert application.jobs.claim("another") is None

    release_dead(application.jobs)

    claim = application.jobs.claim(new_worker_name())
    assert claim is not None and claim.attempt == 2
    release_dead(application.jobs)
    assert application.jobs.claim("another") is None, "this process lives and keeps what it holds"


@pytest.mark.parametrize("module", ["recording", "gating"])
def test_a_database_that_is_not_there_is_said_in_one_line(tmp_path: Path, module: str) -> None:
    """People see the reason that a process leaves, not how it came about."""
    (tmp_path / "zhiwen.db").mkdir()  # which SQLite cannot open
    settings = Settings.model_validate({"data_dir": tmp_path, "offline": True})
    with subprocess.Popen(
        [sys.executable, "-m", f"app.worker.{module}", "one", str(tmp_path)],
        env={**os.environ, **settings.as_environment()},
        stdin=subprocess.PIPE,  # it ends when this is closed
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 1
    assert said == ""
    reason = reason_in(tmp_path)
    assert reason is not None and "cannot open or migrate the database" in reason[1]
