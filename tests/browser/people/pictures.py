"""Takes the pictures of docs/people.md anew: signing in, sharing, accounts.

python -m tests.browser.people.pictures        writes docs/images/people; half a minute
"""

import shutil
import tempfile
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from app.services.people.access import LOCAL_OWNER
from tests.application import RunningApi, running_api
from tests.browser.conftest import ARGUMENTS, BROWSERS
from tests.browser.gestures import open_page, shown
from tests.guard.test_interface import interface
from tests.passwords import cheap_passwords
from ui.words.texts import words

FOLDER = Path(__file__).parents[3] / "docs" / "images" / "people"
EN = words("en")
PASSWORD = "ada rides a blue bicycle"
PEOPLE = {"ada": "Ada Lin", "bob": "Bob Chen", "carol": "Carol Wu"}


def populate(api: RunningApi) -> None:
    """Ada administers and has a base; Bob reads it, and so does the group Law, where Carol is."""
    own = api.application
    accounts = {
        name: own.accounts.create(LOCAL_OWNER, name, shown, f"{name}@example.com", admin=n == 0)
        for n, (name, shown) in enumerate(PEOPLE.items())
    }
    for name in ("ada", "bob"):
        own.links.use(accounts[name][1], PASSWORD)
    law = own.groups.create(LOCAL_OWNER, "Law")
    own.groups.add_member(LOCAL_OWNER, law.id, accounts["carol"][0].id)
    browser = api.http
    browser.post("/api/session", json={"name": "ada", "password": PASSWORD}).raise_for_status()
    base = browser.post("/api/bases", json={"name": "Handbook"}).json()["id"]
    for kind, id_, role in (
        ("person", accounts["bob"][0].id, "editor"),
        ("group", law.id, "reader"),
    ):
        grant = {"subject_kind": kind, "subject_id": id_, "role": role}
        browser.put(f"/api/bases/{base}/grants", json=grant).raise_for_status()


def tell(page: Page, url: str, api: RunningApi) -> None:
    page.goto(url)
    page.get_by_label(EN["login.name"]).fill("ada")
    page.get_by_label(EN["login.password"]).fill(PASSWORD)
    _shoot(page, "login")
    page.get_by_role("button", name=EN["login.submit"]).click()
    expect(page.locator(".st-key-account")).to_contain_text("Ada Lin")
    open_page(page, EN["page.documents"])
    page.locator(".st-key-base-menu button").click()
    page.get_by_role("menuitem", name=EN["action.share"], exact=True).click()
    expect(page.get_by_role("dialog").get_by_text("Bob Chen").first).to_be_visible()
    _shoot(page, "share")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    api.application.last_seen.write()  # as the API does each minute
    open_page(page, EN["page.people"])
    expect(shown(page, "Carol Wu (carol)", exact=True)).to_be_visible()
    _shoot(page, "people")


def _shoot(page: Page, name: str) -> None:
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    expect(page.locator('[data-stale="true"]')).to_have_count(0)
    taken = Image.open(BytesIO(page.screenshot(animations="disabled")))
    taken.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(
        FOLDER / f"{name}.png", optimize=True
    )


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    chromium = next(found for name in BROWSERS if (found := shutil.which(name)))
    expect.set_options(timeout=60_000)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_api(Path(folder) / "api", auth="password", passwords=cheap_passwords()) as api,
    ):
        populate(api)
        port = urlsplit(api.url).port
        with interface(Path(folder) / "ui", api_port=port) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            page = browser.new_page(viewport={"width": 1000, "height": 560}, locale="en-GB")
            tell(page, url, api)
            browser.close()


if __name__ == "__main__":
    main()
