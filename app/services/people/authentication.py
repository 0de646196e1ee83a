"""From what a request carries to who is asking."""

from dataclasses import dataclass
from typing import Literal

from app.services.errors import Unauthenticated
from app.services.people.access import LOCAL_OWNER, Access

AuthMode = Literal["none", "password", "oidc", "proxy"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request carries: the bearer token of a key or session, and the session's cookie."""

    bearer: str = ""
    cookie: str = ""


@dataclass(frozen=True, slots=True)
class Authentication:
    mode: AuthMode

    def access(self, credentials: Credentials) -> Access:
        """Raises Unauthenticated."""
        if self.mode == "none":
            return LOCAL_OWNER
        raise Unauthenticated
