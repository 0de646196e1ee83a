"""Every route by every role: who may call what. A route that is in no table fails the tests."""

import json
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from app.api.main import ROUTERS
from app.db.tables import ApiKey, utc_now
from app.llm.scripted import ScriptedChatModel
from app.services.people.access import Role
from tests.api.people.house import PASSWORD, House
from tests.api.people.policy import BODIES, NEEDS, NOT_TRIED_WHERE_ALLOWED, PUBLIC, QUERIES, ROUTES
from tests.api.sse import ask


def declared_routes() -> dict[str, APIRoute]:
    return {
        f"{method} {route.path}": route
        for module in ROUTERS
        for route in module.router.routes
        for method in route.methods
    }


class World:
    """A base of `owner`, with what hangs on it, and people in every role."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.people = {
            name: house.person(name) for name in ("keeper", "reader", "editor", "stranger")
        }
        self.people["admin"] = house.person("boss", admin=True)
        self.people["nobody"] = house.browser()
        owner = self.people["keeper"]
        base = owner.post("/api/bases", json={"name": "人事"}).json()
        files = {"file": ("手册.md", "# 手册\n\n年假为每年十五天。".encode())}
        document = owner.post(f"/api/bases/{base['id']}/documents", files=files).json()
        from tests.application import drain

        drain(house.api.application)
        for name in ("reader", "editor"):
            grant = {"subject_kind": "person", "subject_id": house.person_id(name), "role": name}
            owner.put(f"/api/bases/{base['id']}/grants", json=grant).raise_for_status()
        model = house.api.application.model
        assert isinstance(model, ScriptedChatModel)
        model.enqueue("年假为每年十五天。")
        found = ask(owner, "年假几天？", base["id"])
        self.ids = {
            "base_id": base["id"],
            "document_id": document["id"],
            "message_id": found["start"][0]["answer_id"],
            "conversation_id": found["start"][0]["conversation"]["id"],
            "job_id": owner.get("/api/jobs").json()[0]["id"],
            "approved_id": owner.post(
                "/api/approved",
                json={"question": "几点上班？", "answer": "九点。", "base_ids": [base["id"]]},
            ).json()["id"],
            "question_id": owner.post(
                f"/api/bases/{base['id']}/questions", json={"question": "年假？", "answer": "15"}
            ).json()["id"],
            "key_id": self.key("keeper", "one", ["read"])[0],
            "session_id": owner.get("/api/sessions").json()[0]["id"],
            "person_id": house.person_id("reader"),
            **{"gap_id": "x", "run_id": "x", "restriction_id": "x", "group_id": "x", "number": "1"},
            **{"model": "zhiwen", "name": "x", "subject_kind": "everyone", "subject_id": "-"},
            **{"provider": "oidc", "identity_id": "x"},
        }

    def key(self, person: str, name: str, scopes: list[str]) -> tuple[str, str]:
        bases = [self.ids["base_id"]] if scopes == ["widget"] else None
        body = {"name": name, "scopes": scopes, "base_ids": bases, "password": PASSWORD}
        made = self.people[person].post("/api/keys", json=body).json()
        return made["id"], made["token"]

    def call(self, browser: httpx.Client, name: str) -> httpx.Response:
        method, path = name.split(" ")
        path = path.replace(":path}", "}").format(**self.ids)
        if name == "POST /api/bases/{base_id}/documents":
            return browser.post(path, files={"file": ("b.md", b"text")})
        body = BODIES.get(name)
        if body is not None:
            body = json.loads(json.dumps(body).replace("{base_id}", self.ids["base_id"]))
        return browser.request(method, path, json=body, params=QUERIES.get(name))


@pytest.fixture
def world(house: House) -> World:
    return World(house)


def test_each_route_is_in_the_table_and_declares_what_it_needs() -> None:
    routes = declared_routes()
    # Sign-in over providers has tests of its own.
    signing_in = {n for n in routes if re.search(r"/api/session/(providers|proxy)", n)}
    assert routes.keys() - signing_in == PUBLIC | ROUTES.keys()
    declared = {needs.__metadata__[0].dependency: name for name, needs in NEEDS.items()}
    for name in ROUTES:
        found = {declared[c] for c in _calls(routes[name].dependant) if c in declared}
        assert ROUTES[name][0] in found, name


def _calls(dependant: Any) -> set[Any]:
    return {dependant.call}.union(*map(_calls, dependant.dependencies))


def test_nobody_gets_anything(world: World) -> None:
    for name in ROUTES:
        assert world.call(world.people["nobody"], name).status_code == 401, name


@pytest.mark.parametrize("role", ["stranger", "admin", "reader", "editor"])
def test_a_role_is_refused_what_is_not_its_own(world: World, role: str) -> None:
    """Administrators have no role in a base: they manage people, not what these keep."""
    has = {"reader": Role.READER, "editor": Role.EDITOR}.get(role)
    for name, (scope, needed) in ROUTES.items():
        if scope == "admin" and role != "admin":
            assert world.call(world.people[role], name).status_code == 403, name
        elif needed == "own" or (isinstance(needed, Role) and has is None):
            assert world.call(world.people[role], name).status_code == 404, name
        elif isinstance(needed, Role) and has is not None and has < needed:
            assert world.call(world.people[role], name).status_code == 403, name


@pytest.mark.parametrize("role", ["reader", "editor", "owner"])
def test_a_role_gets_what_is_its_own(world: World, role: str) -> None:
    has = {"reader": Role.READER, "editor": Role.EDITOR, "owner": Role.OWNER}[role]
    for name, (scope, needed) in ROUTES.items():
        if NOT_TRIED_WHERE_ALLOWED.search(name) or scope == "admin":
            continue
        if (isinstance(needed, Role) and has >= needed) or (needed == "own" and role == "owner"):
            person = "keeper" if role == "owner" else role
            status = world.call(world.people[person], name).status_code
            missing = {"run_id", "restriction_id"} & set(re.findall(r"{(\w+)}", name))
            assert status not in (401, 403, 500) and (status != 404 or missing), (name, status)


@pytest.mark.parametrize("scope", ["ask", "read", "write", "export", "widget"])
def test_a_key_opens_what_it_is_for(world: World, scope: str) -> None:
    _, token = world.key("keeper", scope, [scope])
    program = world.house.browser(Authorization=f"Bearer {token}")
    for name, (needed, _) in ROUTES.items():
        if needed != scope and (needed != "known" or scope == "widget"):
            assert world.call(program, name).status_code == 403, name
        elif not NOT_TRIED_WHERE_ALLOWED.search(name):
            assert world.call(program, name).status_code not in (401, 403, 500), name


def test_keys_that_ended_open_nothing(world: World) -> None:
    all_scopes = ["ask", "read", "write", "export"]
    revoked, first = world.key("keeper", "revoked", all_scopes)
    expired, second = world.key("keeper", "expired", all_scopes)
    world.people["keeper"].delete(f"/api/keys/{revoked}").raise_for_status()
    with world.house.api.application.db.write() as session:
        session.get_one(ApiKey, expired).expires_at = utc_now() - timedelta(seconds=1)
    for token in (first, second, "zk_unknown", "x"):
        program = world.house.browser(Authorization=f"Bearer {token}")
        for name in ROUTES:
            assert world.call(program, name).status_code == 401, name
