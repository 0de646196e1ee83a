"""People, how they prove who they are, what they may see, and what was done."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from app.db.tables.columns import AutoId, UtcDateTime, new_id, utc_now

# The person of an installation without a login. Whoever becomes its first administrator takes
# this account over, with all that belongs to it.
OWNER_ID = "owner"


class Person(SQLModel, table=True):
    """An account. `name` identifies it, in lower case; `display_name` is what others read."""

    __tablename__ = "person"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True, max_length=120)
    display_name: str = ""
    email: str = ""
    admin: bool = False
    state: str = "invited"  # invited, active, disabled
    password_hash: str = ""  # argon2id; empty where there is none
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PersonIdentity(SQLModel, table=True):
    """How an identity provider names a person."""

    __tablename__ = "person_identity"

    issuer: str = Field(primary_key=True)  # the provider's URL, or `proxy`, `feishu`, …
    subject: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class PeopleGroup(SQLModel, table=True):
    __tablename__ = "people_group"

    id: str = Field(default_factory=new_id, primary_key=True)
    name: str = Field(unique=True, max_length=120)
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class GroupMember(SQLModel, table=True):
    __tablename__ = "group_member"

    group_id: str = Field(primary_key=True, foreign_key="people_group.id", ondelete="CASCADE")
    person_id: str = Field(
        primary_key=True, foreign_key="person.id", index=True, ondelete="CASCADE"
    )
    origin: str = "local"  # local, or the issuer whose claims say so


class SignInLink(SQLModel, table=True):
    """A link that lets its holder choose a password once."""

    __tablename__ = "sign_in_link"

    token_hash: str = Field(primary_key=True)  # SHA-256, like all hashes of tokens
    person_id: str = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    purpose: str  # invite, reset
    expires_at: datetime = Field(sa_type=UtcDateTime)


class SignInAttempt(SQLModel, table=True):
    """A sign-in that waits for its identity provider. With `session_id` it connects the account of
    that session instead of opening one."""

    __tablename__ = "sign_in_attempt"

    state_hash: str = Field(primary_key=True)
    provider: str
    nonce: str = ""
    code_verifier: str = ""
    next_path: str = "/"
    session_id: str = ""
    expires_at: datetime = Field(sa_type=UtcDateTime)


class RateLimitHit(SQLModel, table=True):
    """What counts against a limit until it expires, by the hash of whose it is: people sometimes
    type a password where the name belongs."""

    __tablename__ = "rate_limit_hit"
    __table_args__ = (Index("ix_rate_limit_hit_of_hash_expires_at", "of_hash", "expires_at"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=AutoId)
    of_hash: str
    expires_at: datetime = Field(sa_type=UtcDateTime)


class LoginSession(SQLModel, table=True):
    __tablename__ = "login_session"

    id: str = Field(default_factory=new_id, primary_key=True)
    token_hash: str = Field(unique=True)
    # The token before it was replaced; it works for some seconds more, for requests on their way.
    previous_hash: str | None = Field(default=None, index=True)
    person_id: str = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    method: str  # password, link, proxy, or the provider
    user_agent: str = ""
    address: str = ""
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    rotated_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    seen_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class ApiKey(SQLModel, table=True):
    """A key for programs. They act for its person, within its scopes."""

    __tablename__ = "api_key"
    __table_args__ = (UniqueConstraint("person_id", "name"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True, ondelete="CASCADE")
    name: str = Field(max_length=120)
    token_hash: str = Field(unique=True)
    hint: str  # the last characters, to tell keys apart
    scopes: list[str] = Field(sa_type=JSON)  # ask, read, write, export
    base_ids: list[str] | None = Field(default=None, sa_type=JSON)  # None: all of the person's
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class BaseGrant(SQLModel, table=True):
    """What a subject may do in a base: a person or group by id, or everyone."""

    __tablename__ = "base_grant"
    __table_args__ = (Index("ix_base_grant_subject_kind_subject_id", "subject_kind", "subject_id"),)

    base_id: str = Field(primary_key=True, foreign_key="knowledge_base.id", ondelete="CASCADE")
    subject_kind: str = Field(primary_key=True)  # person, group, everyone
    subject_id: str = Field(primary_key=True)  # empty for everyone
    role: int  # `services.people.access.Role`
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class PathRestriction(SQLModel, table=True):
    """A document or folder of a base that only some of its readers may see. Its members are those
    subjects; the base's owners always may."""

    __tablename__ = "path_restriction"
    __table_args__ = (UniqueConstraint("base_id", "path"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    base_id: str = Field(foreign_key="knowledge_base.id", ondelete="CASCADE")
    path: str  # a folder ends with a slash
    created_at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime)


class RestrictionMember(SQLModel, table=True):
    __tablename__ = "restriction_member"

    restriction_id: str = Field(
        primary_key=True, foreign_key="path_restriction.id", ondelete="CASCADE"
    )
    subject_kind: str = Field(primary_key=True)  # person, group
    subject_id: str = Field(primary_key=True)


class AuditEntry(SQLModel, table=True):
    """Who did what. Rows are only added, and hold no text of questions, answers or documents.

    Nothing is referred to by foreign key: an entry outlives what it tells of.
    """

    __tablename__ = "audit_entry"
    __table_args__ = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, primary_key=True, sa_type=AutoId)
    at: datetime = Field(default_factory=utc_now, sa_type=UtcDateTime, index=True)
    person_id: str = Field(default="", index=True)
    person_name: str = ""
    key_id: str = ""
    action: str = Field(index=True)  # a noun and a verb, e.g. `base.share`
    object_kind: str = ""
    object_id: str = ""
    address: str = ""
    outcome: str = "done"  # done, refused, failed
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class UsageDay(SQLModel, table=True):
    """What a person, or a key of theirs, used on a day (UTC)."""

    __tablename__ = "usage_day"

    day: date = Field(primary_key=True)
    person_id: str = Field(primary_key=True)
    key_id: str = Field(default="", primary_key=True)
    requests: int = 0
    tokens: int = Field(default=0, sa_type=BigInteger)
