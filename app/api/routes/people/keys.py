"""Keys for programs."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import AwareDatetime, Field

from app.api.deps import App, SignedIn
from app.api.routes.people.session import MAX_SECRET
from app.api.wire import Wire
from app.db.tables import ApiKey
from app.services.people.access import KeyScope

router = APIRouter(prefix="/api/keys", tags=["people"])


class KeyIn(Wire):
    name: str = Field(max_length=120)
    scopes: list[KeyScope] = Field(min_length=1, max_length=5)
    base_ids: list[str] | None = Field(
        None, max_length=1000, description="The bases it is for; all of yours when null"
    )
    expires_at: AwareDatetime | None = None
    password: str = Field(
        "", max_length=MAX_SECRET, description="That of the account; empty where none signs in"
    )


class KeyOut(Wire):
    """`hint`: the last characters of the key, to tell keys apart."""

    id: str
    name: str
    hint: str
    scopes: list[KeyScope]
    base_ids: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


class NewKey(KeyOut):
    token: str = Field(description="The key itself; it is never shown again")


def key_out(key: ApiKey) -> KeyOut:
    return KeyOut.model_validate(key.model_dump(include=set(KeyOut.model_fields)))


@router.get("")
def list_keys(access: SignedIn, app: App) -> list[KeyOut]:
    """Your keys, latest first."""
    return [key_out(key) for key in app.keys.of(access.person_id)]


@router.post("", status_code=201)
def create_key(body: KeyIn, access: SignedIn, app: App) -> NewKey:
    """Create a key. It may do what its scopes say, in bases that are yours to use. It needs your
    password, or where none signs you in, that you signed in within the last ten minutes."""
    key, token = app.keys.create_own(
        access, body.password, body.name, body.scopes, body.base_ids, body.expires_at
    )
    return NewKey(**key_out(key).model_dump(), token=token)


@router.delete("/{key_id}", status_code=204)
def revoke_key(key_id: str, access: SignedIn, app: App) -> None:
    """Revoke a key; it stops at once."""
    app.keys.revoke(access, key_id)
