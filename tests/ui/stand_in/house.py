"""People, their sessions and keys, groups, sharing: what the stand-in knows with a login."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fastapi import Request

from tests.ui.stand_in.service import Refused, new_id, now

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
    password: str = ""  # that a new key needs
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
    """Three people with one password: li (administrator), wang and chen."""
    made = House()
    made.add("li", "李娜", admin=True)
    made.add("wang", "王芳")
    made.add("chen", "陈静")
    return made


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
