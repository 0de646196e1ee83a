"""The same pages before the whole API, which the stand-in stands for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.services.people.access import LOCAL_OWNER
from tests.application import RunningApi, drain, running_api
from tests.passwords import cheap_passwords
from tests.ui.conftest import client_for
from tests.ui.pages import ZH, go, said
from tests.ui.people.pages import dialog, page_of, press
from ui.client.http import Client

PASSWORD = "seven green kettles"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[RunningApi]:
    with running_api(tmp_path, auth="password", passwords=cheap_passwords()) as running:
        yield running


def join(api: RunningApi, name: str, *, admin: bool = False) -> str:
    """The token of a session of somebody new."""
    _, link = api.application.accounts.create(LOCAL_OWNER, name, admin=admin)
    return api.application.links.use(link, PASSWORD).token


@pytest.fixture
def admin(api: RunningApi) -> AppTest:
    return page_of(api.url, join(api, "li", admin=True))


def test_an_administrator_invites_and_puts_into_a_group(admin: AppTest, api: RunningApi) -> None:
    dialog(admin, "invite")
    admin.text_input[-3].set_value("Zhao")
    admin.text_input[-2].set_value("赵敏")
    press(admin, ZH["people.invite"])
    assert "/welcome?token=" in admin.code[0].value
    go(admin, "people")
    group = next(field for field in admin.text_input if field.label == ZH["group.name"])
    group.set_value("研发")
    press(admin, ZH["group.create"])
    accounts = api.application.accounts
    (made,) = api.application.groups.all()
    dialog(admin, "group_members", id=made.group.id, title="研发")
    admin.multiselect[-1].set_value([accounts.named("zhao").id])
    press(admin, ZH["action.save"])
    dialog(admin, "person_sessions", id=accounts.named("li").id, title="li")
    assert not admin.exception
    shown = said(admin)
    for words in ("赵敏", ZH["people.invited"], "研发", ZH["group.count"].format(n=1)):
        assert words in shown
    audit = admin.table[0].value.to_string()
    for key in ("audit.do_person_create", "audit.do_group_add", "audit.do_session_open"):
        assert ZH[key] in audit
    dialog(admin, "person_remove", id=accounts.named("zhao").id, title="zhao")
    admin.button(key="person_remove-sure").click().run()
    assert [account.person.name for account in accounts.all()] == ["li"]


def test_a_person_looks_after_their_account(api: RunningApi) -> None:
    at = page_of(api.url, join(api, "wang"))
    dialog(at, "my_profile")
    at.text_input[-2].set_value("王芳")
    press(at, ZH["action.save"])
    assert api.application.accounts.named("wang").display_name == "王芳"
    dialog(at, "my_keys")
    at.text_input[-1].set_value("报表")
    press(at, ZH["key.create"])
    at.text_input[-1].set_value(PASSWORD)
    press(at, ZH["key.create"])
    assert at.code[0].value.startswith("zk_")
    dialog(at, "my_sessions")
    assert ZH["session.this"] in said(at)
    dialog(at, "my_password")
    for field, value in zip(at.text_input[-3:], (PASSWORD, "a", "a"), strict=True):
        field.set_value(value)
    press(at, ZH["account.change_password"])
    assert ZH["refusal.weak_password"] in said(at)
    assert not at.exception


def test_a_base_is_shared_and_a_folder_restricted(api: RunningApi) -> None:
    wang, chen = (client_for(api.url, join(api, name)) for name in ("wang", "chen"))
    join(api, "li")
    base = wang.create_base("制度")
    for path in ("open.md", "hr/salaries.md"):
        _upload(wang, base["id"], path)
    drain(api.application)
    at = page_of(api.url, wang.visitor.token)
    dialog(at, "share_base", id=base["id"], title="制度")
    chen_id = chen.people.me()["id"]
    at.selectbox[-2].set_value(("person", chen_id))
    press(at, ZH["share.add"])
    assert not at.exception
    assert _paths(chen, base["id"]) == {"open.md", "hr/salaries.md"}
    dialog(at, "restrict_base", id=base["id"])
    at.selectbox[-1].set_value("hr/")
    press(at, ZH["restrict.save"])
    assert not at.exception
    assert _paths(chen, base["id"]) == {"open.md"}
    seen = go(page_of(api.url, chen.visitor.token), "documents")
    assert "制度（wang 共享）" in seen.selectbox(key="base").options[0]
    assert not seen.get("file_uploader")
    press(dialog(at, "restrict_base", id=base["id"]), ZH["restrict.lift"])
    assert _paths(chen, base["id"]) == {"open.md", "hr/salaries.md"}
    at.session_state["dialog"] = None
    dialog(at, "share_base", id=base["id"], title="制度")
    at.button(key=f"remove-person-{chen_id}").click().run()
    assert chen.bases() == []


def _upload(client: Client, base_id: str, path: str) -> None:
    client._call(
        "POST",
        f"/api/bases/{base_id}/documents",
        files={"file": (path.rpartition("/")[2], f"# {path}\n\nText of {path}.\n".encode())},
        params={"path": path},
    )


def _paths(client: Client, base_id: str) -> set[str]:
    return {document["path"] for document in client.documents(base_id, limit=10)["items"]}
