"""When people, sessions and keys were last used: noted in memory, written now and then, so that no
request waits for it."""

import threading
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Update, bindparam, update
from sqlmodel import SQLModel

from app.db.engine import Database
from app.db.tables import ApiKey, LoginSession, Person, utc_now

WRITE_EVERY_S = 60.0


@dataclass(slots=True, eq=False)
class LastSeen:
    """Thread-safe. A process that is killed forgets what it noted since the last `write`."""

    db: Database
    _people: dict[str, datetime] = field(default_factory=dict)
    _sessions: dict[str, datetime] = field(default_factory=dict)
    _keys: dict[str, datetime] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, person_id: str, *, session_id: str = "", key_id: str = "") -> None:
        now = utc_now()
        with self._lock:
            self._people[person_id] = now
            if session_id:
                self._sessions[session_id] = now
            if key_id:
                self._keys[key_id] = now

    def of_session(self, session_id: str) -> datetime | None:
        """The time that is not written yet."""
        with self._lock:
            return self._sessions.get(session_id)

    def write(self) -> None:
        """Writes what was noted since the last time."""
        with self._lock:
            people, self._people = self._people, {}
            sessions, self._sessions = self._sessions, {}
            keys, self._keys = self._keys, {}
        if not people:
            return
        with self.db.write() as session:
            connection = session.connection()
            for table, name, noted in (
                (Person, "seen_at", people),
                (LoginSession, "seen_at", sessions),
                (ApiKey, "used_at", keys),
            ):
                if noted:
                    rows = [{"of": id_, "at": at} for id_, at in sorted(noted.items())]
                    connection.execute(_update(table, name), rows)


def _update(table: type[SQLModel], name: str) -> Update:
    columns = table.__table__.c  # type: ignore[attr-defined]  # of every table
    return (
        update(table)
        .where(columns.id == bindparam("of"))
        .values({columns[name]: bindparam("at", type_=columns[name].type)})
    )
