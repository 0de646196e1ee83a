"""NUL, lone surrogates and huge numbers in every parameter of every route."""

import json
from typing import Any

from tests.api.people.house import PASSWORD
from tests.api.people.policy import BODIES, QUERIES, ROUTES
from tests.redteam.attack import Attack, faults
from tests.redteam.world import World

KIND = "NUL, surrogates"
_NUL, _SURROGATE = "a\x00b", "a\ud800b"
_BODIES: dict[str, Any] = {
    **BODIES,
    "POST /api/session": {"name": "x", "password": "x"},
    "POST /api/session/link": {"token": "x", "password": "x"},
    "POST /api/people": {"name": "x", "display_name": "x", "email": "x"},
    "PATCH /api/people/{person_id}": {"display_name": "x", "email": "x"},
    "POST /api/groups": {"name": "x"},
    "PATCH /api/groups/{group_id}": {"name": "x"},
    "PATCH /api/me": {"display_name": "x", "email": "x"},
    "PUT /api/me/password": {"old": "x", "new": "x"},
    "POST /api/keys": {"name": "x", "scopes": ["read"], "base_ids": ["x"], "password": PASSWORD},
    "POST /v1/chat/completions": {
        "model": "zhiwen", "messages": [{"role": "user", "content": "x"}]
    },
    "POST /api/bases/{base_id}/known": {"files": [{"path": "x", "sha256": "0" * 64}]},
    "PUT /api/messages/{message_id}/feedback": {
        "rating": "down", "comment": "x", "correction": "x"
    },
    "POST /api/chat": {"question": "x", "base_ids": ["{base_id}"], "model": "x",
                       "conversation_id": "x", "document_id": "x", "regenerate": None,
                       "parent_id": "x"},
}  # fmt: skip
_KEPT = {"rating", "scopes", "role", "subject_kind", "sha256"}  # one of a few words
_PUBLIC = ["POST /api/session", "POST /api/session/link", "GET /api/session/link"]


def _hostile(given: Any, text: str, key: str = "") -> Any:
    if isinstance(given, dict):
        return {name: _hostile(value, text, name) for name, value in given.items()}
    if isinstance(given, list):
        return [_hostile(value, text, key) for value in given]
    return text if isinstance(given, str) and key not in _KEPT and "{" not in given else given


def _in_body(name: str) -> Attack:
    method, path = name.split(" ")

    def act(world: World) -> str:
        found = []
        for text in (_NUL, _SURROGATE):
            # JSON escapes a lone surrogate: \ud800 is accepted by parsers.
            body = json.dumps(world.fill(_hostile(_BODIES[name], text)))
            headers = {"content-type": "application/json", **world.new_address()}
            who = "boss" if ROUTES.get(name, ("", ""))[0] == "admin" else "keeper"
            if name in _PUBLIC:
                who = "nobody"
            answer = world.send(who, method, path, content=body, headers=headers)
            found.append(faults(world, answer))
        return "; ".join(filter(None, found))

    return Attack(KIND, f"body of {name}", act)


def _in_path(name: str) -> Attack:
    method, path = name.split(" ")
    folder = path.split("{")[0]

    def act(world: World) -> str:
        found = []
        for text in ("a%00b", "%ed%a0%80", "%ff%fe", "9" * 400):
            rest = path[path.index("}") + 1 :]
            hostile = f"{folder}{text}{rest}"
            answer = world.send("boss", method, hostile, params=QUERIES.get(name))
            found.append(faults(world, answer))
        return "; ".join(filter(None, found))

    return Attack(KIND, f"path of {name}", act)


def _in_query(path: str, *names: str) -> Attack:
    def act(world: World) -> str:
        found = []
        for name in names:
            for text in ("a%00b", "%ed%a0%80", "%ff", "9" * 30, "-1", ""):
                answer = world.people["boss"].get(f"{world.fill(path)}?{name}={text}")
                found.append(faults(world, answer))
        return "; ".join(filter(None, found))

    return Attack(KIND, f"query of {path}", act)


ATTACKS = [
    # Who may see a base stays as it is, for the other attacks.
    *(_in_body(name) for name in _BODIES if not name.endswith("/grants")),
    *(_in_path(name) for name in ROUTES if "{" in name),
    _in_query("/api/bases/{shared_id}/documents", "q", "limit", "offset", "state"),
    _in_query("/api/audit", "person_id", "action", "since", "until", "limit", "offset"),
    _in_query("/api/audit.jsonl", "person_id", "action", "since"),
    _in_query("/api/usage", "days"),
    _in_query("/api/feedback", "limit", "offset", "base_id", "rating", "q"),
    _in_query("/api/conversations", "limit", "offset", "q"),
    _in_query("/api/jobs", "base_id", "limit"),
    _in_query("/api/export", "format", "base_id", "since"),
    _in_query("/api/session/link", "token"),
    _in_query("/api/documents/{own_document_id}/text", "start", "end"),
]
