"""The stand-in's routes for accounts: one's own, everybody's, and groups."""

import secrets

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

from tests.ui.stand_in.house import COOKIE, House, Record
from tests.ui.stand_in.service import Refused, new_id, now


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
        if body.pop("password") != home.password:
            raise Refused(422, "password_needed", "Give the password of the account, too.")
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
