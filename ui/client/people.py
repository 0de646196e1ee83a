"""Calls about people: the visitor's own account, and for administrators all accounts."""

from collections.abc import Callable
from typing import Any, cast

from ui.client import wire

Call = Callable[..., Any]


class People:
    def __init__(self, call: Call) -> None:
        self._call = call

    # The visitor

    def me(self) -> wire.Person:
        return cast(wire.Person, self._call("GET", "/api/me"))

    def session(self) -> wire.Session:
        return cast(wire.Session, self._call("GET", "/api/session"))

    def change_password(self, old: str, new: str) -> None:
        self._call("PUT", "/api/me/password", json={"old": old, "new": new})

    def rename(self, display_name: str, email: str) -> None:
        self._call("PATCH", "/api/me", json={"display_name": display_name, "email": email})

    def export(self) -> Any:
        """Everything that is the visitor's, as JSON."""
        return self._call("GET", "/api/me/export")

    def my_sessions(self) -> list[wire.LoginSession]:
        return cast(list[wire.LoginSession], self._call("GET", "/api/sessions"))

    def end_my_session(self, session_id: str) -> None:
        self._call("DELETE", f"/api/sessions/{session_id}")

    def my_keys(self) -> list[wire.Key]:
        return cast(list[wire.Key], self._call("GET", "/api/keys"))

    def create_key(self, key: wire.NewKey) -> str:
        """The key, which the API doesn't say again."""
        return str(self._call("POST", "/api/keys", json=key)["token"])

    def revoke_key(self, key_id: str) -> None:
        self._call("DELETE", f"/api/keys/{key_id}")

    def my_identities(self) -> list[wire.Identity]:
        return cast(list[wire.Identity], self._call("GET", "/api/me/identities"))

    def disconnect_mine(self, identity_id: str) -> None:
        self._call("DELETE", f"/api/me/identities/{identity_id}")

    def directory(self) -> wire.Directory:
        return cast(wire.Directory, self._call("GET", "/api/directory"))

    # All accounts

    def all(self) -> list[wire.Person]:
        return cast(list[wire.Person], self._call("GET", "/api/people"))

    def invite(self, name: str, display_name: str, email: str, *, admin: bool) -> wire.Invited:
        body = {"name": name, "display_name": display_name, "email": email, "admin": admin}
        return cast(wire.Invited, self._call("POST", "/api/people", json=body))

    def change(self, person_id: str, **changes: object) -> None:
        self._call("PATCH", f"/api/people/{person_id}", json=changes)

    def new_link(self, person_id: str) -> str:
        """For a new password."""
        return str(self._call("POST", f"/api/people/{person_id}/link")["link"])

    def remove(self, person_id: str, conversations: str, bases_to: str) -> None:
        """`conversations`: delete or anonymise. Their bases become those of `bases_to`."""
        params = {"conversations": conversations, "bases_to": bases_to}
        self._call("DELETE", f"/api/people/{person_id}", params=params)

    def sessions(self, person_id: str) -> list[wire.LoginSession]:
        return cast(list[wire.LoginSession], self._call("GET", f"/api/people/{person_id}/sessions"))

    def identities(self, person_id: str) -> list[wire.Identity]:
        return cast(list[wire.Identity], self._call("GET", f"/api/people/{person_id}/identities"))

    def disconnect(self, person_id: str, identity_id: str) -> None:
        self._call("DELETE", f"/api/people/{person_id}/identities/{identity_id}")

    def end_sessions(self, person_id: str) -> None:
        self._call("DELETE", f"/api/people/{person_id}/sessions")

    def groups(self) -> list[wire.GroupWithMembers]:
        return cast(list[wire.GroupWithMembers], self._call("GET", "/api/groups"))

    def create_group(self, name: str) -> None:
        self._call("POST", "/api/groups", json={"name": name})

    def rename_group(self, group_id: str, name: str) -> None:
        self._call("PATCH", f"/api/groups/{group_id}", json={"name": name})

    def delete_group(self, group_id: str) -> None:
        self._call("DELETE", f"/api/groups/{group_id}")

    def add_member(self, group_id: str, person_id: str) -> None:
        self._call("PUT", f"/api/groups/{group_id}/members/{person_id}")

    def remove_member(self, group_id: str, person_id: str) -> None:
        self._call("DELETE", f"/api/groups/{group_id}/members/{person_id}")

    def audit(self, filters: dict[str, str], limit: int, offset: int) -> wire.AuditList:
        params = {**filters, "limit": limit, "offset": offset}
        return cast(wire.AuditList, self._call("GET", "/api/audit", params=params))

    def usage(self, days: int) -> wire.UsageList:
        return cast(wire.UsageList, self._call("GET", "/api/usage", params={"days": days}))
