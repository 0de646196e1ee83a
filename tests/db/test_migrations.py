import json
import logging
from datetime import UTC, datetime

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlmodel import SQLModel, select

from app.db.engine import Database
from app.db.tables import (
    OWNER_ID,
    Conversation,
    DocumentPath,
    Job,
    StoredMessage,
    microseconds,
    utc_now,
)
from app.services.answers.branches.showing import show
from app.services.jobs.queue import Jobs
from tests.db.migrations import migrations


def test_migrated_database_is_what_the_tables_say(db: Database) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_name": lambda name, kind, _: (
                    kind != "table" or not name.startswith("chunk_terms")
                )
            },
        )
        assert compare_metadata(context, SQLModel.metadata) == []


def test_migrating_again_changes_nothing(db: Database) -> None:
    before = inspect(db.engine).get_table_names()
    db.migrate()
    assert inspect(db.engine).get_table_names() == before
    with db.read() as session:
        assert session.connection().scalar(text("SELECT count(*) FROM alembic_version")) == 1


def bring_to(db: Database, revision: str) -> None:
    """Take the schema back to an earlier revision."""
    with db.engine.connect() as connection:
        if db.dialect == "sqlite":  # as `Database.migrate` does
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
            connection.detach()
        with connection.begin():
            command.downgrade(migrations(connection), revision)


def test_migrations_go_back(db: Database) -> None:
    bring_to(db, "base")
    tables = inspect(db.engine).get_table_names()
    assert [name for name in tables if not name.startswith("sqlite")] == ["alembic_version"]
    db.migrate()


def test_migrating_leaves_logging_alone(db: Database) -> None:
    logger = logging.getLogger("app.db.before")
    db.migrate()
    assert not logger.disabled


_JOB_COLUMNS = (
    *("id", "document_id", "state", "stage", "done", "total", "attempts", "worker", "lease_until"),
    *("created_at", "updated_at"),
)


def jobs_of(db: Database) -> list[tuple[object, ...]]:
    query = text(f"SELECT {', '.join(_JOB_COLUMNS)} FROM job ORDER BY id")  # noqa: S608  # our own names
    with db.read() as session:
        return [tuple(row) for row in session.connection().execute(query)]


def test_ingest_jobs_move_into_the_table_of_all_jobs_and_back(db: Database) -> None:
    bring_to(db, "0011")
    with db.write() as session:
        connection = session.connection()
        connection.execute(
            text(
                "INSERT INTO knowledge_base (id, name, description, embedder, dim, generation,"
                " sequence, created_at) VALUES ('b', 'b', '', 'hashing', 8, 0, 0, :now)"
            ),
            {"now": utc_now()},
        )
        connection.execute(
            text(
                "INSERT INTO document (id, base_id, name, path, also_at, series_id, version,"
                " media_type, size_bytes, sha256, state, title, chunk_count, created_at,"
                " updated_at) VALUES ('d', 'b', 'a.md', 'a.md', '{}', 'd', 1, 'text/markdown', 1,"
                " 'x', 'queued', '', 0, :now, :now)"
            ),
            {"now": utc_now()},
        )
        for number, state in enumerate(("queued", "running", "done", "failed")):
            held = {"worker": "w", "lease": utc_now()} if state == "running" else {}
            connection.execute(
                text(
                    "INSERT INTO job (id, document_id, state, stage, done, total, attempts, worker,"
                    " lease_until, created_at, updated_at) VALUES (:id, 'd', :state, 'parsing',"
                    " :done, 9, 1, :worker, :lease, :now, :now)"
                ),
                {
                    **{"id": f"j{number}", "state": state, "done": number, "now": utc_now()},
                    **{"worker": None, "lease": None},
                    **held,
                },
            )
        connection.execute(
            text("INSERT INTO heartbeat (process, state, seen_at) VALUES ('worker', 'idle', :now)"),
            {"now": utc_now()},
        )
    before = jobs_of(db)
    assert len(before) == 4

    db.migrate()

    assert jobs_of(db) == before
    with db.read() as session:
        jobs = session.exec(select(Job)).all()
    assert {(job.kind, job.base_id, job.error_code) for job in jobs} == {("ingest", None, None)}
    assert all(job.request == {} for job in jobs)
    claimed = Jobs(db).claim("another")
    assert claimed is not None and claimed.document_id == "d"
    Jobs(db).give_back("another")
    with db.write() as session:
        session.add(Job(kind="evaluate", base_id="b"))

    bring_to(db, "0011")
    after = {row[0]: row[:7] for row in jobs_of(db)}
    assert after.keys() == {"j0", "j1", "j2", "j3"}
    db.migrate()


def test_deleting_a_document_still_takes_its_jobs_along(db: Database) -> None:
    """SQLite rebuilds the table to extend it, and its references with it."""
    with db.engine.connect() as connection:
        found = {
            (key["constrained_columns"][0], key["referred_table"], key["options"].get("ondelete"))
            for key in inspect(connection).get_foreign_keys("job")
        }
    assert found == {
        ("document_id", "document", "CASCADE"),
        ("base_id", "knowledge_base", "CASCADE"),
    }


def test_paths_move_into_their_table_and_back(db: Database) -> None:
    bring_to(db, "0016")
    created_at = datetime(2026, 3, 1, 8, 30, 0, 123456, UTC)
    copies = {"copies/手册.md": 1_700_000_000_000_001, "z.md": 1_700_000_000_000_002}
    also_at = {f"d{number:04}": copies if number == 7 else {} for number in range(1001)}
    with db.write() as session:
        session.connection().execute(
            text(
                "INSERT INTO document (id, base_id, name, path, also_at, series_id, version,"
                " media_type, size_bytes, sha256, state, title, chunk_count, notices, created_at,"
                " updated_at) VALUES (:id, 'b', 'a.md', :id, :also_at, 'd', 1, 'text/markdown', 1,"
                " 'x', 'ready', '', 0, '[]', :now, :now)"
            ),
            [
                {"id": id_, "also_at": json.dumps(others), "now": created_at}
                for id_, others in also_at.items()
            ],
        )

    db.migrate()

    with db.read() as session:
        rows = session.exec(select(DocumentPath)).all()
    moved = {(row.document_id, row.base_id, row.path, row.sent_at_us) for row in rows}
    assert len(rows) == len(moved) == 1001 + 2
    assert {row for row in moved if row[0] == "d0007"} == {
        ("d0007", "b", "d0007", microseconds(created_at)),
        *(("d0007", "b", path, at_us) for path, at_us in copies.items()),
    }

    bring_to(db, "0016")
    with db.read() as session:
        back = session.connection().execute(text("SELECT id, also_at FROM document"))
        kept = {id_: json.loads(each) if isinstance(each, str) else each for id_, each in back}
    assert kept == also_at
    db.migrate()


_MESSAGE = (
    "INSERT INTO message (id, conversation_id, position, variant, role, state, content, base_ids,"
    " rewritten, raw_output, thought, prompt, passages, citations, checks, unsupported, conflicts,"
    " prompt_tokens, completion_tokens, thought_tokens, timings_ms, task, recipe, trace_id,"
    " created_at, updated_at) VALUES (:id, :talk, :position, :variant, :role, 'complete', :content,"
    " '[]', '', '', '', '[]', '[]', '[]', '[]', '[]', '[]', 0, 0, 0, '{}', 'qa', '{}', '', :now,"
    " :now)"
)


def test_conversations_become_one_branch_and_the_one_that_is_shown_stays(db: Database) -> None:
    bring_to(db, "0028")
    asked = [
        *(("q0", 0, 0, "user", "年假？"), ("a0", 1, 0, "assistant", "十五天。")),
        *(("a1", 1, 1, "assistant", "每年十五天。"), ("a2", 1, 2, "assistant", "")),
        *(("q1", 2, 0, "user", "病假？"), ("a3", 3, 0, "assistant", "")),
    ]
    with db.write() as session:
        connection = session.connection()
        for talk in ("x", "y"):
            connection.execute(
                text(
                    "INSERT INTO conversation (id, owner_id, title, base_ids, created_at,"
                    " updated_at) VALUES (:id, :owner, '', '[]', :now, :now)"
                ),
                {"id": talk, "owner": OWNER_ID, "now": utc_now()},
            )
            for id_, position, variant, role, content in asked:
                row = {"id": talk + id_, "talk": talk, "position": position, "variant": variant}
                row |= {"role": role, "content": content, "now": utc_now()}
                connection.execute(text(_MESSAGE), row)

    db.migrate()

    with db.read() as session:
        found = {m.id: m for m in session.exec(select(StoredMessage))}
    assert all(message.shown and message.chosen for message in found.values())
    for talk in ("x", "y"):
        parents = {id_: found[talk + id_].parent_id for id_, *_ in asked}
        assert parents == {
            **{"q0": None, "a0": f"{talk}q0", "a1": f"{talk}q0", "a2": f"{talk}q0"},
            **{"q1": f"{talk}a1", "a3": f"{talk}q1"},  # a2 failed before its first word
        }
    with db.write() as session:
        edited = StoredMessage(conversation_id="x", position=0, variant=1, role="user", content="?")
        session.add(edited)
        talk_x = session.get_one(Conversation, "x")
        session.flush()
        show(session, talk_x, edited.id)

    bring_to(db, "0028")
    with db.read() as session:
        left = session.connection().execute(text("SELECT id, variant FROM message"))
        kept = dict(row for row in left if row.id == edited.id or row.id.startswith("x"))
    assert kept == {edited.id: 0}
    db.migrate()
