"""Twenty seconds of `python -m tests.browser.clicking`. The last file here: it leaves a mess."""

import random

from playwright.sync_api import Browser

from tests.browser.clicking.clicks import Person, click
from tests.browser.everyone.house import ADMIN, MEMBER, House

SECONDS, SEED = 20, 1


def test_two_people_click_at_random(browser: Browser, house: House) -> None:
    clicks = click(browser, house, SECONDS, SEED)
    assert not clicks.broken, "\n".join(clicks.broken)
    assert all(clicks.done[name] > SECONDS / 8 for name in (ADMIN, MEMBER)), clicks.done


def test_what_could_not_be_done_is_not_counted(browser: Browser) -> None:
    page = browser.new_page()
    page.close()
    done = [Person("nobody", page, random.Random(n)).step() for n in range(5)]
    assert done == [False] * 5
