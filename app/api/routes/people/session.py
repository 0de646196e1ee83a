"""Signing in and out. All of it is public: who asks is not known yet."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from app.api.deps import SESSION_COOKIE, App, credentials
from app.api.wire import Wire
from app.db.tables import utc_now
from app.people_settings import AuthMode
from app.services.errors import Conflict, Forbidden, Unauthenticated
from app.services.people.sessions import OpenedSession
from app.wiring.application import Zhiwen

router = APIRouter(prefix="/api/session", tags=["people"])

MAX_SECRET = 1024  # characters of a password or token


class ProviderOut(Wire):
    """A way to sign in elsewhere."""

    name: str
    label: str
    kind: str


class GroupRef(Wire):
    id: str
    name: str


class Myself(Wire):
    id: str
    name: str
    display_name: str
    admin: bool
    groups: list[GroupRef]


class SessionOut(Wire):
    """`person` is null where nobody is signed in."""

    auth: AuthMode
    providers: list[ProviderOut]
    person: Myself | None


class SignInIn(Wire):
    name: str = Field(max_length=MAX_SECRET)
    password: str = Field(max_length=MAX_SECRET)


class LinkOut(Wire):
    name: str
    purpose: Literal["invite", "reset"]


class LinkIn(Wire):
    token: str = Field(max_length=MAX_SECRET)
    password: str = Field(max_length=MAX_SECRET)


@router.get("")
def read_session(app: App, request: Request) -> SessionOut:
    """How people sign in, and who has."""
    try:
        access = app.authentication.access(credentials(request))
        access.refuse_widget()
        person_id = access.person_id
    except (Unauthenticated, Forbidden):
        person_id = ""
    return session_out(app, person_id)


@router.post("")
def sign_in(body: SignInIn, app: App, request: Request, response: Response) -> SessionOut:
    """Sign in with name and password. The response sets the cookie of the session."""
    if app.settings.auth == "none":
        raise Conflict("There is no login here: ZHIWEN_AUTH=none.", code="no_login")
    opened = app.password_sign_in.sign_in(body.name, body.password)
    return signed_in(app, opened, request, response)


@router.delete("", status_code=204)
def sign_out(app: App, request: Request, response: Response) -> None:
    """End the session, if there is one, and clear the cookie."""
    clear_cookie(request, response)
    try:
        access = app.authentication.access(credentials(request))
    except Unauthenticated:
        return
    if access.session_id:
        app.sessions.end(access, access.session_id)


@router.post("/renew", status_code=204)
def renew(app: App, request: Request, response: Response) -> None:
    """Replace the session's token where it is half a day old: the response then sets a new cookie,
    which must reach the browser. Call it when a page is loaded."""
    opened = app.sessions.renew(request.cookies.get(SESSION_COOKIE, ""))
    if opened is not None:
        set_cookie(opened, request, response)


@router.get("/link")
def read_link(token: str, app: App) -> LinkOut:
    """Whose link it is, and what for."""
    name, purpose = app.links.read(token)
    return LinkOut.model_validate({"name": name, "purpose": purpose})


@router.post("/link")
def use_link(body: LinkIn, app: App, request: Request, response: Response) -> SessionOut:
    """Choose a password with a link, and be signed in."""
    return signed_in(app, app.links.use(body.token, body.password), request, response)


def signed_in(
    app: Zhiwen, opened: OpenedSession, request: Request, response: Response
) -> SessionOut:
    """Sets the cookie of a new session and says who signed in. The session before it ends, so that
    nobody can plant one."""
    try:
        before = app.authentication.access(credentials(request))
        if before.session_id:
            app.sessions.end(before, before.session_id)
    except Unauthenticated:
        pass
    set_cookie(opened, request, response)
    return session_out(app, opened.person_id)


def set_cookie(opened: OpenedSession, request: Request, response: Response) -> None:
    """HttpOnly, SameSite=Lax; Secure where the request came over https."""
    response.set_cookie(
        SESSION_COOKIE,
        opened.token,
        max_age=max(0, int((opened.expires_at - utc_now()).total_seconds())),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    response.headers["Cache-Control"] = "no-store"


def clear_cookie(request: Request, response: Response) -> None:
    response.delete_cookie(
        SESSION_COOKIE, httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )


def session_out(app: Zhiwen, person_id: str) -> SessionOut:
    person = None
    if person_id:
        account = app.accounts.get(person_id)
        person = Myself(
            id=account.person.id,
            name=account.person.name,
            display_name=account.person.display_name,
            admin=account.person.admin,
            groups=[GroupRef(id=group.id, name=group.name) for group in account.groups],
        )
    return SessionOut(auth=app.settings.auth, providers=_providers(app), person=person)


def _providers(app: Zhiwen) -> list[ProviderOut]:
    provider = app.provider_sign_in.provider
    if provider is None:
        return []
    return [ProviderOut(name=provider.name, label=provider.label, kind=app.settings.auth)]
