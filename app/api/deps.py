"""Parameters shared by routes, as annotated types.

Each route that is not public declares what it needs as the type of its `access` parameter:
`Asking`, `Reading`, `Writing` and `Exporting` are for people and for keys with that scope,
`SignedIn` and `Administering` for people alone, `Embedded` for the key of a chat widget alone,
`Present` for anyone known.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from app.llm.charge import CHARGE
from app.llm.request_queue import ASKER
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


_Anyone = Annotated[Access, Depends(_access)]


async def _present(access: _Anyone) -> Access:
    access.refuse_widget()
    return access


Present = Annotated[Access, Depends(_present)]


Needs = Callable[..., Awaitable[Access]]


def _needs(scope: KeyScope) -> Needs:
    async def needs(access: Present) -> Access:
        access.require(scope)
        return access

    return needs


async def _signed_in(access: Present) -> Access:
    access.require_sign_in()
    return access


async def _embedded(access: _Anyone) -> Access:
    access.require_widget()
    return access


async def _administering(access: Present) -> Access:
    access.require_admin()
    return access


_asking, _reading, _writing = _needs("ask"), _needs("read"), _needs("write")
Asking = Annotated[Access, Depends(_asking)]
Reading = Annotated[Access, Depends(_reading)]
Writing = Annotated[Access, Depends(_writing)]
Exporting = Annotated[Access, Depends(_needs("export"))]
SignedIn = Annotated[Access, Depends(_signed_in)]
Embedded = Annotated[Access, Depends(_embedded)]
Administering = Annotated[Access, Depends(_administering)]


async def _charged(access: _Anyone, app: App) -> None:
    """The queue of an engine takes turns between people, and tokens go to their account. The tasks
    of a request inherit both."""
    ASKER.set(access.person_id)
    CHARGE.set(partial(app.usage.add_tokens, access))


def _counted(needs: Needs) -> tuple[Any, ...]:
    """Of routes that search or ask, or have a worker do so: counted, within the limits of a day.
    What is refused is not counted, else a stranger with the key of a chat widget could use up the
    limits of its person."""

    def admitted(access: Annotated[Access, Depends(needs)], app: App) -> None:
        app.usage.admit(access)

    return (Depends(admitted), Depends(_charged))


COUNTED_ASKING = _counted(_asking)
COUNTED_READING = _counted(_reading)
COUNTED_WRITING = _counted(_writing)
COUNTED_EMBEDDED = _counted(_embedded)
