"""Settings about people: sessions, limits, retention, and who may reach the service."""

from ipaddress import ip_address, ip_network
from typing import Annotated

from pydantic import BeforeValidator, Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, NoDecode


def _read_networks(given: str | tuple[str, ...]) -> tuple[str, ...]:
    """Addresses and CIDR blocks of a comma-separated setting. Raises ValueError."""
    parts = given.split(",") if isinstance(given, str) else given
    return tuple(str(ip_network(part)) for part in map(str.strip, parts) if part)


Networks = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_read_networks)]


class PeopleSettings(BaseSettings):
    """Read as a part of `Settings`."""

    open: bool = Field(
        False,
        description="Start without a login (ZHIWEN_AUTH=none) although other machines can reach "
        "API_HOST or UI_HOST: whoever does may read and delete everything",
    )
    ui_url: HttpUrl | None = Field(
        None,
        description="Where people find the interface, for links to it, e.g. "
        "https://zhiwen.example.com; UI_HOST:UI_PORT when empty",
    )
    trusted_proxies: Networks = Field(
        (),
        description="Addresses or networks of reverse proxies, comma-separated, e.g. 10.0.0.0/8. "
        "X-Forwarded-For and X-Forwarded-Proto are believed from them and from loopback",
    )
    api_key: SecretStr = Field(
        SecretStr(""),
        description="Key that the shell sends to the API; `zhiwen keys add` or the page of your "
        "account creates one. Needed where people sign in",
    )
    session_hours: float = Field(
        336.0, gt=0, description="Hours from signing in until one must do so again"
    )
    session_idle_hours: float = Field(
        72.0, gt=0, description="Hours without a request after which a session ends"
    )
    daily_requests: int = Field(
        0, ge=0, description="Questions and searches a day by a person with all their keys; 0 = any"
    )
    daily_tokens: int = Field(
        0, ge=0, description="Tokens of prompts and answers a day by a person; 0 = any number"
    )
    key_daily_requests: int = Field(
        0, ge=0, description="Questions and searches a day with one key; 0 = any number"
    )
    key_daily_tokens: int = Field(
        0, ge=0, description="Tokens of prompts and answers a day with one key; 0 = any number"
    )
    keep_conversations_days: int = Field(
        0, ge=0, description="Delete conversations this long after the last message; 0 = never"
    )
    keep_audit_days: int = Field(
        0, ge=0, description="Delete audit entries after this long; 0 = never"
    )
    public_metrics: bool = Field(
        False,
        description="/metrics for everyone who reaches the API. Otherwise, unless it is bound to "
        "loopback, for administrators only",
    )
    public_docs: bool = Field(
        False,
        description="/docs and /openapi.json for everyone who reaches the API. Otherwise, unless "
        "it is bound to loopback, for administrators only",
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that binds `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
