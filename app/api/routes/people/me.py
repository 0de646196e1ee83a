"""One's own account."""

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from app.api.deps import App, SignedIn
from app.api.routes.people.people import PersonOut, person_out
from app.api.routes.people.session import MAX_SECRET
from app.api.wire import Wire

router = APIRouter(prefix="/api/me", tags=["people"])


class OwnChange(Wire):
    display_name: str | None = Field(None, max_length=120)
    email: str | None = Field(None, max_length=254)


class PasswordIn(Wire):
    """`old` is empty where none signs you in; then you must have signed in within the last ten
    minutes."""

    old: str = Field(max_length=MAX_SECRET)
    new: str = Field(max_length=MAX_SECRET)


@router.get("")
def read_me(access: SignedIn, app: App) -> PersonOut:
    """Your account."""
    return person_out(app.accounts.get(access.person_id))


@router.patch("")
def update_me(body: OwnChange, access: SignedIn, app: App) -> PersonOut:
    """Change your display name or address."""
    app.accounts.update(access, access.person_id, display_name=body.display_name, email=body.email)
    return person_out(app.accounts.get(access.person_id))


@router.put("/password", status_code=204)
def change_password(body: PasswordIn, access: SignedIn, app: App) -> None:
    """Change your password. Your other sessions end."""
    app.accounts.change_password(access, body.old, body.new)


@router.get("/export")
def export_me(access: SignedIn, app: App) -> dict[str, Any]:
    """Everything that is stored about you or was written by you."""
    return app.leaving.export(access, access.person_id)
