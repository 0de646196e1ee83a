"""No sentence of a forbidden document reaches anybody: random people, rights and questions.

`python -m tests.services.people.run --cases 10000` tries more of them.
"""

import random
from pathlib import Path

import pytest

from tests.postgres import fresh_database
from tests.services.people.house import house
from tests.services.people.leaks import CASES_AT_ONCE, check_cases

CASES = 300


def test_nobody_reads_what_is_not_for_them(tmp_path: Path) -> None:
    dice = random.Random(1)
    with house(tmp_path) as world:
        reached = sum(check_cases(world, dice) for _ in range(CASES // CASES_AT_ONCE))
    assert CASES // 10 < reached < CASES, "both must occur: what is for them, and what is not"


@pytest.mark.parametrize("vectors", ["faiss", "pgvector", "milvus"])
def test_nor_on_postgresql(
    tmp_path: Path, postgres_server: str, request: pytest.FixtureRequest, vectors: str
) -> None:
    """By whatever engine searches the vectors."""
    dice, engine = random.Random(3), {"vectors": vectors}
    if vectors == "milvus":
        engine["milvus_url"] = request.getfixturevalue("milvus_server")
    with fresh_database(postgres_server, migrated=True) as url:  # noqa: SIM117
        with house(tmp_path, database_url=url, **engine) as world:
            for _ in range(4):
                check_cases(world, dice)
