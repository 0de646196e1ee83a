"""One server and one browser for all tests of this folder."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import browser_started
from tests.browser.everyone.house import House, furnished


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with browser_started() as started:
        yield started


@pytest.fixture(scope="package")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with furnished(tmp_path_factory.mktemp("house")) as furnished_house:
        yield furnished_house
