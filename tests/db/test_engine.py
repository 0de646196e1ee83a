import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, select

from app.db.engine import Database
from app.db.errors import DatabaseUnavailable
from app.db.tables import (
    OWNER_ID,
    Conversation,
    KnowledgeBase,
    StoredChunk,
    StoredDocument,
    StoredMessage,
)


def base(name: str = "资料") -> KnowledgeBase:
    return KnowledgeBase(owner_id=OWNER_ID, name=name, embedder="hashing", dim=8)


def test_write_commits_and_objects_stay_usable(db: Database) -> None:
    row = base()
    with db.write() as session:
        session.add(row)
    assert row.name == "资料"
    with db.read() as session:
        found = session.exec(select(KnowledgeBase)).one()
    assert found.created_at == row.created_at


def test_write_rolls_back_on_error(db: Database) -> None:
    with pytest.raises(RuntimeError, match="stop"), db.write() as session:
        session.add(base())
        session.flush()
        raise RuntimeError("stop")
    with db.read() as session:
        assert session.exec(select(KnowledgeBase)).all() == []


def test_read_cannot_write(db: Database) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"), db.read() as session:
        session.add(base())
        session.flush()
    with db.write() as session:  # the same connection can write again afterwards
        session.add(base())


def test_read_sees_one_snapshot(db: Database) -> None:
    with db.read() as session:
        assert session.exec(select(KnowledgeBase)).all() == []
        with db.write() as other:
            other.add(base())
        assert session.exec(select(KnowledgeBase)).all() == []
    with db.read() as session:
        assert len(session.exec(select(KnowledgeBase)).all()) == 1


def test_concurrent_read_then_write_loses_no_update(db: Database) -> None:
    row = base()
    with db.write() as session:
        session.add(row)
    errors: list[Exception] = []

    def count_up(session: Session) -> None:
        statement = select(KnowledgeBase).where(KnowledgeBase.id == row.id).with_for_update()
        session.exec(statement).one().sequence += 1

    def work() -> None:
        try:
            for _ in range(20):
                with db.write() as session:
                    count_up(session)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with db.read() as session:
        assert session.exec(select(KnowledgeBase.sequence)).one() == 120


def test_foreign_keys_are_kept_and_cascade(db: Database) -> None:
    conversation = Conversation(owner_id=OWNER_ID, base_ids=[])
    message = StoredMessage(conversation_id=conversation.id, position=0, role="user")
    with pytest.raises(IntegrityError), db.write() as session:
        session.add(message.model_copy(update={"conversation_id": "none"}))
    with db.write() as session:
        session.add(conversation)
        session.flush()
        session.add(message)
    with db.write() as session:
        session.delete(session.exec(select(Conversation)).one())
    with db.read() as session:
        assert session.exec(select(StoredMessage)).all() == []


def test_chunk_ids_are_never_given_twice(db: Database) -> None:
    row = base()
    document = StoredDocument(
        base_id=row.id,
        name="a.txt",
        path="a.txt",
        series_id="s",
        media_type="text/plain",
        size_bytes=1,
        sha256="0" * 64,
    )

    def add_chunk(session: Session) -> int:
        chunk = StoredChunk(
            id=None,
            document_id=document.id,
            base_id=row.id,
            sequence=1,
            ordinal=0,
            text="字",
            start=0,
            end=1,
            headings=[],
        )
        session.add(chunk)
        session.flush()
        assert chunk.id is not None
        return chunk.id

    with db.write() as session:
        session.add(row)
        session.flush()
        session.add(document)
        session.flush()
        first = add_chunk(session)
    with db.write() as session:
        session.delete(session.exec(select(StoredChunk)).one())
    with db.write() as session:
        assert add_chunk(session) > first


def test_check(db: Database) -> None:
    db.check()


def test_sqlite_is_durable_and_creates_its_folder(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'new' / 'folder' / 'zhiwen.db'}")
    with db.read() as session:
        assert session.connection().scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.connection().scalar(text("PRAGMA synchronous")) == 2
        assert session.connection().scalar(text("PRAGMA foreign_keys")) == 1
        assert session.connection().scalar(text("PRAGMA busy_timeout")) == 10_000


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_urls(scheme: str) -> None:
    db = Database(f"{scheme}://zhiwen:secret@127.0.0.1:1/zhiwen")
    assert db.dialect == "postgresql"
    assert db.engine.dialect.driver == "psycopg"
    with pytest.raises(DatabaseUnavailable) as caught:
        db.check()
    assert "secret" not in str(caught.value)
    with pytest.raises(DatabaseUnavailable):
        db.migrate()


@pytest.mark.parametrize("url", ["nonsense", "mysql://localhost/x", "sqlite://"])
def test_refused_urls(url: str) -> None:
    with pytest.raises(DatabaseUnavailable):
        Database(url)


def test_a_folder_in_the_way_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        Database(f"sqlite:///{tmp_path}").migrate()


@pytest.mark.slow
def test_many_processes_start_at_once(url: str) -> None:
    script = (
        "import sys; from app.db.engine import Database; db = Database(sys.argv[1]);"
        "db.migrate(); db.check()"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, url], stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for process in processes:
        _, stderr = process.communicate(timeout=120)
        assert process.returncode == 0, stderr.decode()
