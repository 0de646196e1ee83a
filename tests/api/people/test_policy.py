"""Every route by every role: who may call what. A route that is in no table fails the tests."""

import json
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from app.api.deps import Administering, Asking, Exporting, Present, Reading, SignedIn, Writing
from app.api.main import ROUTERS
from app.db.tables import ApiKey, utc_now
from app.llm.scripted import ScriptedChatModel
from app.services.people.access import Role
from tests.api.people.house import House
from tests.api.sse import ask

NEEDS = {
    "ask": Asking,
    "read": Reading,
    "write": Writing,
    "export": Exporting,
    "signed in": SignedIn,
    "admin": Administering,
    "known": Present,
}
PUBLIC = {
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",  # on loopback only, unless a setting opens it
    "GET /api/session",
    "POST /api/session",
    "DELETE /api/session",
    "POST /api/session/renew",  # says 401 itself
    "GET /api/session/link",
    "POST /api/session/link",
}
# What each route is declared to need, and the role in the base for those that are about one.
# `own`: only the person whose conversation or key it is.
ROUTES: dict[str, tuple[str, Role | str | None]] = {
    "GET /api/bases": ("read", None),
    "POST /api/bases": ("write", None),
    "GET /api/bases/{base_id}": ("read", Role.READER),
    "PATCH /api/bases/{base_id}": ("write", Role.OWNER),
    "DELETE /api/bases/{base_id}": ("write", Role.OWNER),
    "GET /api/bases/{base_id}/grants": ("signed in", Role.OWNER),
    "PUT /api/bases/{base_id}/grants": ("signed in", Role.OWNER),
    "DELETE /api/bases/{base_id}/grants/{subject_kind}/{subject_id}": ("signed in", Role.OWNER),
    "GET /api/bases/{base_id}/restrictions": ("signed in", Role.OWNER),
    "PUT /api/bases/{base_id}/restrictions": ("signed in", Role.OWNER),
    "DELETE /api/bases/{base_id}/restrictions/{restriction_id}": ("signed in", Role.OWNER),
    "POST /api/bases/{base_id}/documents": ("write", Role.EDITOR),
    "GET /api/bases/{base_id}/documents": ("read", Role.READER),
    "POST /api/bases/{base_id}/known": ("write", Role.READER),
    "GET /api/documents/{document_id}": ("read", Role.READER),
    "GET /api/documents/{document_id}/versions": ("read", Role.READER),
    "DELETE /api/documents/{document_id}": ("write", Role.EDITOR),
    "POST /api/documents/{document_id}/retry": ("write", Role.EDITOR),
    "GET /api/documents/{document_id}/text": ("read", Role.READER),
    "GET /api/documents/{document_id}/chunks": ("read", Role.READER),
    "GET /api/documents/{document_id}/file": ("read", Role.READER),
    "GET /api/documents/{document_id}/tables": ("read", Role.READER),
    "GET /api/documents/{document_id}/pages/{number}": ("read", Role.READER),
    "GET /api/documents/{document_id}/boxes": ("read", Role.READER),
    "GET /api/jobs": ("read", None),
    "GET /api/jobs/{job_id}": ("read", Role.READER),
    "POST /api/jobs/{job_id}/cancel": ("write", Role.EDITOR),
    "POST /api/search": ("read", Role.READER),
    "POST /api/chat": ("ask", Role.READER),
    "GET /api/messages/{message_id}": ("ask", "own"),
    "GET /api/messages/{message_id}/events": ("ask", "own"),
    "POST /api/messages/{message_id}/stop": ("ask", "own"),
    "POST /api/messages/{message_id}/replay": ("ask", "own"),
    "PUT /api/messages/{message_id}/feedback": ("ask", "own"),
    "DELETE /api/messages/{message_id}/feedback": ("ask", "own"),
    "GET /api/feedback": ("read", None),
    "GET /api/conversations": ("ask", None),
    "GET /api/conversations/{conversation_id}": ("ask", "own"),
    "PATCH /api/conversations/{conversation_id}": ("ask", "own"),
    "DELETE /api/conversations/{conversation_id}": ("ask", "own"),
    "GET /api/approved": ("read", None),
    "POST /api/approved": ("write", Role.EDITOR),
    "DELETE /api/approved/{approved_id}": ("write", Role.EDITOR),
    "GET /api/export": ("export", None),
    "GET /api/export/report": ("export", None),
    "GET /api/bases/{base_id}/questions": ("read", Role.EDITOR),
    "POST /api/bases/{base_id}/questions": ("write", Role.EDITOR),
    "POST /api/bases/{base_id}/questions/collect": ("write", Role.EDITOR),
    "DELETE /api/questions/{question_id}": ("write", Role.EDITOR),
    "GET /api/bases/{base_id}/evaluations": ("read", Role.EDITOR),
    "POST /api/bases/{base_id}/evaluations": ("write", Role.EDITOR),
    "GET /api/bases/{base_id}/evaluations/{run_id}": ("read", Role.EDITOR),
    "GET /api/bases/{base_id}/evaluations/{run_id}/report": ("read", Role.EDITOR),
    "GET /api/bases/{base_id}/evaluations/{run_id}/compare": ("read", Role.EDITOR),
    "GET /api/evaluation/report": ("read", None),
    "GET /api/status": ("known", None),
    "GET /api/models": ("known", None),
    "GET /api/check": ("admin", None),
    "POST /api/check": ("admin", None),
    "GET /v1/models": ("ask", None),
    "POST /v1/chat/completions": ("ask", None),
    "GET /v1/models/{model:path}": ("ask", None),
    "POST /v1/embeddings": ("ask", None),
    "GET /api/me": ("signed in", None),
    "PATCH /api/me": ("signed in", None),
    "PUT /api/me/password": ("signed in", None),
    "GET /api/me/export": ("signed in", None),
    "GET /api/me/usage": ("signed in", None),
    "GET /api/sessions": ("signed in", None),
    "DELETE /api/sessions/{session_id}": ("signed in", "own"),
    "GET /api/keys": ("signed in", None),
    "POST /api/keys": ("signed in", None),
    "DELETE /api/keys/{key_id}": ("signed in", "own"),
    "GET /api/directory": ("signed in", None),
    "GET /api/people": ("admin", None),
    "POST /api/people": ("admin", None),
    "PATCH /api/people/{person_id}": ("admin", None),
    "DELETE /api/people/{person_id}": ("admin", None),
    "POST /api/people/{person_id}/link": ("admin", None),
    "GET /api/people/{person_id}/sessions": ("admin", None),
    "DELETE /api/people/{person_id}/sessions": ("admin", None),
    "GET /api/groups": ("admin", None),
    "POST /api/groups": ("admin", None),
    "PATCH /api/groups/{group_id}": ("admin", None),
    "DELETE /api/groups/{group_id}": ("admin", None),
    "PUT /api/groups/{group_id}/members/{person_id}": ("admin", None),
    "DELETE /api/groups/{group_id}/members/{person_id}": ("admin", None),
    "GET /api/audit": ("admin", None),
    "GET /api/datasets": ("admin", None),
    "POST /api/datasets": ("admin", None),
    "GET /api/datasets/{name}": ("admin", None),
    "GET /api/datasets/{name}/changes": ("admin", None),
    "POST /api/trainings": ("admin", None),
    "GET /api/trainings/{job_id}/curve": ("admin", None),
    "GET /api/adapters": ("admin", None),
    "GET /api/adapters/served": ("admin", None),
    "GET /api/adapters/history": ("admin", None),
    "POST /api/adapters/rollback": ("admin", None),
    "GET /api/adapters/{name}": ("admin", None),
    "POST /api/adapters/{name}/gate": ("admin", None),
    "POST /api/adapters/{name}/promote": ("admin", None),
    "GET /api/audit.jsonl": ("admin", None),
    "GET /api/usage": ("admin", None),
}
BODIES: dict[str, Any] = {
    "POST /api/bases": {"name": "新"},
    "PATCH /api/bases/{base_id}": {"description": "x"},
    "PUT /api/bases/{base_id}/grants": {"subject_kind": "everyone", "role": "reader"},
    "PUT /api/bases/{base_id}/restrictions": {"path": "x/"},
    "POST /api/bases/{base_id}/known": {"files": []},
    "POST /api/search": {"query": "年假", "base_ids": ["{base_id}"]},
    "POST /api/chat": {"question": "年假几天？", "base_ids": ["{base_id}"]},
    "PUT /api/messages/{message_id}/feedback": {"rating": "up"},
    "PATCH /api/conversations/{conversation_id}": {"title": "x"},
    "POST /api/approved": {"question": "年假？", "answer": "十五天。", "base_ids": ["{base_id}"]},
    "POST /api/bases/{base_id}/questions": {"question": "年假？", "answer": "十五天"},
    "POST /api/bases/{base_id}/evaluations": {},
}
QUERIES = {
    "GET /api/documents/{document_id}/boxes": {"start": 0, "end": 9},
    "GET /api/bases/{base_id}/evaluations/{run_id}/compare": {"before": "x"},
    "GET /api/export": {"format": "messages"},
    "GET /api/export/report": {"format": "messages"},
}
# What an owner may but nobody undoes, and what needs an engine or takes long.
NOT_TRIED_WHERE_ALLOWED = re.compile(r"DELETE |/replay$|/events$|/chat|/completions|/evaluations$")


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
            **{"run_id": "x", "restriction_id": "x", "group_id": "x", "number": "1"},
            **{"model": "zhiwen", "name": "x", "subject_kind": "everyone", "subject_id": "-"},
        }

    def key(self, person: str, name: str, scopes: list[str]) -> tuple[str, str]:
        body = {"name": name, "scopes": scopes, "base_ids": None, "expires_at": None}
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


@pytest.mark.parametrize("scope", ["ask", "read", "write", "export"])
def test_a_key_opens_what_it_is_for(world: World, scope: str) -> None:
    _, token = world.key("keeper", scope, [scope])
    program = world.house.browser(Authorization=f"Bearer {token}")
    for name, (needed, _) in ROUTES.items():
        if needed not in (scope, "known"):
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
