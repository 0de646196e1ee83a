"""Parameters shared by routes, as annotated types.

Each route that is not public declares what it needs as the type of its `access` parameter:
`Asking`, `Reading`, `Writing` and `Exporting` are for people and for keys with that scope,
`SignedIn` and `Administering` for people alone, `Present` for anyone known.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

from fastapi import Depends, Query, Request

from app.llm.request_queue import ASKER
from app.measure import CHARGE
from app.services.people.access import Access, KeyScope
from app.services.people.authentication import Credentials
from app.wiring.application import Zhiwen

SESSION_COOKIE = "zhiwen_session"


async def _zhiwen(request: Request) -> Zhiwen:
    app: Zhiwen = request.app.state.zhiwen
    return app


App = Annotated[Zhiwen, Depends(_zhiwen)]
Limit = Annotated[int, Query(ge=1, le=500)]
# Databases count in 64 bits.
MOST = 2**62
Offset = Annotated[int, Query(ge=0, le=MOST)]


def credentials(request: Request) -> Credentials:
    """The key and the cookie of a request, empty where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return Credentials(
        bearer=token.strip() if scheme.lower() == "bearer" else "",
        cookie=request.cookies.get(SESSION_COOKIE, ""),
    )


def _access(request: Request, app: App) -> Access:
    return app.authentication.access(credentials(request))


Present = Annotated[Access, Depends(_access)]


def _needs(scope: KeyScope) -> Callable[[Access], Awaitable[Access]]:
    async def needs(access: Present) -> Access:
        access.require(scope)
        return access

    return needs


async def _signed_in(access: Present) -> Access:
    access.require_sign_in()
    return access


async def _administering(access: Present) -> Access:
    access.require_admin()
    return access


Asking = Annotated[Access, Depends(_needs("ask"))]
Reading = Annotated[Access, Depends(_needs("read"))]
Writing = Annotated[Access, Depends(_needs("write"))]
Exporting = Annotated[Access, Depends(_needs("export"))]
SignedIn = Annotated[Access, Depends(_signed_in)]
Administering = Annotated[Access, Depends(_administering)]


async def _charged(access: Present, app: App) -> None:
    """The queue of an engine takes turns between people, and tokens go to their account. The tasks
    of a request inherit both."""
    ASKER.set(access.person_id)
    CHARGE.set(partial(app.usage.add_tokens, access))


def _admitted(access: Present, app: App) -> None:
    app.usage.admit(access)


# Of routes that search or ask: counted, within the limits of a day.
COUNTED = (Depends(_admitted), Depends(_charged))
