import logging

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

from app.db import engine
from app.db.engine import Database


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


def test_migrations_go_back(db: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(engine.MIGRATIONS))
    with db.engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    tables = inspect(db.engine).get_table_names()
    assert [name for name in tables if not name.startswith("sqlite")] == ["alembic_version"]
    db.migrate()


def test_migrating_leaves_logging_alone(db: Database) -> None:
    logger = logging.getLogger("app.db.before")
    db.migrate()
    assert not logger.disabled
