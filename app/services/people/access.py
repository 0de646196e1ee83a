"""Who is asking. Every service that reads or changes what belongs to people takes an `Access`."""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Literal, get_args

from app.db.tables import OWNER_ID
from app.services.errors import Forbidden

RoleName = Literal["reader", "editor", "owner"]
# `widget` stands alone: such a key is in a web page, for everyone to read.
KeyScope = Literal["ask", "read", "write", "export", "widget"]
ALL_SCOPES: frozenset[KeyScope] = frozenset(get_args(KeyScope))
Subject = tuple[str, str]  # kind and id, as in a grant
EVERYONE: Subject = ("everyone", "")


class Role(IntEnum):
    """What a person may do in a base. Each role may do what those below it may."""

    READER = 1  # search, ask, read documents
    EDITOR = 2  # upload and delete documents, review ratings, evaluate
    OWNER = 3  # share, restrict, rename, delete the base

    @property
    def word(self) -> RoleName:
        return _ROLE_NAMES[self]

    @classmethod
    def of(cls, word: RoleName) -> "Role":
        return cls[word.upper()]


_ROLE_NAMES: dict[Role, RoleName] = {
    Role.READER: "reader",
    Role.EDITOR: "editor",
    Role.OWNER: "owner",
}


@dataclass(frozen=True, slots=True)
class Access:
    """A person, or a program with a key of theirs.

    `unrestricted` is the one person of an installation without a login: all bases and
    conversations are theirs. `scopes` and `base_ids` are the limits of a key.
    """

    person_id: str
    name: str
    admin: bool = False
    group_ids: frozenset[str] = frozenset()
    scopes: frozenset[KeyScope] = ALL_SCOPES
    base_ids: frozenset[str] | None = None
    key_id: str = ""
    session_id: str = ""
    unrestricted: bool = False

    @property
    def subjects(self) -> list[Subject]:
        """Whoever a grant to would be one for this person."""
        groups = [("group", group_id) for group_id in sorted(self.group_ids)]
        return [("person", self.person_id), *groups, EVERYONE]

    def require(self, scope: KeyScope) -> None:
        """Raises Forbidden where the key is not for that."""
        if scope not in self.scopes:
            raise Forbidden(f"This key is not for {scope}.", code="key_scope")

    def require_widget(self) -> None:
        """Raises Forbidden for all but a key that can do nothing else."""
        if not self.key_id or self.scopes != {"widget"}:
            raise Forbidden(
                "The chat widget needs a key of scope widget, of somebody with an account.",
                code="widget_key",
            )

    def refuse_widget(self) -> None:
        """Raises Forbidden for the key of a chat widget, which has one route."""
        if self.key_id and "widget" in self.scopes:
            raise Forbidden("This key is for the chat widget only.", code="key_scope")

    def require_sign_in(self) -> None:
        """Raises Forbidden for programs: a key must not give itself more rights."""
        if self.key_id:
            raise Forbidden("Keys can't do this; sign in.", code="key_scope")

    def require_admin(self) -> None:
        """Raises Forbidden for all but administrators who signed in."""
        self.require_sign_in()
        if not self.admin:
            raise Forbidden("Only administrators may do this.", code="not_admin")


# Who uses the shell on the machine of the service may read its database anyway.
SHELL = Access("", "shell", admin=True)
LOCAL_OWNER = Access(OWNER_ID, OWNER_ID, admin=True, unrestricted=True)
# What is built in the shell from everybody's rows is nobody's: the account of that owner may be a
# person's, who must not see them.
SHELL_OWNER = replace(SHELL, unrestricted=True)
