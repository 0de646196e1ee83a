"""The services for people over the configured database, without a running service."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.wiring.people import PeopleServices


@contextmanager
def people_services() -> "Iterator[PeopleServices]":
    """Brings the database up to date, or creates it."""
    from app.config import Settings
    from app.db.engine import Database
    from app.wiring.people import build_people

    settings = Settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    db = Database(settings.sql_url)
    try:
        db.migrate()
        yield build_people(settings, db)
    finally:
        db.dispose()


def base_id_of(people: "PeopleServices", name: str) -> str:
    """Of a base given by name or id. Raises NotFound, Conflict."""
    from app.services.library.bases import base_named

    with people.keys.db.read() as session:
        return base_named(session, name).id


def welcome(token: str) -> str:
    """The address of a link."""
    from app.config import Settings

    return f"{Settings().ui_base_url}/welcome?token={token}"
