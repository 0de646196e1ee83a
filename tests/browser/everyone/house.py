"""A whole Zhiwen behind a login, with something to see on every screen."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect
from sqlmodel import select

from app.db.tables import StoredMessage
from app.llm.scripted import ScriptedChatModel
from app.services.people.access import LOCAL_OWNER
from tests.application import RunningApi, running_api
from tests.browser.conftest import free_port
from tests.guard.test_interface import interface
from tests.openid import CLIENT_ID, CLIENT_SECRET, running_provider
from tests.passwords import cheap_passwords
from ui.client.visitor import SESSION_COOKIE

ANSWER = ("出差住宿标准为", "每晚四百五十元 [1]。", "\n\n年终奖在次年一月发放 [2]。")
ANSWERS = 5_000  # more than anybody asks for
BASE = "规章制度"
DOCUMENTS: dict[str, str | bytes] = {
    "差旅制度.md": "# 差旅制度\n\n## 住宿\n\n出差住宿标准为每晚四百五十元，超出部分由本人承担。\n",
    "年终奖.md": "# 年终奖\n\n## 发放\n\n年终奖在次年一月随工资发放。\n",
    "坏了.pdf": b"%PDF-1.7 and no more",
}
NEWER: dict[str, str | bytes] = {
    "差旅制度.md": "# 差旅制度\n\n## 住宿\n\n出差住宿标准为每晚四百五十元。\n"
}
GROUP = "法务"
UNANSWERED = "食堂几点开门？"
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
ADMIN, MEMBER, INVITED = "li", "wang", "chen"


@dataclass(frozen=True, slots=True)
class House:
    """`li` administers; `wang` may edit the base of `li`; `chen` has been invited."""

    url: str
    api: RunningApi
    base_id: str
    sessions: dict[str, str]
    log: Path  # of the interface


@contextmanager
def furnished(folder: Path) -> Iterator[House]:
    model = ScriptedChatModel()
    for _ in range(ANSWERS):
        model.enqueue(*ANSWER)
    for part in ("api", "ui"):
        (folder / part).mkdir()
    port = free_port()
    with running_provider() as provider:
        settings = {
            "auth": "oidc",
            "ui_url": f"http://127.0.0.1:{port}",
            "oidc_issuer": provider.url,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_label": "示例公司",
        }
        with running_api(
            folder / "api", model=model, passwords=cheap_passwords(), **settings
        ) as api:
            base_id, sessions = _furnish(api)
            with interface(folder / "ui", ui_port=port, api_port=urlsplit(api.url).port) as url:
                yield House(url, api, base_id, sessions, folder / "ui" / "logs" / "ui.log")


def _furnish(api: RunningApi) -> tuple[str, dict[str, str]]:
    """The base, and what a browser shows to be signed in as somebody, by name."""
    own, sessions = api.application, {}
    ids = {}
    for name in (ADMIN, MEMBER, INVITED):
        person, token = own.accounts.create(LOCAL_OWNER, name, admin=name != INVITED)
        ids[name] = person.id
        if name != INVITED:
            sessions[name] = own.links.use(token, f"{name} rides a blue bicycle").token
    own.accounts.update(LOCAL_OWNER, ids[MEMBER], admin=False)
    law = own.groups.create(LOCAL_OWNER, GROUP)
    own.groups.add_member(LOCAL_OWNER, law.id, ids[MEMBER])
    api.http.cookies[SESSION_COOKIE] = sessions[ADMIN]
    base_id = api.ingest(BASE, DOCUMENTS)
    grant = {"subject_kind": "person", "subject_id": ids[MEMBER], "role": "editor"}
    api.http.put(f"/api/bases/{base_id}/grants", json=grant).raise_for_status()
    api.ingest(BASE, NEWER)
    _leave_a_gap(api, base_id)
    return base_id, sessions


def _leave_a_gap(api: RunningApi, base_id: str) -> None:
    """A question that nothing answered, for *Upkeep*. Without thresholds every one is answered."""
    asked = {"question": UNANSWERED, "base_ids": [base_id]}
    api.http.post("/api/chat", json=asked).raise_for_status()
    with api.application.db.write() as session:
        answer = session.exec(select(StoredMessage).where(StoredMessage.role == "assistant")).one()
        answer.finish_reason = "no_sources"
        session.add(answer)
    api.application.insight.noting.catch_up()


def entered(
    browser: Browser,
    house: House,
    name: str,
    *,
    language: str = "zh",
    width: int = 1280,
) -> Page:
    """A browser of their own for somebody, signed in, with an empty chat."""
    context = browser.new_context(
        viewport={"width": width, "height": 844},
        locale=LOCALES[language],
        timezone_id="Asia/Shanghai",
    )
    context.add_cookies([{"name": SESSION_COOKIE, "value": house.sessions[name], "url": house.url}])
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(house.url)
    expect(page.locator(".st-key-account")).to_contain_text(name)
    return page
