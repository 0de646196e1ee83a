"""The stand-in's routes for sharing. It notes what is asked for, and everybody sees everything."""

from fastapi import FastAPI

from tests.ui.stand_in.house import House, Record
from tests.ui.stand_in.service import new_id


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
        home.grants[key] = without(key, kind, subject_id.removeprefix("-"))

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
