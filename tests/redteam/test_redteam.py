"""Every attack is blocked. `make redteam` tries the same and prints a table; it also tries the slow
patterns, which are told by measured time and so are none of the tests."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import fresh_database
from tests.redteam.attack import Attack, attempt
from tests.redteam.attacks import ALL, IN_DATABASE
from tests.redteam.attacks.load import REDOS
from tests.redteam.world import World, attacked


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with attacked(tmp_path_factory.mktemp("redteam")) as found:
        yield found


def test_there_are_two_hundred_with_names_of_their_own() -> None:
    assert len(ALL) >= 200
    assert len({str(attack) for attack in ALL}) == len(ALL)


def test_the_page_counts_them() -> None:
    page = (Path(__file__).parents[2] / "docs" / "security.md").read_text("utf-8")
    rows = {kind: int(n) for kind, n in re.findall(r"^\| ([^|]+) \| (\d+) \|", page, re.M)}
    counted = Counter(attack.kind for attack in ALL)
    assert rows == {**counted, "all": counted.total()}


@pytest.fixture(scope="module")
def on_postgresql(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[World]:
    with (
        fresh_database(postgres_server, migrated=True) as url,
        attacked(tmp_path_factory.mktemp("postgresql"), url) as found,
    ):
        yield found


@pytest.mark.parametrize("attack", [a for a in ALL if a.kind != REDOS], ids=str)
def test_it_is_blocked(attack: Attack, world: World) -> None:
    assert not attempt(attack, world)


@pytest.mark.parametrize("attack", [a for a in ALL if a.kind in IN_DATABASE], ids=str)
def test_it_is_blocked_on_postgresql(attack: Attack, on_postgresql: World) -> None:
    """Which takes other characters, compares otherwise, and refuses what SQLite takes."""
    assert not attempt(attack, on_postgresql)
