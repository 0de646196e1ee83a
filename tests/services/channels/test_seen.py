"""Which messages were delivered before, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlmodel import select

from app.db.engine import Database
from app.db.tables import BotDelivery
from app.services.channels.seen import Seen
from tests.patience import PATIENCE_S


@pytest.fixture
def processes(url: str) -> Iterator[list[Seen]]:
    """Two of them, with the same database."""
    databases = [Database(url), Database(url)]
    yield [Seen(db) for db in databases]
    for db in databases:
        db.dispose()


def test_what_one_process_was_delivered_the_other_knows(processes: list[Seen]) -> None:
    one, other = processes
    assert one.first_time("a", ["1", "2"])
    assert not other.first_time("a", ["2", "3"])
    assert not one.first_time("a", ["3"])
    assert other.first_time("b", ["1"])


def test_of_several_at_once_one_answers(processes: list[Seen]) -> None:
    together = Barrier(2)

    def deliver(process: int) -> list[bool]:
        found = []
        for message in range(50):
            together.wait(timeout=PATIENCE_S)
            ids = [f"{message}", f"{message} as event {process}"]
            found.append(processes[process].first_time("a", ids))
        return found

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(deliver, range(2))
    assert [answered.count(True) for answered in zip(one, other, strict=True)] == [1] * 50


@pytest.mark.parametrize("id_", ["x" * 100_000, "\x00", "\ud800", ""])
def test_whoever_delivers_chooses_the_id(processes: list[Seen], id_: str) -> None:
    assert [seen.first_time("a", [id_]) for seen in processes] == [True, False]


def test_after_a_day_they_are_forgotten(processes: list[Seen]) -> None:
    one, other = processes
    one.first_time("a", ["1"])
    with one.db.write() as session:
        (row,) = session.exec(select(BotDelivery))
        row.delivered_at -= timedelta(hours=23)
    assert not other.first_time("a", ["1"])
    with one.db.write() as session:
        (row,) = session.exec(select(BotDelivery))
        row.delivered_at -= timedelta(hours=1, seconds=1)
    assert other.first_time("a", ["1"])
