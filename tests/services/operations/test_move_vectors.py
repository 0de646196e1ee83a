"""Moving to another engine loses nothing, whenever it is killed, and switches at once or not."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from app.db.engine import Database
from app.db.files import LocalFiles
from app.rag.types import Scope
from app.services.errors import Conflict
from app.services.library.bases import stored_base
from app.services.library.vector_tables import chosen_engine
from app.services.operations.move_vectors import LOCK, Moved, VectorMove
from app.services.search.in_milvus import MilvusIndexes
from ingest.embedding.hashing import HashingEmbedder
from tests.milvus import fresh_prefix
from tests.postgres import fresh_database
from tests.services.conftest import HANDBOOK, MANUAL, Application
from tests.sqlite import migrated_file
from vectorstore import EngineFailed, EngineMissing, Match, NotOptimised, SnapshotError
from vectorstore.milvus.engine import MilvusEngine
from vectorstore.milvus.server import Server
from vectorstore.milvus.store import MilvusStore
from vectorstore.pgvector import index

NAMES = ("first", "second", "third")


@pytest.fixture
def application(postgres_server: str, tmp_path: Path) -> Iterator[Application]:
    with fresh_database(postgres_server, migrated=True) as url:
        db = Database(url)
        yield Application(db, LocalFiles(tmp_path / "files"), HashingEmbedder(), tmp_path)
        db.dispose()


@pytest.fixture
def bases(application: Application) -> list[str]:
    """Three bases whose vectors FAISS has."""
    ids = [application.base(name) for name in NAMES]
    for number, base_id in enumerate(ids):
        application.add(base_id, "手册.md", HANDBOOK)
        application.add(base_id, "gateway.md", MANUAL)
        application.add(base_id, "n.md", f"# {number}\n\n年假 {number} 天\n")
    application.drain()
    indexes = application.indexes()
    assert searched(application, indexes, ids)
    indexes.save()
    return ids


def searched(application: Application, indexes: object, ids: list[str]) -> list[Match]:
    vector = application.embedder.embed(["年假十五天"], kind="query")
    found: list[Match] = indexes.search(vector, 9, Scope(tuple(ids)))  # type: ignore[attr-defined]  # either kind
    return found


def move(application: Application, to: str, milvus: MilvusEngine | None = None) -> Moved:
    folder = application.folder / "indexes"
    return VectorMove(application.db, folder, milvus).run(to, lambda *_: None)  # type: ignore[arg-type]  # a word


def in_charge(application: Application) -> str:
    with application.db.read() as session:
        return chosen_engine(session) or "faiss"


def test_there_and_back(application: Application, bases: list[str]) -> None:
    before = searched(application, application.indexes(), bases)
    assert move(application, "pgvector") == Moved(3, 9, 1.0)
    assert in_charge(application) == "pgvector"
    assert not list((application.folder / "indexes").iterdir()), "FAISS's copies are gone"
    after = searched(application, application.in_database(), bases)
    assert [m.id for m in after] == [m.id for m in before]
    assert [m.score for m in after] == pytest.approx([m.score for m in before], abs=1e-3)

    application.add(bases[0], "late.txt", "年假可以延到明年三月。")
    application.drain()
    assert move(application, "faiss") == Moved(3, 10, 1.0)
    assert in_charge(application) == "faiss"
    assert application.in_database().engine.names() == set()
    back = searched(application, application.indexes(), bases)
    assert len(back) == 9
    assert len(application.indexes().current(bases[0]).ids()) == 4


@pytest.fixture
def milvus(milvus_server: str) -> Iterator[MilvusEngine]:
    engine = MilvusEngine(Server(milvus_server), fresh_prefix())
    yield engine
    engine.clear()


@pytest.mark.parametrize("other", ["faiss", "pgvector"])
def test_to_milvus_and_back(
    application: Application, bases: list[str], milvus: MilvusEngine, other: str
) -> None:
    before = searched(application, application.indexes(), bases)
    if other == "pgvector":
        move(application, other, milvus)
    assert move(application, "milvus", milvus) == Moved(3, 9, 1.0)
    assert in_charge(application) == "milvus"
    assert not list((application.folder / "indexes").iterdir())
    assert application.in_database().engine.names() == set()
    indexes = MilvusIndexes(application.db, milvus, application.embedder.name)
    after = searched(application, indexes, bases)
    assert [m.id for m in after] == [m.id for m in before]
    assert [m.score for m in after] == pytest.approx([m.score for m in before], abs=1e-3)

    application.add(bases[0], "late.txt", "年假可以延到明年三月。")
    application.drain()
    assert move(application, "milvus", milvus) == Moved(3, 10, 1.0), "it is there already"
    assert move(application, other, milvus) == Moved(3, 10, 1.0)
    assert in_charge(application) == other
    assert milvus.names() == set()


def test_a_move_to_milvus_that_was_killed_is_taken_up(
    application: Application,
    bases: list[str],
    milvus: MilvusEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed after some vectors of the second base, before its sequence."""
    killed: list[str] = []
    plain = MilvusStore.save

    def save(store: MilvusStore) -> None:
        if store.sequence and store.entry.name == bases[1] and not killed:
            killed.append(store.entry.name)
            raise KeyboardInterrupt
        plain(store)

    monkeypatch.setattr(MilvusStore, "save", save)
    with pytest.raises(KeyboardInterrupt):
        move(application, "milvus", milvus)
    assert in_charge(application) == "faiss"
    application.add(bases[1], "late.txt", "年假可以延到明年三月。")
    application.drain()
    assert move(application, "milvus", milvus) == Moved(3, 10, 1.0)


def test_a_copy_on_milvus_that_differs_is_mended_or_not_switched_to(
    application: Application, bases: list[str], milvus: MilvusEngine
) -> None:
    """Too many or too few are written anew; others of the same number are another's work."""
    ahead = MilvusIndexes(application.db, milvus, application.embedder.name, ahead=True)
    store = ahead.current(bases[0])
    (gone, *_) = store.ids()
    store.delete([gone])
    assert move(application, "milvus", milvus) == Moved(3, 9, 1.0)
    move(application, "faiss", milvus)
    store = ahead.engine.create(bases[0], store.dim, store.entry.embedder)
    store.upsert([1000, 1001, 1002], application.embedder.embed(["a", "b", "c"], kind="document"))
    with application.db.read() as session:
        store.sequence = stored_base(session, bases[0]).sequence
    store.save()
    with pytest.raises(SnapshotError, match="base first: 6 vectors differ"):
        move(application, "milvus", milvus)
    assert in_charge(application) == "faiss"


def test_moving_off_a_server_that_died_works(
    application: Application, bases: list[str], milvus: MilvusEngine
) -> None:
    move(application, "milvus", milvus)
    away = MilvusEngine(Server("http://127.0.0.1:9"), "away")
    with pytest.raises(EngineFailed):
        move(application, "milvus", away)
    assert in_charge(application) == "milvus"
    assert move(application, "faiss", away) == Moved(3, 9, 1.0)
    assert in_charge(application) == "faiss"


def test_without_a_server_nothing_moves_to_milvus(
    application: Application, bases: list[str]
) -> None:
    with pytest.raises(EngineMissing, match="ZHIWEN_MILVUS_URL"):
        move(application, "milvus")


KILLED = """
import os, signal, sys
from pathlib import Path
from app.db.engine import Database
from app.services.operations.move_vectors import VectorMove

def on_progress(*at):
    if at[:2] == (sys.argv[4], sys.argv[5]):
        os.kill(os.getpid(), signal.SIGKILL)

VectorMove(Database(sys.argv[1]), Path(sys.argv[2])).run(sys.argv[3], on_progress)
"""


@pytest.mark.parametrize(
    ("at", "then"),
    [
        (("build", "second"), "faiss"),
        (("compare", "third"), "faiss"),
        (("switch", ""), "faiss"),
        (("clean up", ""), "pgvector"),
    ],
)
def test_a_run_that_is_killed_is_taken_up(
    application: Application, bases: list[str], at: tuple[str, str], then: str
) -> None:
    before = searched(application, application.indexes(), bases)
    url = application.db.engine.url.render_as_string(hide_password=False)
    folder = application.folder / "indexes"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, url, str(folder), "pgvector", *at], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert in_charge(application) == then
    late = application.add(bases[0], "late.txt", "年假可以延到明年三月。")
    application.drain()
    assert move(application, "pgvector") == Moved(3, 10, 1.0)
    assert in_charge(application) == "pgvector"
    found = searched(application, application.in_database(), bases)
    assert len(found) == len(before) == 9
    assert application.state(late) == "ready"
    with application.db.read() as session:
        tables = session.connection().scalar(
            text("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'store\\_%'")
        )
    assert tables == 3, "nothing of the killed run is left"


def test_a_copy_that_differs_is_not_switched_to(application: Application, bases: list[str]) -> None:
    url = application.db.engine.url.render_as_string(hide_password=False)
    stop = [sys.executable, "-c", KILLED, url, str(application.folder / "indexes"), "pgvector"]
    subprocess.run([*stop, "switch", ""], check=False)
    with application.db.write() as session:
        session.connection().execute(text("UPDATE zhiwen_vectors.store_1 SET id = id + 1000"))
    with pytest.raises(SnapshotError, match="base first: 6 vectors differ"):
        move(application, "pgvector")
    assert in_charge(application) == "faiss"
    assert searched(application, application.indexes(), bases)
    move(application, "faiss")
    assert move(application, "pgvector") == Moved(3, 9, 1.0)


def test_a_copy_that_an_older_release_did_not_change_is_brought_up_to_date(
    application: Application, bases: list[str]
) -> None:
    url = application.db.engine.url.render_as_string(hide_password=False)
    stop = [sys.executable, "-c", KILLED, url, str(application.folder / "indexes"), "pgvector"]
    subprocess.run([*stop, "switch", ""], check=False)
    with application.db.write() as session:
        session.connection().execute(text("UPDATE zhiwen_vectors.store SET sequence = 1"))
        session.connection().execute(text("DELETE FROM zhiwen_vectors.store_2 WHERE id > 4"))
    assert move(application, "pgvector") == Moved(3, 9, 1.0)


def test_a_move_that_was_killed_can_be_given_up(application: Application, bases: list[str]) -> None:
    url = application.db.engine.url.render_as_string(hide_password=False)
    stop = [sys.executable, "-c", KILLED, url, str(application.folder / "indexes"), "pgvector"]
    subprocess.run([*stop, "compare", "second"], check=False)
    assert len(application.in_database().engine.names()) == 2
    assert move(application, "faiss") == Moved(3, 9, 1.0)
    assert application.in_database().engine.names() == set()
    application.add(bases[0], "late.txt", "年假可以延到明年三月。")
    application.drain()
    assert len(application.indexes().current(bases[0]).ids()) == 4


def test_nothing_is_switched_where_a_graph_cannot_be_built(
    application: Application, bases: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "ROWS", 1)

    def take_name(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        if statement.startswith("CREATE TABLE zhiwen_vectors.store_2"):
            cursor.execute("CREATE TABLE zhiwen_vectors.graph_2 ()")

    event.listen(application.db.engine, "after_cursor_execute", take_name)
    with pytest.raises(NotOptimised, match="graph_2"):
        move(application, "pgvector")
    assert in_charge(application) == "faiss"
    assert move(application, "pgvector") == Moved(3, 9, 1.0), "the next one is another table"


def test_who_writes_while_tables_are_dropped_is_waited_for(
    application: Application, bases: list[str]
) -> None:
    move(application, "pgvector")
    late = application.add(bases[1], "late.txt", "年假可以延到明年三月。")
    moves: list[Future[Moved]] = []

    def move_on(*of: object) -> None:
        """The writer has seen its table, and is about to write into it."""
        if not moves and str(of[2]).startswith("INSERT INTO zhiwen_vectors.store_"):
            moves.append(another.submit(move, application, "faiss"))
            wait(moves, timeout=0.5)

    event.listen(application.db.engine, "before_cursor_execute", move_on)
    with ThreadPoolExecutor(1) as another:
        application.drain()
    assert moves[0].result().bases == 3
    assert application.state(late) == "ready"
    assert application.in_database().engine.names() == set()
    assert len(application.indexes().current(bases[1]).ids()) == 4


def test_one_at_a_time(application: Application, bases: list[str]) -> None:
    def again(*_at: object) -> None:
        other = VectorMove(application.db, application.folder / "indexes", wait_s=0.05)
        with pytest.raises(Conflict, match="moved already"):
            other.run("faiss", lambda *_: None)

    VectorMove(application.db, application.folder / "indexes").run("pgvector", again)


def test_the_lock_of_a_killed_move_is_waited_for(
    application: Application, bases: list[str]
) -> None:
    """PostgreSQL notices some moments later that a process is gone."""
    with application.db.autocommit() as dying:
        dying.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        noticing = threading.Timer(0.3, dying.execute, [text("SELECT pg_advisory_unlock_all()")])
        noticing.start()
        assert move(application, "pgvector") == Moved(3, 9, 1.0)
        noticing.join()


def test_on_sqlite_there_is_nowhere_to_move(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{migrated_file(tmp_path / 'zhiwen.db')}")
    with pytest.raises(Conflict, match="PostgreSQL"):
        VectorMove(db, tmp_path).run("pgvector", lambda *_: None)
    db.dispose()
