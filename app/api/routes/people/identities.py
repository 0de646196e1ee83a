"""By which identities of providers people sign in to their account."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app.api.deps import Administering, App, SignedIn
from app.api.routes.people.session import MAX_SECRET
from app.api.routes.people.single_sign_on import BeginIn, BegunOut, begun_out
from app.api.wire import Wire
from app.services.people.sign_in.identities import Identities, identity_id_of

router = APIRouter(prefix="/api", tags=["people"])


class IdentityOut(Wire):
    """`provider` and `subject` are what the provider is called, and the person there. `signs_in`:
    not those of a provider that was configured before."""

    id: str
    provider: str
    subject: str
    signs_in: bool
    created_at: datetime


class ConnectIn(BeginIn):
    """`password` is that of the account; empty where none signs in."""

    password: str = Field("", max_length=MAX_SECRET)


def _listed(identities: Identities, person_id: str) -> list[IdentityOut]:
    return [
        IdentityOut(
            id=identity_id_of(row),
            provider=row.issuer,
            subject=row.subject,
            signs_in=identities.signs_in(row),
            created_at=row.created_at,
        )
        for row in identities.of(person_id)
    ]


@router.get("/me/identities")
def list_own_identities(access: SignedIn, app: App) -> list[IdentityOut]:
    """By which identities you can sign in."""
    return _listed(app.provider_sign_in.identities, access.person_id)


@router.post("/me/identities/{provider}")
def connect(
    provider: str, body: ConnectIn, access: SignedIn, app: App, request: Request, response: Response
) -> BegunOut:
    """Begin to connect your account to who you are at a provider. It needs your password, or where
    none signs you in, that you signed in within the last ten minutes. Signing in there, in this
    session and this browser, ends it at the same callback as a sign-in."""
    begun = app.provider_sign_in.begin_to_connect(access, provider, body.next, body.password)
    return begun_out(begun, request, response)


@router.delete("/me/identities/{identity_id}", status_code=204)
def disconnect_own(identity_id: str, access: SignedIn, app: App) -> None:
    """Disconnect an identity of yours, unless you can't sign in without it. Your other sessions
    end; signing in by it creates a new account."""
    app.provider_sign_in.identities.disconnect(access, access.person_id, identity_id)


@router.get("/people/{person_id}/identities")
def list_identities(person_id: str, access: Administering, app: App) -> list[IdentityOut]:
    """By which identities a person can sign in."""
    app.accounts.get(person_id)
    return _listed(app.provider_sign_in.identities, person_id)


@router.delete("/people/{person_id}/identities/{identity_id}", status_code=204)
def disconnect(person_id: str, identity_id: str, access: Administering, app: App) -> None:
    """Disconnect an identity. The person's sessions end; signing in by it creates a new account."""
    app.provider_sign_in.identities.disconnect(access, person_id, identity_id)
