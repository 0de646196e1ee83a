"""Settings about people: sessions, limits, retention, and who may reach the service."""

import re
from ipaddress import ip_address, ip_network
from typing import Annotated, Literal
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

_SECRET_CHARS, _DIFFERENT_CHARS = 16, 6
_OF_EXAMPLES = (
    *("changeme", "replaceme", "yoursecret", "clientsecret", "appsecret", "password"),
    *("placeholder", "123456789", "qwerty"),
)

AuthMode = Literal["none", "password", "oidc", "feishu", "lark", "dingtalk", "wecom", "proxy"]
APP_MODES = frozenset({"feishu", "lark", "dingtalk", "wecom"})  # by an app of the company there

Domains = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_read_domains)]
HeaderName = Annotated[str, AfterValidator(_read_header)]
Issuer = Annotated[str, AfterValidator(_read_issuer)]
Networks = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_read_networks)]

# Of the settings below, those that administrators may change while the service runs. The audit is
# about them too, so how long it is kept is not among these.
RunTimeName = Literal[
    "keep_conversations_days",
    "daily_requests",
    "daily_tokens",
    "key_daily_requests",
    "key_daily_tokens",
]


class PeopleSettings(BaseSettings):
    """Read as a part of `Settings`."""

    open: bool = Field(
        False,
        description="Start without a login (ZHIWEN_AUTH=none) although other machines can reach "
        "API_HOST, UI_HOST or `zhiwen mcp --host`: whoever does may read and delete everything",
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
    sso_app_id: str = Field(
        "", description="With AUTH=feishu, lark or dingtalk: the app's id (App ID, Client ID)"
    )
    sso_app_secret: SecretStr = Field(
        SecretStr(""), description="With AUTH=feishu, lark, dingtalk or wecom: the app's secret"
    )
    sso_company_id: str = Field(
        "",
        description="Only people of this company may sign in: the tenant key at Feishu and Lark, "
        "the corp id at DingTalk and WeCom",
    )
    sso_agent_id: str = Field(
        "", pattern=r"^\d*$", description="With AUTH=wecom: the app's number (AgentId)"
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
    widget_hourly_questions: int = Field(
        30,
        ge=0,
        description="Questions an hour from one address through the chat widget; 0 = any number",
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
        wecom = auth == "wecom"  # where the company's id and a number make up the app's id
        app: dict[str, object] = {
            "SSO_AGENT_ID" if wecom else "SSO_APP_ID": (
                self.sso_agent_id if wecom else self.sso_app_id
            ),
            "SSO_APP_SECRET": self.sso_app_secret.get_secret_value(),
            "SSO_COMPANY_ID": self.sso_company_id,
        }
        wanted: dict[str, dict[str, object]] = {
            "oidc": {"OIDC_ISSUER": self.oidc_issuer, "OIDC_CLIENT_ID": self.oidc_client_id},
            "proxy": {"TRUSTED_PROXIES": self.trusted_proxies},
            **dict.fromkeys(APP_MODES, app),
        }
        return next((name for name, value in wanted.get(auth, {}).items() if not value), "")

    def weak_for(self, auth: str) -> str:
        """The setting with a secret that can be guessed, by which this way of signing in would be
        open to whoever guesses it; empty if none."""
        used = {"oidc": "oidc_client_secret", **dict.fromkeys(APP_MODES, "sso_app_secret")}
        name = used.get(auth, "")
        secret = getattr(self, name).get_secret_value() if name else ""
        return name.upper() if secret and is_weak(secret) else ""


def is_weak(secret: str) -> bool:
    """Whether a secret can be guessed: it is short, of few different characters, or stands in an
    example."""
    said = secret.casefold().replace("-", "").replace("_", "").replace(" ", "")
    known = any(word in said for word in _OF_EXAMPLES)
    return len(secret) < _SECRET_CHARS or len(set(secret)) < _DIFFERENT_CHARS or known


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
