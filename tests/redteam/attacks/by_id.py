"""Reading and changing what is somebody else's, by its id, its name or its hash."""

import hashlib

from app.interop.client import base_named
from app.services.people.access import Role
from tests.api.people.house import PASSWORD
from tests.api.people.policy import BODIES, QUERIES, ROUTES
from tests.api.sse import ask
from tests.redteam.attack import Attack, faults, lacks, refused, sends, silent, status
from tests.redteam.world import PLAN, SECRET, World

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
        "ask after another's answer",
        "/api/chat",
        question="价格？",
        base_ids=["{own_id}"],
        parent_id="{message_id}",
    ),
    _in_body(
        "ask in place of another's question",
        "/api/chat",
        question="价格？",
        base_ids=["{own_id}"],
        edit="{message_id}",
    ),
    _in_body(
        "move another's document into one's own base",
        "/api/documents/{document_id}/move",
        base_id="{own_id}",
    ),
    _in_body(
        "copy another's document into one's own base",
        "/api/documents/{document_id}/move",
        base_id="{own_id}",
        keep=True,
    ),
    _in_body(
        "summarise another's document",
        "/api/chat",
        task="summarise",
        document_id="{document_id}",
        base_ids=["{own_id}"],
    ),
    *(
        _in_body(
            f"{task} in the name of another's base",
            "/api/chat",
            question="价格？",
            task=task,
            base_ids=["{base_id}"],
            **more,
        )
        for task, more in (
            ("chat", {}),
            ("translate", {}),
            ("summarise", {"document_id": "{own_document_id}"}),
        )
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
        password=PASSWORD,
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
        *("/api/insight/figures", "/api/insight/gaps"),
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
    token = keeper.post("/api/keys", json={**body, "password": PASSWORD}).json()["token"]
    with world.house.browser(Authorization=f"Bearer {token}") as program:
        answer = program.get(f"/api/documents/{world.ids['document_id']}/text")
        return faults(world, answer, refused)


def _key_after_another_base(world: World) -> str:
    """Once the last question names no base, what was said before is still about one."""
    keeper, ids = world.people["keeper"], world.ids
    first = ask(keeper, "并购计划的价格？", ids["base_id"])["start"][0]
    path = f"/api/conversations/{first['conversation']['id']}"
    body = {"question": "你好", "task": "chat", "conversation_id": first["conversation"]["id"]}
    keeper.post("/api/chat", json=body).raise_for_status()
    body = {"name": "after", "scopes": ["ask", "read"], "base_ids": [ids["shared_id"]]}
    token = keeper.post("/api/keys", json={**body, "password": PASSWORD}).json()["token"]
    with world.house.browser(Authorization=f"Bearer {token}") as program:
        found = [program.get(path), program.get(f"/api/messages/{first['answer_id']}")]
        listed = program.get("/api/feedback")
    keeper.delete(path)
    return "; ".join(
        filter(None, [*(faults(world, a, refused) for a in found), faults(world, listed, silent)])
    )


def _words_of_a_closed_document(world: World) -> str:
    """What was told stays, and which files it came from; their words beside it do not."""
    keeper, victim, ids = world.people["keeper"], world.people["victim"], world.ids
    to = {"subject_kind": "person", "subject_id": world.house.person_id("victim")}
    path = f"/api/bases/{ids['base_id']}/grants"
    keeper.put(path, json={**to, "role": "reader"}).raise_for_status()
    told = ask(victim, "并购计划的价格是多少？", ids["base_id"])["start"][0]
    keeper.delete(f"{path}/person/{to['subject_id']}").raise_for_status()
    later = victim.get(f"/api/conversations/{told['conversation']['id']}").json()["messages"][-1]
    alone = victim.get(f"/api/messages/{told['answer_id']}").json()
    beside = [each[part] for each in (later, alone) for part in ("passages", "citations", "checks")]
    if SECRET in str(beside):
        return "tells words of the document"
    return "" if later["passages"] else "nothing was found"


def _namesake(world: World) -> str:
    """Uploads by name go to one's own base, whoever shares one of that name."""
    stranger, keeper, ids = world.people["stranger"], world.people["keeper"], world.ids
    path = f"/api/bases/{stranger.post('/api/bases', json={'name': '手册'}).json()['id']}"
    to = {"subject_kind": "person", "subject_id": ids["person_id"], "role": "editor"}
    stranger.put(f"{path}/grants", json=to).raise_for_status()
    bases = keeper.get("/api/bases").json()
    stranger.delete(path)
    found = base_named(bases, "手册")
    return "" if found and found["id"] == ids["shared_id"] else "it is taken for one's own"


def _conversation_of_an_answer(world: World) -> str:
    body = {"regenerate": world.ids["message_id"]}
    answer = world.people["stranger"].post("/api/chat", json=body)
    named = world.ids["conversation_id"] in answer.text
    return "names the conversation" if named else faults(world, answer, refused)


def _grants_itself(world: World) -> str:
    subject = {"subject_kind": "person", "subject_id": world.ids["stranger_id"]}
    path = f"/api/bases/{world.ids['base_id']}/grants"
    answer = world.people["stranger"].put(path, json={**subject, "role": "owner"})
    return faults(world, answer, refused)


def _key_administers(world: World) -> str:
    body = {"name": "k", "scopes": ["read", "write", "ask", "export"], "base_ids": None}
    made = world.people["boss"].post("/api/keys", json={**body, "password": PASSWORD}).json()
    with world.house.browser(Authorization=f"Bearer {made['token']}") as program:
        return faults(world, program.get("/api/people"), status(403))


def _becomes_admin(world: World) -> str:
    answer = world.people["stranger"].patch("/api/me", json={"admin": True, "display_name": "x"})
    me = world.people["stranger"].get("/api/me").json()
    return "is an administrator" if me["admin"] else faults(world, answer)


def _engines(world: World) -> str:
    engine = next(iter(world.house.api.application.gateway.engines.values()))
    engine.last_error = "http://10.0.0.7:8000/v1: connection refused"
    try:
        answers = [world.send(who, "GET", "/api/status") for who in ("stranger", "reader")]
    finally:
        engine.last_error = ""
    return next(filter(None, (faults(world, each, lacks("10.0.0.7")) for each in answers)), "")


ATTACKS = [
    *(*_by_route(), *_IN_BODIES, *_LISTS, *_RESTRICTED),
    Attack(KIND, "restricted document: by hash", _known),
    Attack(KIND, "upload the bytes that another has", _same_bytes),
    Attack(KIND, "a key of one base for another base", _key_of_one_base),
    Attack(KIND, "a key of one base after a question about another", _key_after_another_base),
    Attack(KIND, "words of a closed document beside an answer", _words_of_a_closed_document),
    Attack(KIND, "share a base under the name of another's own", _namesake),
    Attack(KIND, "the conversation of another's answer", _conversation_of_an_answer),
    Attack(KIND, "give oneself a role in another's base", _grants_itself),
    Attack(KIND, "administer with an administrator's key", _key_administers),
    Attack(KIND, "make oneself administrator by mass assignment", _becomes_admin),
    Attack(KIND, "where the engines are, by their errors", _engines),
    sends(
        KIND,
        "empty the audit as administrator",
        "boss",
        "PATCH",
        "/api/settings",
        status(422),
        json={"keep_audit_days": 1},
    ),
    sends(
        KIND,
        "the picture of another's page at the interface",
        "ui stranger",
        "GET",
        "/zhiwen/pages/{document_id}/1",
        refused,
    ),
]
