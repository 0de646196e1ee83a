"""Accounts, for administrators."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from app.api.deps import Administering, App, SignedIn
from app.api.routes.people.session import GroupRef
from app.api.routes.people.sessions import LoginSessionOut, login_session_out
from app.api.wire import Wire
from app.services.people.accounts import Account
from app.wiring.application import Zhiwen

router = APIRouter(prefix="/api", tags=["people"])

State = Literal["invited", "active", "disabled"]


class PersonOut(Wire):
    id: str
    name: str
    display_name: str
    email: str
    admin: bool
    state: State
    groups: list[GroupRef]
    created_at: datetime
    seen_at: datetime | None


class PersonIn(Wire):
    name: str = Field(max_length=120)
    display_name: str = Field("", max_length=120)
    email: str = Field("", max_length=254)
    admin: bool = False


class PersonChange(Wire):
    display_name: str | None = Field(None, max_length=120)
    email: str | None = Field(None, max_length=254)
    admin: bool | None = None
    state: Literal["active", "disabled"] | None = Field(
        None, description="Disabling ends all sessions and stops keys"
    )


class PasswordLink(Wire):
    """Its holder may choose the password, once; send it to nobody else."""

    link: str


class InvitedOut(PasswordLink):
    person: PersonOut


class PersonRef(Wire):
    id: str
    name: str
    display_name: str


class DirectoryOut(Wire):
    people: list[PersonRef]
    groups: list[GroupRef]


def person_out(account: Account) -> PersonOut:
    person = account.person
    return PersonOut.model_validate(
        {
            **person.model_dump(include=set(PersonOut.model_fields)),
            "groups": [GroupRef(id=group.id, name=group.name) for group in account.groups],
        }
    )


def link_address(app: Zhiwen, token: str) -> str:
    return f"{app.settings.ui_base_url}/welcome?token={token}"


@router.get("/directory")
def read_directory(access: SignedIn, app: App) -> DirectoryOut:
    """People and groups that something can be shared with."""
    people = [account.person for account in app.accounts.all()]
    return DirectoryOut(
        people=[
            PersonRef(id=p.id, name=p.name, display_name=p.display_name)
            for p in people
            if p.state != "disabled"
        ],
        groups=[GroupRef(id=each.group.id, name=each.group.name) for each in app.groups.all()],
    )


@router.get("/people")
def list_people(access: Administering, app: App) -> list[PersonOut]:
    """All accounts, by name."""
    return [person_out(account) for account in app.accounts.all()]


@router.post("/people", status_code=201)
def create_person(body: PersonIn, access: Administering, app: App) -> InvitedOut:
    """Create an account. `link` is for its person, who chooses a password with it."""
    person, token = app.accounts.create(
        access, body.name, body.display_name, body.email, admin=body.admin
    )
    account = app.accounts.get(person.id)
    return InvitedOut(person=person_out(account), link=link_address(app, token))


@router.patch("/people/{person_id}")
def update_person(person_id: str, body: PersonChange, access: Administering, app: App) -> PersonOut:
    """Change an account; disable or enable it."""
    app.accounts.update(
        access,
        person_id,
        display_name=body.display_name,
        email=body.email,
        admin=body.admin,
        disabled=None if body.state is None else body.state == "disabled",
    )
    return person_out(app.accounts.get(person_id))


@router.post("/people/{person_id}/link")
def create_link(person_id: str, access: Administering, app: App) -> PasswordLink:
    """A link to choose a new password. Earlier links stop; the password works until then."""
    return PasswordLink(link=link_address(app, app.accounts.link(access, person_id)))


@router.delete("/people/{person_id}", status_code=204)
def remove_person(
    person_id: str,
    access: Administering,
    app: App,
    conversations: Literal["delete", "anonymise"] = "delete",
    bases_to: Annotated[str, Query(description="Id of the person who gets their bases")] = "",
) -> None:
    """Remove an account with its sessions, keys and grants. Anonymised conversations are kept
    without their owner."""
    app.leaving.remove(access, person_id, conversations=conversations, bases_to=bases_to)


@router.get("/people/{person_id}/sessions")
def list_sessions(person_id: str, access: Administering, app: App) -> list[LoginSessionOut]:
    """Where a person is signed in."""
    app.accounts.get(person_id)
    return [login_session_out(each, access) for each in app.sessions.of(person_id)]


@router.delete("/people/{person_id}/sessions", status_code=204)
def end_sessions(person_id: str, access: Administering, app: App) -> None:
    """Sign a person out everywhere."""
    app.accounts.get(person_id)
    app.sessions.end_all(access, person_id)
