"""Pages of somebody who has signed in, against the stand-in."""

from collections.abc import Iterator
from typing import get_args

import pytest
from streamlit.testing.v1 import AppTest

from app.services.people.access import RoleName
from tests.ui.conftest import client_for, served
from tests.ui.pages import ZH, go, said
from tests.ui.people.pages import dialog, page_of, press
from tests.ui.stand_in.house import COOKIE, House, house, sample_audit
from tests.ui.stand_in.service import Application
from ui.parts.account.sessions import device
from ui.parts.library.restrictions import places


@pytest.fixture
def home(application: Application) -> House:
    application.house = house()
    sample_audit(application.house)
    return application.house


@pytest.fixture
def url(application: Application, home: House) -> Iterator[str]:
    with served(application) as address:
        yield address


@pytest.fixture
def admin(url: str, home: House) -> AppTest:
    return page_of(url, home.sign_in("li"))


def test_every_call_carries_the_session_of_its_own_visitor(url: str, home: House) -> None:
    tokens = [home.sign_in("li"), home.sign_in("wang")]
    for token in (*tokens, ""):
        page_of(url, token)
    sent = {heard.get("cookie", "") for heard in home.heard if heard["path"] != "/api/session"}
    assert sent == {f"{COOKIE}={token}" for token in tokens}


def test_cookies_of_the_api_are_not_kept_for_the_next_visitor(url: str, home: House) -> None:
    token, home.successor = home.sign_in("li"), "token-of-li"
    client = client_for(url, token)
    client._call("POST", "/api/session/renew")
    home.heard.clear()
    assert client_for(url).people.session()["person"] is None
    assert "cookie" not in home.heard[-1]


def test_without_a_login_there_is_no_account_and_no_sharing(app: AppTest) -> None:
    go(app, "documents")
    assert not app.session_state["person"]
    assert "people" not in app.session_state["pages"]
    buttons = [button.key or "" for button in app.button]
    assert not [key for key in buttons if key.startswith(("restrict-", "account"))]
    assert ZH["account.sign_out"] not in said(app)


def test_people_are_for_administrators(url: str, home: House, admin: AppTest) -> None:
    assert "people" in admin.session_state["pages"]
    assert "people" not in page_of(url, home.sign_in("wang")).session_state["pages"]


def test_a_session_that_ended_is_said_in_place_of_the_page(admin: AppTest, home: House) -> None:
    home.sessions.clear()
    admin.run()
    assert not admin.exception
    assert ZH["session.ended"] in said(admin)
    assert "conversation" not in admin.session_state


def test_a_part_that_is_drawn_by_itself_says_so_too() -> None:
    def script() -> None:
        from ui.client.http import ApiError, SignedOut
        from ui.parts.account.signed_out import shown_instead_of

        assert not shown_instead_of(ValueError("no"))
        assert shown_instead_of(ApiError("no", "forbidden", 403))
        assert shown_instead_of(SignedOut("no", "unauthenticated", 401))

    at = AppTest.from_function(script).run()
    assert not at.exception
    assert ZH["session.ended"] in said(at)
    assert ZH["refusal.forbidden"] in said(at)


def test_another_persons_page_keeps_nothing_of_the_one_before(url: str, home: House) -> None:
    token = home.sign_in("li")
    at = page_of(url, token)
    at.session_state["send_now"] = "年假有几天？"
    at.session_state["upload_refused"] = {"base": ["密.pdf"]}
    home.sessions[token] = {**home.sessions[token], "person_id": home.named("wang")["id"]}
    at.run()
    assert at.session_state["person"]["name"] == "wang"
    assert "upload_refused" not in at.session_state
    assert "年假" not in said(at)


def test_a_reader_gets_no_upload_and_an_editor_no_sharing(
    url: str, home: House, application: Application
) -> None:
    (base,) = application.bases.values()
    base.own = False
    document = next(iter(application.documents))
    found: dict[str, set[str]] = {}
    for base.role in get_args(RoleName):
        at = page_of(url, home.sign_in("wang"))
        go(at, "documents")
        found[base.role] = {button.key or "" for button in at.button}
        assert bool(at.get("file_uploader")) == (base.role != "reader")
        assert f"{base.name}（li 共享）" in at.selectbox(key="base").options[0]
    assert {f"remove-{document}", f"restrict-{document}"} & found["reader"] == set()
    assert f"remove-{document}" in found["editor"]
    assert f"restrict-{document}" not in found["editor"]
    assert f"restrict-{document}" in found["owner"]


def test_somebody_is_invited_and_gets_a_link(admin: AppTest, home: House) -> None:
    dialog(admin, "invite")
    admin.text_input[-3].set_value("zhao")
    press(admin, ZH["people.invite"])
    assert home.named("zhao")["state"] == "invited"
    (token,) = home.links
    assert admin.code[0].value.endswith(f"/welcome?token={token}")
    dialog(admin, "invite")
    admin.text_input[-3].set_value("zhao")
    press(admin, ZH["people.invite"])
    assert ZH["people.name_taken"] in said(admin)


def test_the_audit_says_in_words_what_was_done(
    admin: AppTest, home: House, application: Application
) -> None:
    """Entries hold ids, and lists of them."""
    wang, base_id = home.named("wang")["id"], next(iter(application.bases))
    group = {"id": "g", "name": "研发", "member_ids": []}
    home.groups["g"] = group
    shared = next(entry for entry in home.audit if entry["action"] == "base.share")
    shared |= {"object_id": base_id, "detail": {"to": ["person", wang], "role": "editor"}}
    members = [["group", group["id"]], ["everyone", ""], ["person", "9f3c2b7e5d"]]
    home.audit += [
        {**shared, "action": "base.restrict", "detail": {"path": "董事会/", "members": members}},
        {
            **shared,
            "action": "key.create",
            "detail": {"scopes": ["ask", "read"], "more": [1, True]},
        },
        {
            **shared,
            "object_kind": "setting",
            "object_id": "daily_tokens",
            "detail": {"value": None},
        },
    ]
    go(admin, "people")
    told = "\n".join(str(each) for each in admin.table[0].value[ZH["audit.object"]]).replace(
        "\\", ""
    )
    assert f"知识库 {application.bases[base_id].name}" in told
    assert f"{ZH['audit.is_to']}: {home.named('wang')['display_name']}" in told
    assert f"{ZH['audit.is_role']}: {ZH['role.editor']}" in told
    assert f"{group['name']}、{ZH['share.everyone']}、9f3c2b7e" in told
    assert f"{ZH['scope.ask']}、{ZH['scope.read']}, more: 1、{ZH['audit.yes']}" in told
    assert f"{ZH['setting.daily_tokens']} · {ZH['audit.is_value']}: –" in told
    assert "[" not in told and "'" not in told


def test_another_filter_of_the_audit_begins_with_page_one(admin: AppTest, home: House) -> None:
    (shared,) = (entry for entry in home.audit if entry["action"] == "base.share")
    home.audit += [{**shared, "action": "key.create"}] * 60
    go(admin, "people")
    admin.pagination[0].set_value(2).run()
    admin.selectbox(key="audit-action").select("base.share").run()
    assert not admin.exception
    assert ZH["audit.none"] not in said(admin)
    assert ZH["audit.total"].format(n=1) in said(admin)


def test_the_people_page_shows_accounts_groups_audit_and_usage(admin: AppTest, home: House) -> None:
    home.groups["g"] = {"id": "g", "name": "研发", "member_ids": [home.named("wang")["id"]]}
    go(admin, "people")
    assert not admin.exception
    shown = said(admin)
    for words in ("王芳", "研发", ZH["group.count"].format(n=1)):
        assert words in shown
    audit, usage, _ = admin.table
    assert "192.0.2.7" in audit.value.to_string().replace("\\", "")
    assert "240,000" in usage.value.to_string()
    assert "共享知识库" in audit.value.to_string()
    admin.selectbox(key="audit-action").set_value("base.share").run()
    assert len(admin.table[0].value) == 1


def test_members_are_added_and_removed(admin: AppTest, home: House) -> None:
    wang, chen = (home.named(name)["id"] for name in ("wang", "chen"))
    home.groups["g"] = {"id": "g", "name": "研发", "member_ids": [wang]}
    dialog(admin, "group_members", id="g", title="研发")
    admin.multiselect[-1].set_value([chen])
    press(admin, ZH["action.save"])
    assert home.groups["g"]["member_ids"] == [chen]


def test_a_key_is_made_with_the_password_again(admin: AppTest, home: House) -> None:
    """Asked for where one signs in by it, with what was filled in before."""
    home.password = "seven green kettles"
    dialog(admin, "my_keys")
    admin.text_input[-1].set_value("报表")
    press(admin, ZH["key.create"])
    field = admin.text_input[-1]
    assert (field.label, home.keys) == (ZH["key.password"], {})
    field.set_value("a guess at it")
    press(admin, ZH["key.create"])
    assert ZH["refusal.password_needed"] in said(admin)
    admin.text_input[-1].set_value(home.password)
    press(admin, ZH["key.create"])
    assert [key["name"] for key in home.keys.values()] == ["报表"]
    assert admin.text_input[-1].value == ""


def test_a_key_is_shown_once(admin: AppTest, home: House) -> None:
    dialog(admin, "my_keys")
    admin.text_input[-1].set_value("报表")
    press(admin, ZH["key.create"])
    (key,) = home.keys.values()
    assert (key["scopes"], key["base_ids"]) == (["ask", "read"], None)
    assert admin.code[0].value.startswith("zk_")
    dialog(admin, "my_keys")
    assert not admin.code
    press(admin, ZH["key.revoke"])
    assert not home.keys


def test_a_password_is_changed_with_the_old_one(admin: AppTest, home: House) -> None:
    li = home.named("li")["id"]

    def change(old: str, new: str, again: str) -> None:
        dialog(admin, "my_password")
        for field, value in zip(admin.text_input[-3:], (old, new, again), strict=True):
            field.set_value(value)
        press(admin, ZH["account.change_password"])

    change(home.passwords[li], "a new password", "another password")
    assert ZH["login.not_the_same"] in said(admin)
    change("wrong", "a new password", "a new password")
    assert ZH["refusal.wrong_password"] in said(admin)
    change(home.passwords[li], "a new password", "a new password")
    assert home.passwords[li] == "a new password"


def test_sessions_are_ended_one_by_one(admin: AppTest, home: House) -> None:
    home.sign_in("li", "Mozilla/5.0 (iPhone) Version/17.0 Safari/604.1")
    dialog(admin, "my_sessions")
    assert "**Safari · iOS**" in said(admin)
    press(admin, ZH["session.end"])
    assert len(home.sessions) == 1


def test_a_base_is_shared_with_people_and_everyone(
    admin: AppTest, home: House, application: Application
) -> None:
    base = next(iter(application.bases))
    wang = home.named("wang")["id"]
    dialog(admin, "share_base", id=base, title="示例知识库")
    for subject in (("person", wang), ("everyone", "")):
        admin.selectbox[-2 - len(home.grants.get(base, []))].set_value(subject)
        press(admin, ZH["share.add"])
        dialog(admin, "share_base", id=base, title="示例知识库")
    granted = [(g["subject_kind"], g["subject_id"], g["role"]) for g in home.grants[base]]
    assert granted == [("person", wang, "reader"), ("everyone", "", "reader")]
    admin.selectbox(key=f"role-person-{wang}-reader").set_value("editor").run()
    assert home.grants[base][-1]["role"] == "editor"
    admin.button(key="remove-everyone-").click().run()
    assert [grant["subject_kind"] for grant in home.grants[base]] == ["person"]


def test_a_base_of_somebody_else_says_whose_it_is(admin: AppTest, application: Application) -> None:
    """Whatever they call themselves: "li" is also the name of the account that looks."""
    base = next(iter(application.bases.values()))
    base.own, base.owner = False, "li"
    go(admin, "documents")
    shown = ZH["documents.shared_by"].format(name=base.name, owner="li")
    assert any(option.startswith(shown) for option in admin.selectbox(key="base").options)


def test_a_document_is_restricted(admin: AppTest, home: House, application: Application) -> None:
    base, document = next(iter(application.bases)), next(iter(application.documents.values()))
    wang = home.named("wang")["id"]
    dialog(admin, "restrict_base", id=base, path=document.path)
    admin.multiselect[-1].set_value([("person", wang)])
    press(admin, ZH["restrict.save"])
    (made,) = home.restrictions[base]
    assert (made["path"], made["members"]) == (
        document.path,
        [{"subject_kind": "person", "subject_id": wang}],
    )
    press(dialog(admin, "restrict_base", id=base), ZH["restrict.lift"])
    assert not home.restrictions[base]


def test_folders_come_before_documents() -> None:
    assert places(["b/c/x.md", "a.md"]) == ["b/", "b/c/", "a.md", "b/c/x.md"]


@pytest.mark.parametrize(
    ("user_agent", "said_"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge · Windows"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome · Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15) Gecko Firefox/143.0", "Firefox · macOS"),
        ("curl/8.5", "curl/8.5"),
    ],
)
def test_a_browser_is_named(user_agent: str, said_: str) -> None:
    assert device(user_agent) == said_
