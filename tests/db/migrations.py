"""Alembic as `Database.migrate` sets it up."""

from alembic.config import Config
from sqlalchemy import Connection

from app.db.engine import MIGRATIONS


def migrations(connection: Connection | None = None) -> Config:
    """Without a connection, to read the revisions only."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
