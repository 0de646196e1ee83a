"""Changed answers side by side in a browser: from the warning to what got worse, and accepted;
and how a run of an evaluation ends."""

import pytest
from playwright.sync_api import Browser, Page, expect

from app.api.routes.health import HeldOut
from tests.browser.conftest import Interface
from tests.browser.documents.test_upkeep import fits
from tests.browser.everyone.axe import violations
from tests.browser.gestures import open_page, settle, shoot, shown
from tests.ui.improving.test_evaluation_page import add_question, finish, record
from tests.ui.stand_in.improvement import adapter, job
from tests.ui.stand_in.service import changes_out, now
from ui.words.texts import words

LOOKS = {
    "desktop": (1280, "zh-CN", "light"),
    "phone": (390, "zh-CN", "dark"),
    "desktop-en": (1280, "en-US", "dark"),
    "phone-en": (390, "en-US", "light"),
}
LONG = "年假按工龄计算：满一年不满十年的五天，满十年不满二十年的十天，满二十年的十五天[1]。" * 4
TABLE = "| 级别 | 住宿 | 餐补 |\n| --- | --- | --- |\n| 经理 | 600 | 120 |\n| 其他 | 450 | 100 |\n"


@pytest.fixture(params=LOOKS)
def looked(request: pytest.FixtureRequest, browser: Browser) -> Page:
    width, locale, scheme = LOOKS[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": 900}, locale=locale, color_scheme=scheme
    )
    request.addfinalizer(context.close)
    opened = context.new_page()
    opened.set_default_timeout(90_000)
    return opened


def said(page: Page) -> dict[str, str]:
    return words("en" if page.evaluate("navigator.language").startswith("en") else "zh")


def changed(question: str, verdict: str, *reasons: str, **more: object) -> dict[str, object]:
    usual = {
        "question": question,
        "expected": "",
        "before": LONG,
        "after": "资料里没有提到。",
        "sources_before": [{"id": "d1", "name": "员工手册.md"}],
        "sources_after": [],
        "verdict": verdict,
        "reasons": list(reasons),
    }
    return {**usual, **more}


CHANGED = [
    changed("工龄十二年的员工，年假有几天？", "worse", "further", "cites_nothing", expected="十天"),
    changed("经理出差的住宿标准是多少？", "better", "nearer", before="", after=TABLE),
    *(changed(f"第{n}个问题？", "other", after=LONG) for n in range(12)),
]


def test_what_got_worse_is_found_from_the_warning_and_accepted(
    interface: Interface, looked: Page, request: pytest.FixtureRequest
) -> None:
    application = interface.application
    base_id = next(iter(application.bases))
    application.held = [HeldOut(base_id=base_id, base_name="人事", worse=1, changed=14, at=now())]
    settings = [{"name": "embedder", "before": "bge-small-zh-v1.5", "after": "bge-m3"}]
    application.changes = changes_out(
        recording_id="r1",
        recorded_at=now(),
        asked=40,
        settings=settings,
        changed=CHANGED,
        others_changed=2,
    )
    looked.goto(f"{interface.url}/status")
    text = said(looked)
    looked.get_by_role("link", name=text["status.held_look"]).click()
    worse, better, other = (looked.get_by_text(str(each["question"])) for each in CHANGED[:3])
    expect(worse).to_be_visible()
    expect(better).to_have_count(0)
    expect(looked.get_by_text(text["changed.why_cites_nothing"])).to_be_visible()
    assert fits(looked)
    name = request.node.callspec.id
    shoot(looked, f"50-changes-{name}")
    looked.get_by_role("radio", name=text["changed.show_all"].format(n=14)).click()
    expect(better).to_be_visible()
    expect(other).to_be_visible()
    assert fits(looked)
    better.scroll_into_view_if_needed()
    shoot(looked, f"51-changes-all-{name}")
    settle(looked)
    assert list(violations(looked)) == []
    looked.get_by_role("button", name=text["changed.accept"]).click()
    expect(worse).to_have_count(0)
    assert application.changes.accepted


def test_the_page_follows_the_worker(
    interface: Interface, looked: Page, request: pytest.FixtureRequest
) -> None:
    application = interface.application
    application.held = []
    application.changes = changes_out()
    looked.goto(f"{interface.url}/evaluation?view=changes")
    text = said(looked)
    name = request.node.callspec.id
    expect(looked.get_by_text(text["changed.nothing_yet"])).to_be_visible()
    shoot(looked, f"52-changes-none-{name}")
    looked.get_by_role("button", name=text["changed.record"]).click()
    expect(looked.get_by_text(text["changed.queued"])).to_be_visible()
    running = job("record", state="running", done=3, total=40)
    application.changes = changes_out(job=running)
    expect(looked.get_by_text(text["changed.recording"].format(done=3, total=40))).to_be_visible()
    shoot(looked, f"53-changes-running-{name}")
    application.changes = changes_out(recording_id="r1", recorded_at=now(), asked=40)
    expect(looked.get_by_text(text["changed.none"].format(of=40))).to_be_visible()
    assert fits(looked)
    shoot(looked, f"54-changes-same-{name}")


def test_the_same_under_an_adapter(
    interface: Interface, looked: Page, request: pytest.FixtureRequest
) -> None:
    each = {
        "question": "年假几天？",
        "target": "十五天",
        "base": LONG,
        "tuned": "十五天[1]。",
        "by": 0.6,
        "document": "员工手册.md",
        "verdict": "better",
    }
    verdict = {"passed": True, "reasons": [], "figures": {}, "changed": [each]}
    interface.application.adapters = [adapter("lora-1", verdict=verdict)]
    looked.goto(f"{interface.url}/review")
    text = said(looked)
    looked.get_by_role("tab", name=text["review.tab_train"], exact=True).click()
    looked.get_by_text(text["train.changed"]).click()
    expect(looked.get_by_text(text["changed.why_nearer"])).to_be_visible()
    assert fits(looked)
    looked.get_by_text(text["changed.why_nearer"]).scroll_into_view_if_needed()
    shoot(looked, f"55-changes-adapter-{request.node.callspec.id}")


def test_a_run_ends_in_a_headline_and_the_warning_leads_away_from_it(
    interface: Interface, page: Page
) -> None:
    application = interface.application
    base_id = next(iter(application.bases))
    application.changes = changes_out()
    application.held = [HeldOut(base_id=base_id, base_name="人事", worse=1, changed=14, at=now())]
    add_question(application)
    page.goto(f"{interface.url}/evaluation")
    text = words("zh")
    page.get_by_role("tab", name=text["evaluation.tab_runs"]).click()
    page.get_by_role("button", name=text["evaluation.run"].format(n=1)).click()
    expect(shown(page, text["evaluation.queued_next"])).to_be_visible()
    finish(application, *(record(f"{n}", int(n > 0)) for n in range(10)), **{"found.RR": 0.9})
    headline = page.get_by_role("heading", name=text["evaluation.found"].format(of=10, n=9))
    expect(headline).to_be_visible()
    shoot(page, "56-evaluation-headline")
    open_page(page, text["page.status"])
    page.get_by_role("link", name=text["status.held_look"]).click()
    expect(shown(page, text["changed.nothing_yet"])).to_be_visible()
    expect(headline).to_be_hidden()
