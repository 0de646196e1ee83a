"""Where one is signed in."""

from datetime import datetime

from fastapi import APIRouter

from app.api.deps import App, SignedIn
from app.api.wire import Wire
from app.db.tables import LoginSession
from app.services.people.access import Access

router = APIRouter(prefix="/api/sessions", tags=["people"])


class LoginSessionOut(Wire):
    """`current`: the one of this request."""

    id: str
    method: str
    user_agent: str
    address: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


def login_session_out(session: LoginSession, access: Access) -> LoginSessionOut:
    known = set(LoginSessionOut.model_fields)
    return LoginSessionOut.model_validate(
        {**session.model_dump(include=known), "current": session.id == access.session_id}
    )


@router.get("")
def list_own(access: SignedIn, app: App) -> list[LoginSessionOut]:
    """Your sessions, latest use first."""
    return [login_session_out(each, access) for each in app.sessions.of(access.person_id)]


@router.delete("/{session_id}", status_code=204)
def end_own(session_id: str, access: SignedIn, app: App) -> None:
    """End one of your sessions."""
    app.sessions.end(access, session_id)
