"""People, groups, keys, what was done; with whom bases are shared."""

from typing import Literal, TypedDict

SubjectKind = Literal["person", "group", "everyone"]
Role = Literal["reader", "editor", "owner"]
Scope = Literal["ask", "read", "write", "export", "widget"]


class Group(TypedDict):
    id: str
    name: str


class Me(TypedDict):
    """Who has signed in."""

    id: str
    name: str
    display_name: str
    admin: bool
    groups: list[Group]


class Provider(TypedDict):
    """Signs people in for us."""

    name: str
    label: str
    kind: str


class Identity(TypedDict):
    """By which somebody signs in at a provider: its address, or `feishu:…` and so on. `signs_in`:
    not those of a provider that was configured before."""

    id: str
    provider: str
    subject: str
    signs_in: bool
    created_at: str


class Session(TypedDict):
    """How people sign in here (`none`: not at all), and who has."""

    auth: str
    providers: list[Provider]
    person: Me | None


class Person(TypedDict):
    """An account."""

    id: str
    name: str
    display_name: str
    email: str
    admin: bool
    state: Literal["invited", "active", "disabled"]
    created_at: str
    seen_at: str | None


class Invited(TypedDict):
    person: Person
    link: str


class GroupWithMembers(Group):
    members: list["Named"]


class Named(TypedDict):
    id: str
    name: str
    display_name: str


class Directory(TypedDict):
    """With whom something can be shared."""

    people: list[Named]
    groups: list[Group]


class LoginSession(TypedDict):
    id: str
    method: str
    user_agent: str
    address: str
    created_at: str
    seen_at: str
    expires_at: str
    current: bool


class Key(TypedDict):
    id: str
    name: str
    hint: str  # its last characters
    scopes: list[Scope]
    base_ids: list[str] | None
    created_at: str
    expires_at: str | None
    used_at: str | None


class NewKey(TypedDict):
    name: str
    scopes: list[Scope]
    base_ids: list[str] | None
    expires_at: str | None
    password: str


class AuditEntry(TypedDict):
    id: int
    at: str
    person_id: str
    person_name: str
    key_id: str
    action: str
    object_kind: str
    object_id: str
    address: str
    outcome: str
    detail: dict[str, object]


class AuditList(TypedDict):
    entries: list[AuditEntry]
    total: int


class Usage(TypedDict):
    """Of a day (UTC), by a person or one of their keys."""

    day: str
    person_id: str
    key_id: str
    requests: int
    tokens: int


class Limits(TypedDict):
    """A day; 0 is none. Those of a person include their keys."""

    requests: int
    tokens: int
    key_requests: int
    key_tokens: int


class UsageList(TypedDict):
    items: list[Usage]
    limits: Limits


class Subject(TypedDict):
    subject_kind: SubjectKind
    subject_id: str
    name: str


class Grant(Subject):
    role: Role


class Restriction(TypedDict):
    """A document or folder (with a slash at its end) that only these of a base's readers see."""

    id: str
    path: str
    members: list[Subject]
