"""What people and their keys use on a day (UTC), and limits of it.

Without limits, counts are kept in memory and added to the database now and then. With limits,
requests are counted in the database, so that they hold for all processes together; the tokens of
others are known some seconds later.
"""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from app.db.engine import Database, lock_name
from app.db.tables import UsageDay, utc_now
from app.services.errors import DailyLimit
from app.services.people.access import Access

WRITE_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class DailyLimits:
    """0 = no limit. A person's count includes their keys."""

    requests: int = 0
    tokens: int = 0
    key_requests: int = 0
    key_tokens: int = 0

    @property
    def any(self) -> bool:
        return bool(self.requests or self.tokens or self.key_requests or self.key_tokens)


class _Of(NamedTuple):
    day: date
    person_id: str
    key_id: str


def asked_by(access: Access) -> dict[str, dict[str, str]]:
    """For the request of a job, whose tokens are counted once it has ended."""
    return {"asked_by": {"person_id": access.person_id, "key_id": access.key_id}}


@dataclass(slots=True)
class Used:
    requests: int = 0
    tokens: int = 0

    def add(self, other: "Used") -> None:
        self.requests += other.requests
        self.tokens += other.tokens


@dataclass(slots=True, eq=False)
class Usage:
    """Thread-safe. `limits` may be replaced at any time."""

    db: Database
    limits: DailyLimits
    _pending: dict[_Of, Used] = field(default_factory=lambda: defaultdict(Used))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self, access: Access, now: datetime | None = None) -> None:
        """Counts a question or search. Raises DailyLimit where a limit is used up."""
        now = now or utc_now()
        today = _Of(now.date(), access.person_id, access.key_id)
        if not self.limits.any:
            with self._lock:
                self._pending[today].requests += 1
            return
        with self.db.write() as session:
            lock_name(session, f"usage {access.person_id}")
            self._check(session, today, now)
            self._add(session, {today: Used(requests=1)})

    def add_tokens(self, access: Access, count: int) -> None:
        """Counts tokens of a prompt and its answer."""
        today = _Of(utc_now().date(), access.person_id, access.key_id)
        with self._lock:
            self._pending[today].tokens += count

    def charge_job(self, request: Mapping[str, Any], count: int) -> None:
        """Counts the tokens that a job used, on the account of who asked for it; see `asked_by`."""
        by = request.get("asked_by")
        if by is None:  # it began by itself
            return
        of = _Of(utc_now().date(), by["person_id"], by["key_id"])
        with self.db.write() as session:
            self._add(session, {of: Used(tokens=count)})

    def _check(self, session: Session, today: _Of, now: datetime) -> None:
        by_key = self._today(session, today)
        person = Used()
        for each in by_key.values():
            person.add(each)
        key = by_key[today.key_id] if today.key_id else Used()
        for used, limit, unit in (
            (person.requests, self.limits.requests, "requests"),
            (person.tokens, self.limits.tokens, "tokens"),
            (key.requests, self.limits.key_requests, "requests with this key"),
            (key.tokens, self.limits.key_tokens, "tokens with this key"),
        ):
            if limit and used >= limit:
                midnight = datetime.combine(today.day, datetime.min.time(), UTC) + timedelta(days=1)
                raise DailyLimit(used, limit, unit, max(1, int((midnight - now).total_seconds())))

    def _today(self, session: Session, of: _Of) -> dict[str, Used]:
        """By key; the person themselves is the empty one."""
        found: dict[str, Used] = defaultdict(Used)
        stored = select(UsageDay.key_id, UsageDay.requests, UsageDay.tokens).where(
            UsageDay.day == of.day, UsageDay.person_id == of.person_id
        )
        for key_id, requests, tokens in session.exec(stored):
            found[key_id].add(Used(requests, tokens))
        with self._lock:
            for pending, used in self._pending.items():
                if pending[:2] == of[:2]:
                    found[pending.key_id].add(used)
        return found

    def write(self) -> None:
        """Adds what was counted since the last time to the database."""
        with self._lock:
            pending, self._pending = self._pending, defaultdict(Used)
        if not pending:
            return
        try:
            with self.db.write() as session:
                self._add(session, pending)
        except Exception:
            with self._lock:
                for of, used in pending.items():
                    self._pending[of].add(used)
            raise

    def _add(self, session: Session, counted: Mapping[_Of, Used]) -> None:
        rows = [
            {**of._asdict(), "requests": used.requests, "tokens": used.tokens}
            for of, used in sorted(counted.items())
        ]
        session.connection().execute(self._upsert, rows)

    @property
    def _upsert(self) -> postgresql.Insert | sqlite.Insert:
        insert = postgresql.insert if self.db.dialect == "postgresql" else sqlite.insert
        statement = insert(UsageDay)
        more = statement.excluded
        return statement.on_conflict_do_update(
            index_elements=["day", "person_id", "key_id"],
            set_={
                "requests": col(UsageDay.requests) + more.requests,
                "tokens": col(UsageDay.tokens) + more.tokens,
            },
        )

    def page(self, days: int, person_id: str = "") -> Sequence[UsageDay]:
        """Of the last days, today included, latest first; of one person where given."""
        self.write()
        since = utc_now().date() - timedelta(days=days - 1)
        wanted = select(UsageDay).where(col(UsageDay.day) >= since)
        if person_id:
            wanted = wanted.where(UsageDay.person_id == person_id)
        with self.db.read() as session:
            order = (col(UsageDay.day).desc(), UsageDay.person_id, UsageDay.key_id)
            return session.exec(wanted.order_by(*order)).all()
