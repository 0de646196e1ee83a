"""How the tree of a conversation is read, and turned while others write."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from app.db.engine import Database
from app.db.tables import OWNER_ID, Conversation, StoredMessage
from app.services.answers.branches.tree import tree_of
from app.services.answers.conversations import Conversations, get_conversation
from app.services.errors import Conflict
from app.services.people.access import LOCAL_OWNER as ME
from tests.patience import PATIENCE_S
from tests.postgres import fresh_database
from tests.sqlite import migrated_file


def add(db: Database, turns: int) -> str:
    """A conversation of one branch. Its id."""
    with db.write() as session:
        talk = Conversation(owner_id=OWNER_ID, base_ids=[])
        session.add(talk)
        session.flush()
        parent = None
        for position in range(2 * turns):
            message = StoredMessage(
                conversation_id=talk.id,
                parent_id=parent,
                position=position,
                role="assistant" if position % 2 else "user",
                content=str(position),
            )
            session.add(message)
            parent = message.id
        return talk.id


def test_turning_to_a_branch_waits_for_whoever_adds_to_it(postgres_server: str) -> None:
    """SQLite has one writer anyway."""
    with fresh_database(postgres_server, migrated=True) as url:
        db = Database(url)
        talk = add(db, 1)
        with db.read() as session:
            question, answer = tree_of(session, talk).nodes
        raised: list[Exception] = []

        def turn() -> None:
            try:
                Conversations(db).show(ME, question)
            except Conflict as error:
                raised.append(error)

        turning = threading.Thread(target=turn)
        with db.write() as session:
            get_conversation(session, ME, talk, lock=True)
            turning.start()
            turning.join(0.5)
            assert turning.is_alive()
            last = session.get_one(StoredMessage, answer)
            last.state = "streaming"
            session.add(last)
        turning.join(PATIENCE_S)
        assert [type(error) for error in raised] == [Conflict]
        db.dispose()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Database]:
    db = Database(f"sqlite:///{migrated_file(tmp_path / 'zhiwen.db')}")
    yield db
    db.dispose()


def plans_of(db: Database, read: Callable[[], object]) -> list[str]:
    """How SQLite finds the messages that are read."""
    statements: list[tuple[str, Any]] = []

    def note(_conn: object, _cursor: object, sql: str, parameters: object, *_: object) -> None:
        statements.append((sql, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    read()
    event.remove(db.engine, "before_cursor_execute", note)
    with db.engine.connect() as connection:
        return [
            str(row.detail)
            for sql, parameters in statements
            if "FROM message" in sql
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
        ]


def test_a_tree_is_read_from_the_index_alone(sqlite: Database) -> None:
    """A message with its prompt and passages takes a hundred times as long to read."""
    talk = add(sqlite, 3)

    def read() -> None:
        with sqlite.read() as session:
            tree_of(session, talk)

    index = "USING COVERING INDEX ix_message_branch (conversation_id=?)"
    assert plans_of(sqlite, read) == [f"SEARCH message {index}"]


def test_the_branch_that_is_shown_is_found_by_the_index(sqlite: Database) -> None:
    talk = add(sqlite, 3)
    _, whole, *_ = plans_of(sqlite, lambda: Conversations(sqlite).get(ME, talk))
    index = "USING INDEX ix_message_branch (conversation_id=? AND shown=?)"
    assert whole == f"SEARCH message {index}"
    found = plans_of(sqlite, lambda: Conversations(sqlite).page(ME, query="x", limit=9, offset=0))
    assert any("ix_message_branch (conversation_id=? AND shown=?)" in plan for plan in found)
