from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.people.house import House
from tests.application import running_api
from tests.passwords import cheap_passwords


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A service with passwords, and nobody in it yet."""
    with running_api(tmp_path / "data", auth="password", passwords=cheap_passwords()) as api:
        yield House(api)
