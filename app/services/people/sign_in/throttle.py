"""How often somebody may try to sign in, or ask without an account. Counted in the database, for
all API processes together. An IPv6 address counts as its network of 64 bits: one visitor has all
of it.

Only signing in is counted: who is signed in stays so, whatever others try with their name.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from app.db.engine import Database, lock_name
from app.db.tables import RateLimitHit, utc_now
from app.services.errors import TooManyAttempts

_QUARTER, _HOUR = timedelta(minutes=15), timedelta(hours=1)

# Attempts in 15 minutes. The first stops guessing; the second, guessing from many addresses; the
# third, trying many names. An office may share an address.
BY_NAME_AND_ADDRESS = 10
BY_NAME = 50
BY_ADDRESS = 100
# Sign-ins by a provider, which does the guarding: each asks it something and writes a row.
BY_PROVIDER = 300
BY_PERSON = 10  # for the password of who is signed in


@dataclass(frozen=True, slots=True)
class _Limit:
    """At most `most` hits of `of` in a moving window."""

    most: int
    of: tuple[str, ...]
    window: timedelta = _QUARTER

    @property
    def of_hash(self) -> str:
        return hashlib.sha256(json.dumps(self.of).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Throttle:
    """Thread-safe. `hourly_questions`: of one address, through the chat widget; 0 = any number.

    What is refused is not counted.
    """

    db: Database
    hourly_questions: int = 0

    def attempt(self, name: str, address: str) -> None:
        """Counts an attempt. Raises TooManyAttempts where there were too many."""
        network = _network(address)
        self._hit(
            _Limit(BY_ADDRESS, ("address", network)),
            _both(name, network),
            _Limit(BY_NAME, ("name", name)),
        )

    def attempt_own(self, person_id: str) -> None:
        """Counts an attempt to confirm by one's password what a session is not enough for; it keeps
        nobody from signing in. Raises TooManyAttempts."""
        self._hit(_own(person_id))

    def confirmed(self, person_id: str) -> None:
        """Forgets the attempts before the right password."""
        self._forget(_own(person_id))

    def arrive(self, address: str) -> None:
        """Counts a step of a sign-in by a provider. Raises TooManyAttempts."""
        self._hit(_Limit(BY_PROVIDER, ("provider", _network(address))))

    def ask(self, address: str) -> None:
        """Counts a question of a visitor without an account. Raises TooManyAttempts."""
        if self.hourly_questions:
            self._hit(_Limit(self.hourly_questions, ("question", _network(address)), _HOUR))

    def is_news(self, address: str) -> bool:
        """Whether it is worth an audit entry that attempts from `address` are refused: once in 15
        minutes, so that nobody fills the disk with entries."""
        try:
            self._hit(_Limit(1, ("news", _network(address))))
        except TooManyAttempts:
            return False
        return True

    def succeeded(self, name: str, address: str) -> None:
        """Forgets the attempts of this name from this address."""
        self._forget(_both(name, _network(address)))

    def _forget(self, limit: _Limit) -> None:
        with self.db.write() as session:
            session.exec(delete(RateLimitHit).where(col(RateLimitHit.of_hash) == limit.of_hash))

    def _hit(self, *limits: _Limit) -> None:
        """Counts against all of them, or against none. Locks are taken in the order given."""
        with self.db.read() as session:  # a flood is refused without a lock
            _check(session, limits, utc_now())
        with self.db.write() as session:
            for limit in limits:
                lock_name(session, limit.of_hash)
            now = utc_now()
            _check(session, limits, now)
            session.add_all(
                RateLimitHit(of_hash=limit.of_hash, expires_at=now + limit.window)
                for limit in limits
            )


def _own(person_id: str) -> _Limit:
    return _Limit(BY_PERSON, ("own", person_id))


def _both(name: str, network: str) -> _Limit:
    return _Limit(BY_NAME_AND_ADDRESS, ("both", name, network))


def _check(session: Session, limits: Sequence[_Limit], now: datetime) -> None:
    """Raises TooManyAttempts."""
    hits = select(func.count(), func.min(col(RateLimitHit.expires_at)))
    for limit in limits:
        of = (RateLimitHit.of_hash == limit.of_hash, col(RateLimitHit.expires_at) > now)
        count, oldest_expires_at = session.exec(hits.where(*of)).one()
        if count >= limit.most:
            raise TooManyAttempts(max(1, math.ceil((oldest_expires_at - now).total_seconds())))


def _network(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    if found.ipv4_mapped:  # ::ffff:192.0.2.7, all of which are in one network of 64 bits
        return str(found.ipv4_mapped)
    return str(ip_network((found, 64), strict=False))
