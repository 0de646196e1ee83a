from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.config import Settings
from app.db.engine import Database
from app.services.people.access import LOCAL_OWNER
from app.services.people.authentication import Credentials
from app.wiring.people import PeopleServices, build_people
from tests.passwords import cheap_passwords

PASSWORD = "seven green kettles"


@dataclass(slots=True)
class Rooms:
    """The services for people on a database of each kind."""

    db: Database
    people: PeopleServices

    def person(self, name: str, *, admin: bool = False) -> str:
        """The id of somebody new with PASSWORD."""
        person, token = self.people.accounts.create(LOCAL_OWNER, name, admin=admin)
        self.people.links.use(token, PASSWORD)
        return person.id

    def cookie(self, person_id: str) -> Credentials:
        """Of a new session."""
        return Credentials(cookie=self.people.sessions.open(person_id, "password").token)


@pytest.fixture
def rooms(url: str, tmp_path: Path) -> Iterator[Rooms]:
    db = Database(url)
    db.migrate()
    settings = Settings(data_dir=tmp_path, auth="password")
    yield Rooms(db, build_people(settings, db, cheap_passwords()))
    db.dispose()
