"""For whom the API is called. Every call says it; nothing about people is kept between calls."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

SESSION_COOKIE = "zhiwen_session"
UNASKED = "x-zhiwen-unasked"  # header that the gate adds where the API is down
_TOKEN = re.compile(r"[\w.~+/=-]{1,512}", re.ASCII)
_HEADER = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class Visitor:
    """What a browser said of itself: the token of its session, empty where nobody has signed in,
    the addresses that its request came through, the last one seen by us, and its name.

    `asked_for`: the API has said whose the token is.
    """

    token: str = ""
    addresses: str = ""
    scheme: str = ""
    user_agent: str = ""
    asked_for: bool = True

    @classmethod
    def of(
        cls, cookies: Mapping[str, str], headers: Mapping[str, str], address: str, scheme: str = ""
    ) -> "Visitor":
        """`headers` by names in lower case; `address` is the peer's."""
        token = cookies.get(SESSION_COOKIE, "")
        chain = [headers.get("x-forwarded-for", ""), address]
        return cls(
            token if _TOKEN.fullmatch(token) else "",
            ", ".join(filter(None, chain)),
            headers.get("x-forwarded-proto", "") or scheme,
            headers.get("user-agent", ""),
            UNASKED not in headers,
        )

    def headers(self) -> dict[str, str]:
        """For a call to the API."""
        found = {
            "cookie": f"{SESSION_COOKIE}={self.token}" if self.token else "",
            "x-forwarded-for": self.addresses,
            "x-forwarded-proto": self.scheme,
            "user-agent": self.user_agent,
        }
        return {name: value for name, value in found.items() if value and _HEADER.fullmatch(value)}
