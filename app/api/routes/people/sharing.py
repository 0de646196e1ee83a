"""Who may see a knowledge base and what lies in it. For its owners."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from app.api.deps import App, SignedIn
from app.api.wire import Wire
from app.services.people.access import Role, RoleName
from app.services.people.sharing import Grant, Named, Restriction

router = APIRouter(prefix="/api/bases/{base_id}", tags=["people"])

SubjectKind = Literal["person", "group", "everyone"]


class SubjectIn(Wire):
    subject_kind: SubjectKind
    subject_id: str = Field("", description="Empty for everyone")


class SubjectOut(SubjectIn):
    name: str = Field(description="Empty for everyone")


class GrantIn(SubjectIn):
    role: RoleName


class GrantOut(SubjectOut):
    role: RoleName


class RestrictionIn(Wire):
    path: Annotated[str, Field(min_length=1, max_length=2000)] = Field(
        description="A document's path, or a folder's, with or without a slash at its end"
    )
    members: list[SubjectIn] = Field(default_factory=list, max_length=500)


class RestrictionOut(Wire):
    id: str
    path: str
    members: list[SubjectOut]


def subject_out(named: Named) -> SubjectOut:
    kind, id_ = named.subject
    return SubjectOut(subject_kind=kind, subject_id=id_, name=named.name)


def grant_out(grant: Grant) -> GrantOut:
    return GrantOut(**subject_out(grant.to).model_dump(), role=grant.role.word)


def restriction_out(restriction: Restriction) -> RestrictionOut:
    return RestrictionOut(
        id=restriction.id,
        path=restriction.path,
        members=[subject_out(member) for member in restriction.members],
    )


@router.get("/grants")
def list_grants(base_id: str, access: SignedIn, app: App) -> list[GrantOut]:
    """With whom the base is shared, besides its owner."""
    return [grant_out(grant) for grant in app.sharing.grants(access, base_id)]


@router.put("/grants")
def put_grant(base_id: str, body: GrantIn, access: SignedIn, app: App) -> GrantOut:
    """Give a person, a group or everyone a role in the base, in place of an earlier one."""
    subject = (body.subject_kind, body.subject_id)
    return grant_out(app.sharing.grant(access, base_id, subject, Role.of(body.role)))


@router.delete("/grants/{subject_kind}/{subject_id}", status_code=204)
def delete_grant(
    base_id: str, subject_kind: SubjectKind, subject_id: str, access: SignedIn, app: App
) -> None:
    """Take a role back, from now on. The id of everyone is `-`."""
    subject = (subject_kind, "" if subject_kind == "everyone" else subject_id)
    app.sharing.revoke(access, base_id, subject)


@router.get("/restrictions")
def list_restrictions(base_id: str, access: SignedIn, app: App) -> list[RestrictionOut]:
    """Documents and folders that not all readers of the base may see."""
    return [restriction_out(each) for each in app.sharing.restrictions(access, base_id)]


@router.put("/restrictions")
def put_restriction(
    base_id: str, body: RestrictionIn, access: SignedIn, app: App
) -> RestrictionOut:
    """Let only owners of the base and these members see a document or folder, also what is
    uploaded there later. Members need a role in the base as well."""
    members = [(member.subject_kind, member.subject_id) for member in body.members]
    return restriction_out(app.sharing.restrict(access, base_id, body.path, members))


@router.delete("/restrictions/{restriction_id}", status_code=204)
def delete_restriction(base_id: str, restriction_id: str, access: SignedIn, app: App) -> None:
    """Let all readers of the base see it again."""
    app.sharing.lift(access, base_id, restriction_id)
