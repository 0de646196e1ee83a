"""What is used in a day, and limits of it, on SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from app.db.engine import Database
from app.db.tables import utc_now
from app.services.errors import DailyLimit
from app.services.people.access import Access
from app.services.people.usage import DailyLimits, Usage
from tests.services.people.conftest import Rooms

ADA, BOB = Access("ada", "ada"), Access("bob", "bob")
KEY = Access("ada", "ada", key_id="key")


def used(usage: Usage) -> set[tuple[str, str, int, int]]:
    return {(u.person_id, u.key_id, u.requests, u.tokens) for u in usage.page(1)}


def test_two_processes_add_up(rooms: Rooms) -> None:
    one, other = Usage(rooms.db, DailyLimits()), Usage(rooms.db, DailyLimits())
    for usage in (one, other):
        usage.admit(ADA)
        usage.admit(KEY)
        usage.add_tokens(KEY, 100)
        usage.write()
        usage.write()
    other.admit(BOB)
    assert used(other) == {("ada", "", 2, 0), ("ada", "key", 2, 200), ("bob", "", 1, 0)}
    assert [u.person_id for u in one.page(1, "bob")] == ["bob"]


def test_a_limit_holds_for_processes_that_count_at_the_same_time(rooms: Rooms, url: str) -> None:
    other = Database(url)
    usages = [Usage(db, DailyLimits(requests=10)) for db in (rooms.db, other)] * 10
    asked = zip(usages, (ADA, ADA, KEY, KEY) * 5, strict=True)

    def admitted(of: tuple[Usage, Access]) -> bool:
        try:
            of[0].admit(of[1])
        except DailyLimit:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(admitted, asked)) == 10
    other.dispose()


@pytest.mark.parametrize("written", [True, False])
def test_a_person_has_one_limit_with_all_keys(rooms: Rooms, *, written: bool) -> None:
    usage = Usage(rooms.db, DailyLimits(requests=3))
    for access in (ADA, KEY, KEY):
        usage.admit(access)
    if written:
        usage.write()
    for access in (ADA, KEY):
        with pytest.raises(DailyLimit) as refused:
            usage.admit(access)
        assert refused.value.facts == {"used": 3, "limit": 3}
    usage.admit(BOB)


def test_a_key_may_have_a_limit_of_its_own(rooms: Rooms) -> None:
    usage = Usage(rooms.db, DailyLimits(key_requests=1))
    usage.admit(KEY)
    with pytest.raises(DailyLimit):
        usage.admit(KEY)
    usage.admit(ADA)
    usage.admit(Access("ada", "ada", key_id="another"))


def test_tokens_stop_the_next_question_until_midnight(rooms: Rooms) -> None:
    usage = Usage(rooms.db, DailyLimits(tokens=100, key_tokens=1000))
    usage.admit(ADA)
    usage.add_tokens(ADA, 150)
    with pytest.raises(DailyLimit) as refused:
        usage.admit(ADA)
    tomorrow = datetime.combine(utc_now().date(), datetime.min.time(), UTC) + timedelta(days=1)
    assert 0 < refused.value.retry_after_s <= 86_400
    usage.admit(ADA, now=tomorrow + timedelta(seconds=1))
