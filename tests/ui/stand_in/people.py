"""People, their sessions and keys, groups, sharing: what the stand-in knows once a login is needed.

`house()` gives three people with one password: li (administrator), wang and chen.
"""

import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from app.api.wire import Problem
from tests.ui.stand_in.service import Application, Refused, new_id, now

COOKIE = "zhiwen_session"
PASSWORD = "correct horse battery"
Record = dict[str, Any]


@dataclass
class House:
    people: dict[str, Record] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, Record] = field(default_factory=dict)  # by token
    links: dict[str, str] = field(default_factory=dict)  # token to person
    keys: dict[str, Record] = field(default_factory=dict)
    groups: dict[str, Record] = field(default_factory=dict)
    grants: dict[str, list[Record]] = field(default_factory=dict)  # by base
    restrictions: dict[str, list[Record]] = field(default_factory=dict)
    audit: list[Record] = field(default_factory=list)  # newest first
    usage: list[Record] = field(default_factory=list)
    providers: list[Record] = field(default_factory=list)
    auth: str = "password"
    successor: str = ""  # of the token at the next renewal
    heard: list[dict[str, str]] = field(default_factory=list)  # headers of every call

    def add(self, name: str, display_name: str, *, admin: bool = False) -> Record:
        person = {
            "id": new_id(),
            "name": name,
            "display_name": display_name,
            "email": f"{name}@example.com",
            "admin": admin,
            "state": "active",
            "created_at": now().isoformat(),
            "seen_at": None,
        }
        self.people[person["id"]] = person
        self.passwords[person["id"]] = PASSWORD
        return person

    def named(self, name: str) -> Record:
        return next(person for person in self.people.values() if person["name"] == name)

    def sign_in(self, name: str, user_agent: str = "") -> str:
        """The token of a new session."""
        token = secrets.token_urlsafe(16)
        self.sessions[token] = {
            "id": new_id(),
            "person_id": self.named(name)["id"],
            "method": "password",
            "user_agent": user_agent,
            "address": "192.0.2.7",
            "created_at": now().isoformat(),
            "seen_at": now().isoformat(),
            "expires_at": now().isoformat(),
        }
        return token

    def asking(self, request: Request) -> Record:
        session = self.sessions.get(request.cookies.get(COOKIE, ""))
        if session is None:
            raise Refused(401, "unauthenticated", "Sign in first.")
        return self.people[session["person_id"]]

    def members(self, group: Record) -> Record:
        people = [self.people[id_] for id_ in group["member_ids"]]
        return {**group, "members": people}


def house() -> House:
    made = House()
    made.add("li", "李娜", admin=True)
    made.add("wang", "王芳")
    made.add("chen", "陈静")
    return made


def add_people_routes(api: FastAPI, application: Application) -> None:
    add_session_routes(api, application)
    if (home := application.house) is None:
        return
    add_own_routes(api, home)
    add_account_routes(api, home)
    add_group_routes(api, home)
    add_sharing_routes(api, home)

    @api.middleware("http")
    async def signed_in(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        home.heard.append({**request.headers, "path": request.url.path})
        path = request.url.path
        open_path = path.startswith("/api/session/") or path in {"/api/session", "/healthz"}
        if not open_path and request.cookies.get(COOKIE) not in home.sessions:
            problem = Problem(title="", status=401, detail="Sign in.", code="unauthenticated")
            return JSONResponse(problem.model_dump(mode="json"), 401)
        return await call_next(request)


def add_session_routes(api: FastAPI, application: Application) -> None:
    home = application.house

    def session_of(token: str) -> Record:
        session = home.sessions.get(token) if home else None
        person = home.people[session["person_id"]] if home and session else None
        if person:
            person = {**person, "groups": []}
        auth, providers = (home.auth, home.providers) if home else ("none", [])
        return {"auth": auth, "providers": providers, "person": person}

    @api.get("/api/session")
    async def read(request: Request) -> Record:
        return session_of(request.cookies.get(COOKIE, ""))

    if home is None:
        return

    def opened(response: Response, name: str, request: Request) -> Record:
        token = home.sign_in(name, request.headers.get("user-agent", ""))
        response.set_cookie(COOKIE, token, httponly=True, samesite="lax")
        return session_of(token)

    @api.post("/api/session")
    async def sign_in(body: Record, request: Request, response: Response) -> Record:
        person = next((p for p in home.people.values() if p["name"] == body["name"]), None)
        if person is None or home.passwords[person["id"]] != body["password"]:
            raise Refused(401, "sign_in_failed", "No.")
        return opened(response, person["name"], request)

    @api.delete("/api/session", status_code=204)
    async def sign_out(request: Request, response: Response) -> None:
        home.sessions.pop(request.cookies.get(COOKIE, ""), None)
        response.delete_cookie(COOKIE)

    @api.post("/api/session/renew", status_code=204)
    async def renew(request: Request, response: Response) -> None:
        token = request.cookies.get(COOKIE, "")
        if home.successor and token in home.sessions:
            home.sessions[home.successor] = home.sessions.pop(token)
            response.set_cookie(COOKIE, home.successor, httponly=True, samesite="lax")
            home.successor = ""

    @api.get("/api/session/link")
    async def link(token: str) -> Record:
        if token not in home.links:
            raise Refused(404, "link_invalid", "No.")
        person = home.people[home.links[token]]
        return {"name": person["name"], "purpose": "invite"}

    @api.post("/api/session/link")
    async def use_link(body: Record, request: Request, response: Response) -> Record:
        if len(body["password"]) < 10:
            raise Refused(422, "weak_password", "No.")
        person = home.people[home.links.pop(body["token"])]
        home.passwords[person["id"]], person["state"] = body["password"], "active"
        return opened(response, person["name"], request)

    @api.post("/api/session/providers/{name}")
    async def provider(name: str, body: Record, response: Response) -> Record:
        response.set_cookie("zhiwen_sign_in", "state", httponly=True)
        return {"url": f"https://login.example/authorize?for={name}&next={body['next']}"}

    @api.post("/api/session/providers/{name}/callback")
    async def callback(name: str, body: Record, request: Request, response: Response) -> Record:
        if body["params"].get("state") != request.cookies.get("zhiwen_sign_in"):
            raise Refused(401, "state_invalid", "No.")
        return {"next": body["params"]["next"], **opened(response, "wang", request)}


def add_own_routes(api: FastAPI, home: House) -> None:
    @api.get("/api/me")
    async def me(request: Request) -> Record:
        return home.asking(request)

    @api.patch("/api/me")
    async def change(body: Record, request: Request) -> Record:
        home.asking(request).update(body)
        return home.asking(request)

    @api.put("/api/me/password", status_code=204)
    async def password(body: Record, request: Request) -> None:
        person = home.asking(request)
        if home.passwords[person["id"]] != body["old"]:
            raise Refused(422, "wrong_password", "No.")
        home.passwords[person["id"]] = body["new"]

    def sessions_of(person_id: str, current: str = "") -> list[Record]:
        return [
            {**session, "current": token == current}
            for token, session in home.sessions.items()
            if session["person_id"] == person_id
        ]

    @api.get("/api/sessions")
    async def sessions(request: Request) -> list[Record]:
        return sessions_of(home.asking(request)["id"], request.cookies[COOKIE])

    @api.delete("/api/sessions/{key}", status_code=204)
    async def end(key: str) -> None:
        for token in [t for t, s in home.sessions.items() if s["id"] == key]:
            del home.sessions[token]

    @api.get("/api/people/{key}/sessions")
    async def theirs(key: str) -> list[Record]:
        return sessions_of(key)

    @api.delete("/api/people/{key}/sessions", status_code=204)
    async def end_theirs(key: str) -> None:
        for token in [t for t, s in home.sessions.items() if s["person_id"] == key]:
            del home.sessions[token]

    @api.get("/api/keys")
    async def keys() -> list[Record]:
        return list(home.keys.values())

    @api.post("/api/keys", status_code=201)
    async def create_key(body: Record) -> Record:
        facts = {"id": new_id(), "hint": "7f3a", "created_at": now().isoformat(), "used_at": None}
        key = {**facts, **body}
        home.keys[str(key["id"])] = key
        return {**key, "token": "zk_shown-once-7f3a"}

    @api.delete("/api/keys/{key}", status_code=204)
    async def revoke(key: str) -> None:
        del home.keys[key]

    @api.get("/api/directory")
    async def directory() -> Record:
        return {"people": list(home.people.values()), "groups": list(home.groups.values())}


def add_account_routes(api: FastAPI, home: House) -> None:
    def administering(request: Request) -> None:
        if not home.asking(request)["admin"]:
            raise Refused(403, "not_admin", "No.")

    def link_for(person_id: str) -> str:
        token = secrets.token_urlsafe(16)
        home.links[token] = person_id
        return f"http://127.0.0.1:8501/welcome?token={token}"

    @api.get("/api/people")
    async def people(request: Request) -> list[Record]:
        administering(request)
        return list(home.people.values())

    @api.post("/api/people", status_code=201)
    async def invite(body: Record, request: Request) -> Record:
        administering(request)
        if any(p["name"] == body["name"] for p in home.people.values()):
            raise Refused(409, "name_taken", "No.")
        person = home.add(body["name"], body["display_name"], admin=body["admin"])
        person["state"] = "invited"
        return {"person": person, "link": link_for(person["id"])}

    @api.patch("/api/people/{key}")
    async def change(key: str, body: Record, request: Request) -> Record:
        administering(request)
        home.people[key].update(body)
        return home.people[key]

    @api.post("/api/people/{key}/link")
    async def link(key: str, request: Request) -> Record:
        administering(request)
        return {"link": link_for(key)}

    @api.delete("/api/people/{key}", status_code=204)
    async def remove(key: str, conversations: str, bases_to: str, request: Request) -> None:
        administering(request)
        assert conversations in {"delete", "anonymise"} and bases_to in home.people
        del home.people[key]

    @api.get("/api/audit")
    async def audit(limit: int, offset: int, person_id: str = "", action: str = "") -> Record:
        found = [
            e for e in home.audit if person_id in ("", e["person_id"]) and action in e["action"]
        ]
        return {"entries": found[offset : offset + limit], "total": len(found)}

    @api.get("/api/audit.jsonl")
    async def audit_file() -> PlainTextResponse:
        return PlainTextResponse("{}\n")

    @api.get("/api/usage")
    async def usage() -> Record:
        limits = dict.fromkeys(("requests", "tokens", "key_requests", "key_tokens"), 0)
        return {"items": home.usage, "limits": {**limits, "requests": 500}}


def add_group_routes(api: FastAPI, home: House) -> None:
    @api.get("/api/groups")
    async def groups() -> list[Record]:
        return [home.members(group) for group in home.groups.values()]

    @api.post("/api/groups", status_code=201)
    async def create(body: Record) -> Record:
        if any(group["name"] == body["name"] for group in home.groups.values()):
            raise Refused(409, "name_taken", "No.")
        group: Record = {"id": new_id(), "name": body["name"], "member_ids": []}
        home.groups[group["id"]] = group
        return home.members(group)

    @api.patch("/api/groups/{key}")
    async def rename(key: str, body: Record) -> Record:
        home.groups[key]["name"] = body["name"]
        return home.members(home.groups[key])

    @api.delete("/api/groups/{key}", status_code=204)
    async def delete(key: str) -> None:
        del home.groups[key]

    @api.put("/api/groups/{key}/members/{person}", status_code=204)
    async def add(key: str, person: str) -> None:
        home.groups[key]["member_ids"].append(person)

    @api.delete("/api/groups/{key}/members/{person}", status_code=204)
    async def remove(key: str, person: str) -> None:
        home.groups[key]["member_ids"].remove(person)


def add_sharing_routes(api: FastAPI, home: House) -> None:
    def named(subject: Record) -> Record:
        known = {**home.people, **home.groups}.get(subject["subject_id"], {})
        return {**subject, "name": known.get("display_name") or known.get("name", "")}

    @api.get("/api/bases/{key}/grants")
    async def grants(key: str) -> list[Record]:
        return [named(grant) for grant in home.grants.get(key, [])]

    def without(key: str, kind: str, subject_id: str) -> list[Record]:
        return [
            grant
            for grant in home.grants.get(key, [])
            if (grant["subject_kind"], grant["subject_id"]) != (kind, subject_id)
        ]

    @api.put("/api/bases/{key}/grants")
    async def grant(key: str, body: Record) -> Record:
        kept = without(key, body["subject_kind"], body["subject_id"])
        home.grants[key] = [*kept, body]
        return named(body)

    @api.delete("/api/bases/{key}/grants/{kind}/{subject_id}", status_code=204)
    async def withdraw(key: str, kind: str, subject_id: str) -> None:
        home.grants[key] = without(key, kind, re.sub("^-$", "", subject_id))

    @api.get("/api/bases/{key}/restrictions")
    async def restrictions(key: str) -> list[Record]:
        return [
            {**found, "members": [named(member) for member in found["members"]]}
            for found in home.restrictions.get(key, [])
        ]

    @api.put("/api/bases/{key}/restrictions")
    async def restrict(key: str, body: Record) -> None:
        kept = [r for r in home.restrictions.get(key, []) if r["path"] != body["path"]]
        home.restrictions[key] = [*kept, {"id": new_id(), **body}]

    @api.delete("/api/bases/{key}/restrictions/{restriction}", status_code=204)
    async def lift(key: str, restriction: str) -> None:
        kept = [r for r in home.restrictions[key] if r["id"] != restriction]
        home.restrictions[key] = kept


def sample_audit(home: House) -> None:
    """Some entries and a week's usage, to be looked at."""
    for number, (name, action, kind, outcome) in enumerate(
        [
            ("li", "base.share", "base", "done"),
            ("wang", "session.open", "session", "done"),
            ("chen", "session.open", "person", "refused"),
            ("li", "person.create", "person", "done"),
        ]
    ):
        person = home.named(name)
        home.audit.append(
            {
                "id": 4 - number,
                "at": datetime(2031, 3, 1, 9, 30 - number, tzinfo=UTC).isoformat(),
                "person_id": person["id"],
                "person_name": name,
                "key_id": "",
                "action": action,
                "object_kind": kind,
                "object_id": new_id(),
                "address": "192.0.2.7",
                "outcome": outcome,
                "detail": {"role": "reader"} if action == "base.share" else {},
            }
        )
        home.usage.append(
            {
                "day": "2031-03-01",
                "person_id": person["id"],
                "key_id": new_id() if number == 0 else "",
                "requests": 120 + number,
                "tokens": 48_000 * (number + 1),
            }
        )
