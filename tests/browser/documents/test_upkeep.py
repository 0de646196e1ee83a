"""Upkeep, settings and evaluation in a browser, also on a phone: from what is wrong to what is done
about it."""

from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from app.api.routes.operating.checkup import CheckUpOut
from app.api.routes.operating.insight import FiguresOut, GapOut
from tests.browser.conftest import Interface
from tests.browser.gestures import shoot, shown
from ui.words.texts import words

ZH = words("zh")
QUESTION = "公司班车几点发车，周末也有吗，从哪里上车？" * 6  # long


@pytest.fixture(params=[1280, 390], ids=["desktop", "phone"])
def sized(request: pytest.FixtureRequest, browser: Browser) -> Page:
    context = browser.new_context(
        viewport={"width": request.param, "height": 844}, locale="zh-CN", color_scheme="dark"
    )
    request.addfinalizer(context.close)
    opened = context.new_page()
    opened.set_default_timeout(90_000)
    return opened


def fits(page: Page) -> bool:
    """Whether nothing sticks out at the side."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    return bool(page.evaluate("document.documentElement.scrollWidth") <= width)


def test_a_gap_is_closed_by_an_answer(interface: Interface, sized: Page) -> None:
    base_id = next(iter(interface.application.bases))
    interface.application.approved.clear()
    interface.application.operating.gaps = [
        GapOut(
            id="g",
            question=QUESTION,
            times=3,
            people=2,
            base_ids=[base_id],
            last_asked_on=date(2026, 11, 1),
            answered=False,
        )
    ]
    sized.goto(f"{interface.url}/upkeep")
    expect(sized.get_by_text(ZH["gaps.times"].format(n=3))).to_be_visible()
    assert fits(sized)
    shoot(sized, f"40-gaps-{sized.viewport_size['width'] if sized.viewport_size else 0}")
    sized.get_by_role("button", name=ZH["gaps.write"]).click()
    dialog = sized.get_by_role("dialog")
    expect(dialog.get_by_label(ZH["approved.question"])).to_have_value(QUESTION)
    dialog.get_by_label(ZH["approved.answer"], exact=True).fill("七点半，在东门。")
    dialog.get_by_role("button", name=ZH["approved.approve"]).click()
    expect(dialog).to_have_count(0)
    (approved,) = interface.application.approved.values()
    assert (approved.question, approved.base_ids) == (QUESTION, [base_id])


def test_a_gap_leads_to_the_upload_of_its_base(interface: Interface, page: Page) -> None:
    base = interface.application.add_base("缺口")
    given = {"id": "u", "question": "车位？", "times": 1, "people": 1, "answered": False}
    interface.application.operating.gaps = [
        GapOut.model_validate({**given, "base_ids": [base.id], "last_asked_on": date.today()})
    ]
    page.goto(f"{interface.url}/upkeep")
    page.get_by_role("link", name=ZH["gaps.add_document"]).click()
    expect(page).to_have_url(f"{interface.url}/documents?base={base.id}")
    expect(page.get_by_test_id("stFileUploaderDropzone")).to_be_visible()


def test_an_older_version_is_removed_from_the_check_up(interface: Interface, sized: Page) -> None:
    base = interface.application.add_base(f"体检 {datetime.now(UTC).timestamp()}")
    old = interface.application.add_document(base.id, "手册2023版.md", b"old", "ready")
    new = interface.application.add_document(base.id, "手册2024版.md", b"new", "ready")
    places = [
        {"document_id": document.id, "name": document.name, "ordinal": 0, "text": ""}
        for document in (old, new)
    ]
    interface.application.operating.check_up = CheckUpOut.model_validate(
        {
            "job": None,
            "found_at": datetime.now(UTC),
            "findings": [{"key": "k", "kind": "superseded", "places": places, "facts": {}}],
            **{"ignored": 0, "more": {}, "left_out": [], "documents": 2, "sections": 0},
        }
    )
    sized.goto(f"{interface.url}/upkeep?view=checkup&base={base.id}")
    expect(sized.get_by_text("手册2023版.md").first).to_be_visible()
    assert fits(sized)
    shoot(sized, f"41-checkup-{sized.viewport_size['width'] if sized.viewport_size else 0}")
    sized.get_by_role("button", name=ZH["finding.remove_superseded"]).click()
    dialog = sized.get_by_role("dialog")
    expect(dialog.get_by_text("手册2023版.md")).to_be_visible()
    dialog.get_by_role("button", name=ZH["action.remove"]).click()
    expect(dialog).to_have_count(0)
    assert old.id not in interface.application.documents
    assert new.id in interface.application.documents


def test_keeping_shorter_is_asked_in_red(interface: Interface, sized: Page) -> None:
    for setting in interface.application.operating.settings.settings:
        setting.value = 0
    interface.application.operating.changed.clear()
    sized.goto(f"{interface.url}/settings")
    field = sized.get_by_label(ZH["setting.keep_conversations_days"])
    field.fill("30")
    sized.get_by_role("button", name=ZH["action.save"]).first.click()
    sure = sized.get_by_role("dialog").get_by_role("button", name=ZH["settings.shorten_sure"])
    expect(sure).to_have_css("background-color", "rgb(179, 38, 30)")
    assert fits(sized)
    sure.click()
    expect(sized.get_by_role("dialog")).to_have_count(0)
    assert interface.application.operating.changed == {"keep_conversations_days": 30}


def test_usage_is_drawn_as_a_chart(interface: Interface, page: Page) -> None:
    counts = {"asked": 4, "not_found": 1, "failed": 0, "up": 0, "down": 0}
    interface.application.operating.figures = FiguresOut.model_validate(
        {
            "whole": False,
            "total": counts,
            "days": [{**counts, "day": date(2026, 12, 30)}, {**counts, "day": date(2027, 1, 2)}],
            "bases": [],
            "documents": [],
        }
    )
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{interface.url}/upkeep?view=usage")
    chart = page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first
    expect(chart).to_be_visible()
    expect(shown(page, ZH["figures.asked"].format(n=4))).to_be_visible()
    assert errors == []
    shoot(page, "42-usage")


def test_these_pages_ask_no_other_host(interface: Interface, page: Page) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    for path, heading in (
        ("upkeep?view=usage", "page.upkeep"),
        ("settings", "page.settings"),
        ("evaluation", "page.evaluation"),
    ):
        page.goto(f"{interface.url}/{path}")
        expect(page.get_by_role("heading", name=ZH[heading])).to_be_visible()
    assert hosts == {interface.url.split("/")[2]}
