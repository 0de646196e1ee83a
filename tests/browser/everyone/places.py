"""How each dialog is opened that `ui.parts.dialogs` lists."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.browser.everyone.house import GROUP, INVITED, MEMBER

Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """`page`: its address below the root. `chat` stands for a conversation with an answer."""

    page: str
    open: Callable[[Page, Words], None]


def _click(selector: str) -> Callable[[Page, Words], None]:
    def click(page: Page, _say: Words) -> None:
        page.locator(f"{selector} button:visible").first.click()

    return click


def _thumb_down(page: Page, _say: Words) -> None:
    page.get_by_test_id("stFeedback").locator("button").nth(1).click()


def _button(key: str) -> Callable[[Page, Words], None]:
    def click(page: Page, say: Words) -> None:
        page.get_by_test_id("stMain").get_by_role("button", name=say[key]).first.click()

    return click


def _choose(page: Page, menu: Locator, item: str) -> None:
    menu.locator("button").click()
    page.get_by_role("menuitem", name=item, exact=True).click()


def _of(menu: str, key: str) -> Callable[[Page, Words], None]:
    def choose(page: Page, say: Words) -> None:
        found = page.locator(menu).first
        found.hover()
        _choose(page, found, say[key])

    return choose


def _of_person(name: str, key: str) -> Callable[[Page, Words], None]:
    def choose(page: Page, say: Words) -> None:
        row = page.locator('[class*="st-key-filerow-"]').filter(has_text=name).first
        _choose(page, row.locator('[class*="st-key-menu-"]'), say[key])

    return choose


def _of_group(key: str) -> Callable[[Page, Words], None]:
    def choose(page: Page, say: Words) -> None:
        page.get_by_role("tab", name=say["people.tab_groups"]).click()
        row = page.locator('[class*="st-key-filerow-"]').filter(has_text=GROUP)
        expect(row).to_be_visible()
        _choose(page, row.locator('[class*="st-key-menu-"]'), say[key])

    return choose


def _move(page: Page, say: Words) -> None:
    page.get_by_text(say["documents.pick_all"]).click()
    page.locator(".st-key-picked-move button").click()


def _shorten(page: Page, say: Words) -> None:
    page.get_by_label(say["setting.keep_conversations_days"]).fill("30")
    page.get_by_role("button", name=say["action.save"]).first.click()


_CONVERSATION, _BASE, _ACCOUNT = '[class*="st-key-row-"]', ".st-key-base-menu", ".st-key-account"

DIALOGS = {
    "source": Place("chat", _click('[class*="st-key-chip-"]')),
    "feedback": Place("chat", _thumb_down),
    "details": Place("chat", _button("answer.details")),
    "rename_conversation": Place("chat", _of(_CONVERSATION, "action.rename")),
    "delete_conversation": Place("chat", _of(_CONVERSATION, "action.delete")),
    "create_base": Place("documents", _click(".st-key-new-base")),
    "rename_base": Place("documents", _of(_BASE, "action.rename")),
    "delete_base": Place("documents", _of(_BASE, "action.delete")),
    "share_base": Place("documents", _of(_BASE, "action.share")),
    "restrict_base": Place("documents", _of(_BASE, "action.restrict")),
    "document": Place("documents", _click('[class*="st-key-open-"]')),
    "delete_documents": Place("documents", _click('[class*="st-key-remove-"]')),
    "replace_document": Place("documents", _click('[class*="st-key-replace-"]')),
    "move_documents": Place("documents", _move),
    "delete_older": Place("settings", _shorten),
    "write_answer": Place("upkeep?view=gaps", _click('[class*="st-key-gap-write-"]')),
    "my_profile": Place("status", _of(_ACCOUNT, "account.profile")),
    "my_sessions": Place("status", _of(_ACCOUNT, "account.sessions")),
    "my_keys": Place("status", _of(_ACCOUNT, "account.keys")),
    "my_identities": Place("status", _of(_ACCOUNT, "account.identities")),
    "my_password": Place("status", _of(_ACCOUNT, "account.password")),
    "invite": Place("people", _button("people.invite")),
    "person_link": Place("people", _of_person(INVITED, "people.do_invite_again")),
    "person_sessions": Place("people", _of_person(MEMBER, "people.do_sessions")),
    "person_identities": Place("people", _of_person(MEMBER, "people.do_identities")),
    "person_remove": Place("people", _of_person(MEMBER, "people.do_remove")),
    "group_members": Place("people", _of_group("group.do_members")),
    "group_rename": Place("people", _of_group("group.do_rename")),
    "group_delete": Place("people", _of_group("group.do_delete")),
}

# `consent` is one sentence and one button, behind an adapter that was trained on a closed base;
# `keep_documents` is `move_documents` with another sentence.
NOT_OPENED = {"consent", "keep_documents"}
