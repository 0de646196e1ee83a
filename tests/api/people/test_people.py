"""Accounts, groups, keys, audit and usage over HTTP, by role."""

import json
from pathlib import Path

import httpx
import pytest

from app.llm.scripted import ScriptedChatModel
from tests.api.people.house import PASSWORD, House, sign_in, who
from tests.application import RunningApi, running_api
from tests.passwords import cheap_passwords

ADMIN_ONLY = [
    ("GET", "/api/people"),
    ("POST", "/api/people"),
    ("PATCH", "/api/people/x"),
    ("DELETE", "/api/people/x"),
    ("POST", "/api/people/x/link"),
    ("GET", "/api/people/x/sessions"),
    ("DELETE", "/api/people/x/sessions"),
    ("GET", "/api/groups"),
    ("POST", "/api/groups"),
    ("PATCH", "/api/groups/x"),
    ("DELETE", "/api/groups/x"),
    ("PUT", "/api/groups/x/members/y"),
    ("DELETE", "/api/groups/x/members/y"),
    ("GET", "/api/audit"),
    ("GET", "/api/audit.jsonl"),
    ("GET", "/api/usage"),
]
SIGNED_IN = [
    ("GET", "/api/me"),
    ("GET", "/api/me/export"),
    ("GET", "/api/me/usage"),
    ("GET", "/api/sessions"),
    ("GET", "/api/keys"),
    ("GET", "/api/directory"),
]


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def bearer(house: House, token: str) -> httpx.Client:
    return house.browser(Authorization=f"Bearer {token}")


def key(browser: httpx.Client, name: str, **more: object) -> str:
    body = {"name": name, "scopes": ["read"], "password": PASSWORD, **more}
    answer = browser.post("/api/keys", json=body)
    answer.raise_for_status()
    return str(answer.json()["token"])


def test_each_route_is_for_whom_it_is_for(house: House) -> None:
    root = house.person("root", admin=True)
    ada, nobody = house.person("ada"), house.browser()
    of_root = bearer(house, key(root, "script"))
    for method, path in ADMIN_ONLY:
        body = {"json": {"name": "x"}} if method in ("POST", "PATCH") else {}
        assert code(nobody.request(method, path, **body)) == (401, "unauthenticated"), path
        assert code(ada.request(method, path, **body)) == (403, "not_admin"), path
        assert code(of_root.request(method, path, **body)) == (403, "key_scope"), path
    for method, path in SIGNED_IN:
        assert code(nobody.request(method, path)) == (401, "unauthenticated"), path
        assert code(of_root.request(method, path)) == (403, "key_scope"), path
        assert ada.request(method, path).status_code == 200, path
        assert root.request(method, path).status_code == 200, path
    assert nobody.get("/api/me").headers["www-authenticate"] == "Bearer"


def test_a_firm_in_five_minutes(house: House) -> None:
    root = house.person("root", admin=True)
    made = root.post("/api/people", json={"name": "Ada", "display_name": "Ada L."})
    assert made.status_code == 201
    assert made.json()["person"]["state"] == "invited"
    address = httpx.URL(made.json()["link"])
    assert (address.path, address.port) == ("/welcome", 8501)
    ada = house.browser()
    body = {"token": address.params["token"], "password": PASSWORD}
    assert ada.post("/api/session/link", json=body).json()["person"]["display_name"] == "Ada L."

    group = root.post("/api/groups", json={"name": "Law"}).json()
    ada_id = made.json()["person"]["id"]
    assert root.put(f"/api/groups/{group['id']}/members/{ada_id}").status_code == 204
    assert who(ada)["groups"] == [group]
    (listed,) = root.get("/api/groups").json()
    assert [member["name"] for member in listed["members"]] == ["ada"]
    directory = ada.get("/api/directory").json()
    assert [person["name"] for person in directory["people"]] == ["ada", "root"]
    assert directory["groups"] == [group]

    ada.patch("/api/me", json={"email": "ada@example.com"})
    people = {person["name"]: person for person in root.get("/api/people").json()}
    assert people["ada"]["email"] == "ada@example.com"
    assert people["ada"]["groups"] == [group]

    root.patch(f"/api/people/{ada_id}", json={"state": "disabled"})
    assert code(ada.get("/api/me")) == (401, "unauthenticated")
    assert code(sign_in(house.browser(), "ada")) == (401, "sign_in_failed")
    root.patch(f"/api/people/{ada_id}", json={"state": "active"})
    assert sign_in(ada, "ada").status_code == 200

    removed = root.delete(f"/api/people/{ada_id}", params={"conversations": "anonymise"})
    assert removed.status_code == 204
    assert who(ada) is None


def test_sessions_are_listed_and_ended_one_by_one(house: House) -> None:
    ada = house.person("ada")
    phone = house.browser(**{"User-Agent": "Phone"})
    sign_in(phone, "ada")
    sessions = {s["user_agent"]: s for s in ada.get("/api/sessions").json()}
    assert sessions["Phone"]["current"] is False
    assert [s["current"] for s in sessions.values()].count(True) == 1
    bob = house.person("bob")
    assert bob.delete(f"/api/sessions/{sessions['Phone']['id']}").status_code == 404
    assert ada.delete(f"/api/sessions/{sessions['Phone']['id']}").status_code == 204
    assert who(phone) is None
    assert who(ada)["name"] == "ada"


def test_a_key_acts_for_its_person_within_its_scopes(house: House) -> None:
    ada = house.person("ada")
    program = bearer(house, key(ada, "script"))
    assert program.get("/api/bases").status_code == 200
    refused = program.post("/api/chat", json={"question": "年假？", "base_ids": ["x"]})
    assert code(refused) == (403, "key_scope")
    (listed,) = ada.get("/api/keys").json()
    assert "token" not in listed
    assert ada.delete(f"/api/keys/{listed['id']}").status_code == 204
    assert code(program.get("/api/bases")) == (401, "unauthenticated")
    for bad in ({"scopes": []}, {"scopes": ["admin"]}, {"expires_at": "2020-01-01T00:00:00Z"}):
        body = {"name": "x", "scopes": ["ask"], "password": PASSWORD, **bad}
        assert ada.post("/api/keys", json=body).status_code == 422


def test_a_stolen_session_makes_no_key(house: House) -> None:
    """A key would go on after the session has ended."""
    ada = house.person("ada")
    thief = house.browser()
    thief.cookies.set("zhiwen_session", ada.cookies["zhiwen_session"])
    body = {"name": "mine", "scopes": ["read"]}
    assert code(thief.post("/api/keys", json=body)) == (422, "password_needed")
    wrong = {**body, "password": "a guess at it"}
    assert code(thief.post("/api/keys", json=wrong)) == (422, "wrong_password")
    for number in range(12):  # the right one is no guess
        key(ada, f"script {number}")
    for _ in range(10):
        assert code(thief.post("/api/keys", json=wrong)) == (422, "wrong_password")
    assert code(thief.post("/api/keys", json=wrong)) == (429, "too_many_attempts")
    assert len(ada.get("/api/keys").json()) == 12


def test_the_audit_is_read_by_filter_and_as_lines_and_never_changed(house: House) -> None:
    root = house.person("root", admin=True)
    root.post("/api/groups", json={"name": "Law"})
    found = root.get("/api/audit", params={"action": "group.create"}).json()
    (entry,) = found["entries"]
    assert found["total"] == 1
    assert (entry["person_name"], entry["address"], entry["outcome"], entry["detail"]) == (
        "root",
        "127.0.0.1",
        "done",
        {"name": "Law"},
    )
    later = root.get("/api/audit", params={"since": "2999-01-01T00:00:00Z"}).json()
    assert later == {"entries": [], "total": 0}
    lines = root.get("/api/audit.jsonl").text.splitlines()
    assert json.loads(lines[-1])["action"] == "audit.export"
    assert entry in map(json.loads, lines)
    paths = house.api.http.get("/openapi.json").json()["paths"]
    assert {method for path, of in paths.items() if "audit" in path for method in of} == {"get"}


def test_a_page_of_another_site_can_change_nothing(house: House) -> None:
    ada = house.person("ada")
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        refused = ada.post("/api/keys", json={"name": "x", "scopes": ["ask"]}, headers=headers)
        assert code(refused) == (403, "origin_not_allowed"), headers
    assert ada.get("/api/keys", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    same = {"Origin": house.api.url, "Sec-Fetch-Site": "same-origin"}
    body = {"name": "x", "scopes": ["ask"], "password": PASSWORD}
    assert ada.post("/api/keys", json=body, headers=same).is_success


def test_limits_of_a_day_and_what_was_used(tmp_path: Path) -> None:
    limits = {"daily_requests": 2, "auth": "password"}
    model = ScriptedChatModel()
    model.enqueue("你好。")
    with running_api(tmp_path / "data", model=model, passwords=cheap_passwords(), **limits) as api:
        house = House(api)
        root, ada = house.person("root", admin=True), house.person("ada")
        base_id = ada.post("/api/bases", json={"name": "库"}).json()["id"]
        asked = {"question": "年假有几天？", "base_ids": [base_id], "task": "chat"}
        ada.post("/api/chat", json=asked).raise_for_status()
        ada.post("/api/search", json={"query": "x", "base_ids": [base_id]}).raise_for_status()
        refused = ada.post("/api/search", json={"query": "x", "base_ids": [base_id]})
        assert code(refused) == (429, "daily_limit")
        assert int(refused.headers["retry-after"]) > 0
        own = ada.get("/api/me/usage").json()
        (used,) = own["items"]
        assert (used["requests"], used["key_id"]) == (2, "")
        assert used["tokens"] > 0, "the answer's tokens are charged to who asked"
        assert own["limits"]["requests"] == 2
        everybody = root.get("/api/usage", params={"days": 1}).json()["items"]
        assert [item["person_id"] for item in everybody] == [house.person_id("ada")]


@pytest.mark.parametrize(("public", "status"), [(False, 401), (True, 200)])
def test_metrics_and_description_are_for_administrators_where_others_get_in(
    tmp_path: Path, *, public: bool, status: int
) -> None:
    settings = {
        "api_host": "0.0.0.0",  # noqa: S104  # what is tested
        "auth": "password",
        "public_metrics": public,
        "public_docs": public,
    }
    with running_api(tmp_path / "data", passwords=cheap_passwords(), **settings) as api:
        house = House(api)
        root, ada = house.person("root", admin=True), house.person("ada")
        for path in ("/metrics", "/docs", "/redoc", "/openapi.json"):
            assert api.http.get(path).status_code == status, path
            assert ada.get(path).status_code == (200 if public else 403), path
            assert root.get(path).status_code == 200, path


def test_without_a_login_the_one_person_may_do_all(api: RunningApi) -> None:
    for method, path in SIGNED_IN:
        assert api.http.request(method, path).status_code == 200, path
    assert api.http.get("/api/people").json() == []
    assert api.http.get("/api/me").json()["name"] == "owner"
