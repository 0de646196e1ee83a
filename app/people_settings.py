"""Settings about people: sessions, limits, retention, and who may reach the service."""

import re
from ipaddress import ip_address, ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, NoDecode


def _read_networks(given: str | tuple[str, ...]) -> tuple[str, ...]:
    """Addresses and CIDR blocks of a comma-separated setting. Raises ValueError."""
    parts = given.split(",") if isinstance(given, str) else given
    return tuple(str(ip_network(part)) for part in map(str.strip, parts) if part)


def _read_domains(given: str | tuple[str, ...]) -> tuple[str, ...]:
    """Domains of a comma-separated setting, in lower case. Raises ValueError."""
    parts = given.split(",") if isinstance(given, str) else given
    domains = tuple(part.strip().removeprefix("@").casefold() for part in parts if part.strip())
    for domain in domains:
        if not _DOMAIN.fullmatch(domain):
            raise ValueError(f"{domain!r} is no domain, e.g. example.com")
    return domains


def _read_header(name: str) -> str:
    """The name of a header that a proxy sets about a person. Raises ValueError."""
    if name and (not _HEADER.fullmatch(name) or name.lower() in _NOT_ABOUT_PEOPLE):
        raise ValueError(f"{name!r} can't be the header, which is e.g. Remote-User")
    return name


def _read_issuer(url: str) -> str:
    """As it is written: a slash at the end matters to some. Raises ValueError."""
    if url and not is_safe_url(url):
        raise ValueError("it must be an https address; http only on this machine")
    return url


_DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)*")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_NOT_ABOUT_PEOPLE = {"authorization", "cookie", "host", "origin", "user-agent", "x-forwarded-for"}
_NOT_ABOUT_PEOPLE |= {"x-forwarded-host", "x-forwarded-proto"}

Domains = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_read_domains)]
HeaderName = Annotated[str, AfterValidator(_read_header)]
Issuer = Annotated[str, AfterValidator(_read_issuer)]
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
    oidc_issuer: Issuer = Field(
        "",
        description="With AUTH=oidc: the OpenID provider, as its metadata names it, e.g. "
        "https://login.example.com/realms/firm",
    )
    oidc_client_id: str = Field("", description="What the provider calls this installation")
    oidc_client_secret: SecretStr = Field(
        SecretStr(""), description="Secret for the provider; a public client without one has PKCE"
    )
    oidc_scopes: str = Field(
        "openid profile email",
        pattern=r"^(.* )?openid( .*)?$",
        description="What the provider is asked for; some need `groups` here to tell groups",
    )
    oidc_groups_claim: str = Field(
        "groups",
        description="Claim with the names of a person's groups; `none` to take none from the "
        "provider",
    )
    oidc_email_domains: Domains = Field(
        (),
        description="Only people with a verified e-mail address in one of these domains, "
        "comma-separated; anyone whom the provider lets in when empty",
    )
    oidc_label: str = Field(
        "SSO", min_length=1, description="The provider's name on the login page"
    )
    proxy_header: HeaderName = Field(
        "Remote-User",
        min_length=1,
        description="With AUTH=proxy: header in which a proxy names who has signed in. It is "
        "believed only from TRUSTED_PROXIES, from loopback only if that is among them",
    )
    proxy_groups_header: HeaderName = Field(
        "",
        description="Header with the person's groups, comma-separated, e.g. Remote-Groups; when "
        "empty, groups are local",
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

    def missing_for(self, auth: str) -> str:
        """The setting that this way of signing in lacks; empty if none."""
        if auth == "oidc":
            wanted = {"OIDC_ISSUER": self.oidc_issuer, "OIDC_CLIENT_ID": self.oidc_client_id}
            return next((name for name, value in wanted.items() if not value), "")
        return "TRUSTED_PROXIES" if auth == "proxy" and not self.trusted_proxies else ""


def is_safe_url(url: str) -> bool:
    """Whether it is an absolute https address, or http on this machine, without a password."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    return safe and bool(host) and "@" not in parts.netloc and not parts.fragment


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that binds `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
