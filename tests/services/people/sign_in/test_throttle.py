"""Limits of attempts, on SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import select

from app.db.engine import Database
from app.db.tables import RateLimitHit, utc_now
from app.services.errors import TooManyAttempts
from app.services.people.sign_in.throttle import Throttle
from tests.services.people.conftest import Rooms


def allowed(throttle: Throttle, name: str, address: str) -> bool:
    try:
        throttle.attempt(name, address)
    except TooManyAttempts:
        return False
    return True


def test_processes_count_together_also_at_the_same_time(rooms: Rooms, url: str) -> None:
    other = Database(url)
    throttles = [Throttle(rooms.db), Throttle(other)] * 10
    with ThreadPoolExecutor(8) as threads:
        passed = list(threads.map(lambda t: allowed(t, "ada", "192.0.2.1"), throttles))
    assert sum(passed) == 10
    with pytest.raises(TooManyAttempts) as refused:
        Throttle(other).attempt("ada", "192.0.2.1")
    assert 0 < refused.value.retry_after_s <= 900
    other.dispose()


def test_a_network_of_one_visitor_guesses_as_often_as_one_address(rooms: Rooms) -> None:
    """Whoever has an IPv6 address has its network of 64 bits."""
    throttle = rooms.people.throttle
    for n in range(10):
        throttle.attempt("ada", f"2001:db8:1:2::{n}")
    assert not allowed(throttle, "ada", "2001:db8:1:2::ffff")
    throttle.attempt("ada", "2001:db8:1:3::1")
    for n in range(90):
        throttle.attempt(f"name-{n}", f"2001:db8:1:2::{n}")
    assert not allowed(throttle, "bob", "2001:db8:1:2::1:1")
    assert throttle.is_news("2001:db8:1:2::1") and not throttle.is_news("2001:db8:1:2::2")
    throttle.succeeded("ada", "2001:db8:1:3::2")
    for n in range(10):
        throttle.attempt("ada", f"2001:db8:1:3::{n}")


def test_addresses_of_version_4_stay_apart_however_they_are_written(rooms: Rooms) -> None:
    throttle = Throttle(rooms.db, hourly_questions=1)
    throttle.ask("::ffff:192.0.2.1")
    throttle.ask("::ffff:192.0.2.2")
    with pytest.raises(TooManyAttempts):
        throttle.ask("192.0.2.1")


def test_nothing_that_was_typed_is_kept_and_hits_expire(rooms: Rooms) -> None:
    rooms.people.throttle.attempt("a password by mistake", "192.0.2.1")
    with rooms.db.read() as session:
        assert "password" not in str(session.exec(select(RateLimitHit)).all())
    rooms.people.retention.sweep(utc_now() + timedelta(minutes=16))
    with rooms.db.read() as session:
        assert session.exec(select(RateLimitHit)).all() == []
