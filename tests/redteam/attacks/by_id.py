"""Reading and changing what is somebody else's, by its id, its name or its hash."""

import hashlib

from app.services.people.access import Role
from tests.api.people.test_policy import BODIES, QUERIES, ROUTES
from tests.redteam.attack import Attack, faults, refused, sends, silent, status
from tests.redteam.world import PLAN, World

KIND = "access by id"
_SHA256 = hashlib.sha256(PLAN.encode()).hexdigest()
_FILE = {"files": {"file": ("b.md", b"text")}}


def _by_route() -> list[Attack]:
    """Each route about one thing, asked by a person to whom the thing does not belong."""
    found = []
    for name, (needs, role) in ROUTES.items():
        method, path = name.split(" ")
        body = {"json": BODIES[name]} if name in BODIES else {}
        request = {**body, **({"params": QUERIES[name]} if name in QUERIES else {})}
        if name == "POST /api/bases/{base_id}/documents":
            request = _FILE
        if isinstance(role, Role) or role == "own":
            found.append(sends(KIND, name, "stranger", method, path, refused, **request))
        elif needs == "admin":
            what = f"{name} without being an administrator"
            found.append(sends(KIND, what, "stranger", method, path, status(403), **request))
    return found


def _in_body(name: str, path: str, /, **body: object) -> Attack:
    return sends(KIND, name, "stranger", "POST", path, refused, json=body)


_IN_BODIES = [
    _in_body("search in another's base", "/api/search", query="价格", base_ids=["{base_id}"]),
    _in_body(
        "search in one's own and another's base",
        "/api/search",
        query="价格",
        base_ids=["{own_id}", "{base_id}"],
    ),
    _in_body("ask in another's base", "/api/chat", question="价格？", base_ids=["{base_id}"]),
    _in_body(
        "ask within another's conversation",
        "/api/chat",
        question="价格？",
        base_ids=["{own_id}"],
        conversation_id="{conversation_id}",
    ),
    _in_body("answer another's question again", "/api/chat", regenerate="{message_id}"),
    _in_body(
        "summarise another's document",
        "/api/chat",
        task="summarise",
        document_id="{document_id}",
        base_ids=["{own_id}"],
    ),
    _in_body(
        "approve an answer for another's base",
        "/api/approved",
        question="价格？",
        answer="0",
        base_ids=["{base_id}"],
    ),
    _in_body(
        "a base of another in a key",
        "/api/keys",
        name="k",
        scopes=["read"],
        base_ids=["{base_id}"],
        expires_at=None,
    ),
    _in_body(
        "a base of another as OpenAI model",
        "/v1/chat/completions",
        model="zhiwen/并购计划",
        messages=[{"role": "user", "content": "价格？"}],
    ),
]


def _lists(path: str) -> Attack:
    return sends(KIND, f"GET {path} holds nothing of others", "stranger", "GET", path, silent)


_LISTS = [
    _lists(path)
    for path in (
        *("/api/bases", "/api/jobs", "/api/conversations", "/api/feedback", "/api/approved"),
        *("/api/status", "/api/models", "/api/directory", "/api/me/export", "/api/me/usage"),
        *("/v1/models", "/api/sessions", "/api/keys", "/api/evaluation/report", "/openapi.json"),
    )
] + [
    sends(
        KIND,
        f"export {form} of all",
        "stranger",
        "GET",
        path,
        silent,
        params={"format": "messages"},
    )
    for form, path in (("rows", "/api/export"), ("report", "/api/export/report"))
]


def _restricted(name: str, method: str, path: str, **request: object) -> Attack:
    """`reader` reads the base, but not the folder."""
    return sends(KIND, f"restricted document: {name}", "reader", method, path, silent, **request)


_RESTRICTED = [
    *(
        _restricted(part or "itself", "GET", f"/api/documents/{{hidden_id}}{part}", **more)
        for part, more in (
            *(("", {}), ("/text", {}), ("/chunks", {}), ("/file", {}), ("/tables", {})),
            *(("/versions", {}), ("/pages/1", {}), ("/boxes", {"params": {"start": 0, "end": 9}})),
        )
    ),
    _restricted("in the list", "GET", "/api/bases/{shared_id}/documents", params={"q": "s"}),
    _restricted(
        "by search", "POST", "/api/search", json={"query": "价格", "base_ids": ["{shared_id}"]}
    ),
    _restricted(
        "by question",
        "POST",
        "/api/chat",
        json={"question": "并购价格？", "base_ids": ["{shared_id}"]},
    ),
    _restricted(
        "by summary",
        "POST",
        "/api/chat",
        json={"task": "summarise", "document_id": "{hidden_id}", "base_ids": ["{shared_id}"]},
    ),
    _restricted(
        "by OpenAI model",
        "POST",
        "/v1/chat/completions",
        json={"model": "zhiwen/手册", "messages": [{"role": "user", "content": "并购价格？"}]},
    ),
    _restricted("in jobs", "GET", "/api/jobs"),
    _restricted("delete", "DELETE", "/api/documents/{hidden_id}"),
]


def _known(world: World) -> str:
    """A hash tells whether a file is there: with access only."""
    body = {"files": [{"path": "restricted/s.md", "sha256": _SHA256}]}
    path = f"/api/bases/{world.ids['shared_id']}/known"
    answer = world.people["reader"].post(path, json=body)
    found = answer.status_code == 200 and answer.json()["documents"] != [None]
    return "a hash finds a restricted file" if found else faults(world, answer, silent)


def _same_bytes(world: World) -> str:
    """Uploading what somebody else has uploaded tells nothing of that."""
    answer = world.upload("stranger", "guess.md", PLAN.encode())
    body = answer.json()
    world.people["stranger"].delete(f"/api/documents/{body['id']}")
    other = body["base_id"] != world.ids["own_id"] or body["id"] == world.ids["document_id"]
    return "got the other's document" if other or answer.status_code != 202 else ""


def _key_of_one_base(world: World) -> str:
    """A key for one base opens no other of the same person."""
    keeper = world.people["keeper"]
    body = {"name": "one", "scopes": ["read"], "base_ids": [world.ids["shared_id"]]}
    token = keeper.post("/api/keys", json={**body, "expires_at": None}).json()["token"]
    with world.house.browser(Authorization=f"Bearer {token}") as program:
        answer = program.get(f"/api/documents/{world.ids['document_id']}/text")
        return faults(world, answer, refused)


def _grants_itself(world: World) -> str:
    subject = {"subject_kind": "person", "subject_id": world.ids["stranger_id"]}
    path = f"/api/bases/{world.ids['base_id']}/grants"
    answer = world.people["stranger"].put(path, json={**subject, "role": "owner"})
    return faults(world, answer, refused)


def _key_administers(world: World) -> str:
    body = {"name": "k", "scopes": ["read", "write", "ask", "export"], "base_ids": None}
    made = world.people["boss"].post("/api/keys", json={**body, "expires_at": None}).json()
    with world.house.browser(Authorization=f"Bearer {made['token']}") as program:
        return faults(world, program.get("/api/people"), status(403))


def _becomes_admin(world: World) -> str:
    answer = world.people["stranger"].patch("/api/me", json={"admin": True, "display_name": "x"})
    me = world.people["stranger"].get("/api/me").json()
    return "is an administrator" if me["admin"] else faults(world, answer)


ATTACKS = [
    *(*_by_route(), *_IN_BODIES, *_LISTS, *_RESTRICTED),
    Attack(KIND, "restricted document: by hash", _known),
    Attack(KIND, "upload the bytes that another has", _same_bytes),
    Attack(KIND, "a key of one base for another base", _key_of_one_base),
    Attack(KIND, "give oneself a role in another's base", _grants_itself),
    Attack(KIND, "administer with an administrator's key", _key_administers),
    Attack(KIND, "make oneself administrator by mass assignment", _becomes_admin),
    sends(
        KIND,
        "the picture of another's page at the interface",
        "ui stranger",
        "GET",
        "/zhiwen/pages/{document_id}/1",
        refused,
    ),
]
