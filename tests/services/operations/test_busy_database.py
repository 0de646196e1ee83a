"""The database is locked, or fails, for a moment: nothing is lost, and nothing counts as tried."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import ExceptionContext
from sqlmodel import select

from app.db.engine import Database
from app.db.errors import DatabaseBusy, StorageFull
from app.db.files import LocalFiles
from app.db.tables import Job
from app.services.ingestion.reading_ahead import ReadingAhead
from app.services.people.access import LOCAL_OWNER as ME
from app.worker.reader import given_back
from ingest.embedding.hashing import HashingEmbedder
from ingest.parsers import parse
from ingest.parsing.parser import PageProgress
from ingest.pipeline import Parse
from ingest.types import Document
from tests.patience import PATIENCE_S
from tests.services.conftest import HANDBOOK, WORKER, Application
from tests.services.library.test_ingestion import DisturbedEmbedder
from tests.sqlite import migrated_file


class Lock:
    """Another process that writes to an SQLite database for as long as it is told to."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def take(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def release(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "zhiwen.db"


@pytest.fixture
def locked(path: Path) -> Iterator[Application]:
    """On SQLite, and without patience for locks."""
    db = Database(f"sqlite:///{migrated_file(path)}", busy_timeout_s=0.01)
    yield Application(db, LocalFiles(path.parent / "files"), HashingEmbedder(), path.parent)
    db.dispose()


def before_parsing(happens: Callable[[], object]) -> Parse:
    def parsed(data: bytes, name: str, *, on_page: PageProgress | None = None) -> Document:
        happens()
        return parse(data, name, on_page=on_page)

    return parsed


@contextmanager
def on_error(db: Database, happens: Callable[[], object]) -> Iterator[list[BaseException]]:
    """Have something happen after the database's next error; the errors there were."""
    errors: list[BaseException] = []

    def noticed(context: ExceptionContext) -> None:
        errors.append(context.original_exception)
        happens()

    event.listen(db.engine, "handle_error", noticed)
    yield errors
    event.remove(db.engine, "handle_error", noticed)


def outcome(application: Application, document_id: str) -> tuple[str, int]:
    """The document's state, and how often it was tried."""
    with application.db.read() as session:
        return application.state(document_id), session.exec(select(Job)).one().attempts


def test_progress_that_cannot_be_written_fails_no_document(locked: Application, path: Path) -> None:
    document_id = locked.add(locked.base(), "手册.md", HANDBOOK)
    claim = locked.jobs.claim(WORKER)
    assert claim is not None
    lock = Lock(path)
    lock.take()
    with on_error(locked.db, lambda: None) as errors:
        replace(locked.ingestion, parse=before_parsing(lock.release)).run(claim, WORKER)
    assert errors, "progress was written; nothing was shown"
    assert outcome(locked, document_id) == ("ready", 1)


def test_a_commit_waits_for_a_locked_database(locked: Application, path: Path) -> None:
    document_id = locked.add(locked.base(), "手册.md", HANDBOOK)
    claim = locked.jobs.claim(WORKER)
    assert claim is not None
    lock = Lock(path)
    locked.embedder = DisturbedEmbedder(lock.take)
    with on_error(locked.db, lock.release) as errors:
        locked.ingestion.run(claim, WORKER)
    assert len(errors) == 1
    assert outcome(locked, document_id) == ("ready", 1)


def test_a_database_that_stays_locked_costs_no_attempt(locked: Application, path: Path) -> None:
    document_id = locked.add(locked.base(), "手册.md", HANDBOOK)
    lock = Lock(path)
    locked.embedder = DisturbedEmbedder(lock.take)
    ingestion = replace(locked.ingestion, waits_s=(0.0, 0.0))
    with pytest.raises(DatabaseBusy):
        ReadingAhead(ingestion, WORKER).run(lambda _: False)
    assert not given_back(locked.jobs, WORKER)
    lock.release()
    assert given_back(locked.jobs, WORKER)
    assert outcome(locked, document_id)[1] == 0

    locked.embedder = HashingEmbedder()
    locked.drain()
    assert outcome(locked, document_id) == ("ready", 1)


def test_claiming_waits_for_a_locked_database(locked: Application, path: Path) -> None:
    document_id = locked.add(locked.base(), "手册.md", HANDBOOK)
    lock = Lock(path)
    lock.take()
    with on_error(locked.db, lock.release):
        ReadingAhead(locked.ingestion, WORKER, poll_s=0.01).run(lambda _: not locked.jobs.waiting())
    assert outcome(locked, document_id) == ("ready", 1)


def test_a_conflict_of_transactions_is_tried_again(application: Application) -> None:
    """PostgreSQL gives up one of two transactions that wait for each other."""
    if application.db.dialect == "sqlite":
        pytest.skip("SQLite lets one transaction write at a time")
    document_id = application.add(application.base(), "手册.md", HANDBOOK)
    with application.db.write() as session:  # a sequence is not rolled back: this fails once
        connection = session.connection()
        connection.execute(text("CREATE SEQUENCE tried"))
        connection.execute(
            text(
                "CREATE FUNCTION conflict() RETURNS trigger AS $$ BEGIN "
                "IF nextval('tried') = 1 THEN "
                "RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END IF; "
                "RETURN NEW; END $$ LANGUAGE plpgsql"
            )
        )
        connection.execute(
            text(
                "CREATE TRIGGER conflict BEFORE INSERT ON chunk "
                "FOR EACH ROW EXECUTE FUNCTION conflict()"
            )
        )
    application.drain()
    assert outcome(application, document_id) == ("ready", 1)


def test_a_lost_connection_is_busy_and_comes_back(application: Application) -> None:
    if application.db.dialect == "sqlite":
        pytest.skip("SQLite has no connections to lose")
    with pytest.raises(DatabaseBusy), application.db.write() as session:
        pid = session.connection().scalar(text("SELECT pg_backend_pid()"))
        other = Database(application.db.engine.url.render_as_string(hide_password=False))
        with other.write() as killer:
            killer.connection().execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        other.dispose()
        session.connection().execute(text("SELECT 1"))
    application.base()


def test_an_error_of_a_statement_is_not_taken_for_a_busy_database(application: Application) -> None:
    with pytest.raises(Exception) as caught, application.db.read() as session:  # of the driver
        session.connection().execute(text("SELECT nothing FROM nowhere"))
    assert not isinstance(caught.value, (DatabaseBusy, StorageFull))


def test_leases_are_renewed_again_after_a_lock(locked: Application, path: Path) -> None:
    locked.add(locked.base(), "手册.md", HANDBOOK)
    assert locked.jobs.claim(WORKER) is not None
    lock = Lock(path)
    lock.take()
    with pytest.raises(DatabaseBusy):
        locked.jobs.renew(WORKER)
    lock.release()
    locked.jobs.renew(WORKER)


def test_two_threads_of_one_process_wait_for_each_other_without_an_error(
    locked: Application,
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with locked.db.write():
            begun.set()
            assert go_on.wait(PATIENCE_S)

    holder = threading.Thread(target=hold)
    holder.start()
    assert begun.wait(PATIENCE_S)
    writer = threading.Thread(target=locked.base)
    writer.start()
    go_on.set()
    holder.join()
    writer.join()
    assert len(locked.bases.all(ME)) == 1
