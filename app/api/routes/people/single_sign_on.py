"""Signing in by a provider or a proxy. Public: who asks is not known yet."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints

from app.api.deps import App, credentials
from app.api.routes.people.session import Myself, SessionOut, session_out, signed_in
from app.api.wire import Wire
from app.services.errors import Unauthenticated
from app.services.people.sign_in.by_provider import ATTEMPT, Begun
from app.services.people.sign_in.proxy import Came

router = APIRouter(prefix="/api/session", tags=["people"])

# Binds a sign-in to the browser that began it.
ATTEMPT_COOKIE = "zhiwen_sign_in"

Parameter = Annotated[str, StringConstraints(max_length=8192)]


class BeginIn(Wire):
    """`next` is a path of the interface; anything else becomes `/`."""

    next: str = Field("/", max_length=8192)


class BegunOut(Wire):
    """The provider's page, for the browser."""

    url: str


class CallbackIn(Wire):
    """The query parameters with which the provider sent the browser back."""

    params: dict[Parameter, Parameter] = Field(max_length=20)


class CallbackOut(Wire):
    next: str
    person: Myself | None


@router.post("/providers/{name}")
def begin(name: str, body: BeginIn, app: App, request: Request, response: Response) -> BegunOut:
    """Begin to sign in by a provider. The response sets a cookie that the callback needs."""
    return begun_out(app.provider_sign_in.begin(name, body.next), request, response)


def begun_out(begun: Begun, request: Request, response: Response) -> BegunOut:
    response.set_cookie(
        ATTEMPT_COOKIE,
        begun.browser_token,
        max_age=int(ATTEMPT.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    response.headers["Cache-Control"] = "no-store"
    return BegunOut(url=begun.url)


@router.post("/providers/{name}/callback")
def finish(
    name: str, body: CallbackIn, app: App, request: Request, response: Response
) -> CallbackOut:
    """Sign in with what the provider sent back, or connect the account for which this was begun.
    Signing in sets the cookie of the session."""
    token = request.cookies.get(ATTEMPT_COOKIE, "")
    try:
        access = app.authentication.access(credentials(request))
    except Unauthenticated:
        access = None
    finished = app.provider_sign_in.finish(name, body.params, token, access)
    if finished.opened is not None:
        session = signed_in(app, finished.opened, request, response)
    else:
        session = session_out(app, access.person_id if access else "")
    response.delete_cookie(
        ATTEMPT_COOKIE, httponly=True, samesite="lax", secure=request.url.scheme == "https"
    )
    return CallbackOut(next=finished.next_path, person=session.person)


@router.post("/proxy")
def by_proxy(app: App, request: Request, response: Response) -> SessionOut:
    """Sign in as whom a trusted proxy names in a header. The response sets the cookie."""
    sign_in = app.proxy_sign_in
    named: tuple[list[str], list[str]] = ([], [])
    if sign_in.trust is not None:
        headers = (sign_in.trust.header, sign_in.trust.groups_header)
        named = (_values(request, headers[0]), _values(request, headers[1]))
    return signed_in(app, sign_in.sign_in(_came(request), *named), request, response)


def _came(request: Request) -> Came:
    """The server has put the visitor's address in place of a trusted peer's."""
    host, port = (request.client.host, request.client.port) if request.client else ("", 0)
    chain = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    return Came(host, port, [part for part in map(str.strip, chain) if part])


def _values(request: Request, header: str) -> list[str]:
    """All values of a header. HTTP leaves their encoding open; proxies send UTF-8."""
    values = request.headers.getlist(header) if header else []
    return [value.encode("latin-1").decode("utf-8", "replace") for value in values]
