"""Builds the services for people: accounts, sessions, keys, audit."""

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from app.config import Settings
from app.db.engine import Database
from app.people_settings import APP_MODES
from app.services.operations.run_time import NAMES, RunTimeSettings, Values
from app.services.people.accounts import Accounts
from app.services.people.audit import Audit
from app.services.people.authentication import Authentication
from app.services.people.groups import Groups
from app.services.people.keys import Keys
from app.services.people.leaving import Leaving
from app.services.people.retention import Retention
from app.services.people.sessions import Sessions
from app.services.people.sharing import Sharing
from app.services.people.sign_in.by_password import PasswordSignIn
from app.services.people.sign_in.by_provider import ProviderSignIn
from app.services.people.sign_in.identities import Identities
from app.services.people.sign_in.last_seen import LastSeen
from app.services.people.sign_in.links import Links
from app.services.people.sign_in.passwords import Passwords
from app.services.people.sign_in.providers.company import CompanyApp
from app.services.people.sign_in.providers.dingtalk import DingTalkProvider
from app.services.people.sign_in.providers.feishu import FEISHU, LARK, FeishuProvider
from app.services.people.sign_in.providers.openid import OpenIdClient, OpenIdConfig
from app.services.people.sign_in.providers.provider import SignInProvider
from app.services.people.sign_in.providers.wecom import WeComProvider
from app.services.people.sign_in.proxy import ISSUER, ProxySignIn, ProxyTrust
from app.services.people.sign_in.throttle import Throttle
from app.services.people.usage import DailyLimits, Usage


@dataclass(frozen=True, slots=True)
class PeopleServices:
    audit: Audit
    last_seen: LastSeen
    authentication: Authentication
    accounts: Accounts
    sessions: Sessions
    links: Links
    keys: Keys
    groups: Groups
    sharing: Sharing
    leaving: Leaving
    usage: Usage
    throttle: Throttle
    retention: Retention
    password_sign_in: PasswordSignIn
    provider_sign_in: ProviderSignIn
    proxy_sign_in: ProxySignIn

    def services(self) -> dict[str, Any]:
        """By name, for the application, which has them as its own."""
        return {each.name: getattr(self, each.name) for each in fields(PeopleServices)}


def build_people(
    settings: Settings,
    db: Database,
    passwords: Passwords | None = None,
    provider: SignInProvider | None = None,
) -> PeopleServices:
    """`passwords`, `provider`: others than the settings say, for tests."""
    passwords = passwords or Passwords()
    audit, last_seen = Audit(db), LastSeen(db)
    throttle = Throttle(db, settings.widget_hourly_questions)
    sessions = Sessions(db, audit, timedelta(hours=settings.session_hours))
    admins_only = settings.auth not in {"none", "password"}
    accounts = Accounts(db, audit, passwords, throttle, admins_only)
    provider = provider or _provider(settings)
    issuer = provider.issuer if provider else ISSUER if settings.auth == "proxy" else ""
    identities = Identities(db, accounts, audit, sessions, throttle, issuer)
    given: Values = {name: getattr(settings, name) for name in NAMES}
    return PeopleServices(
        audit=audit,
        last_seen=last_seen,
        authentication=Authentication(
            settings.auth, db, last_seen, timedelta(hours=settings.session_idle_hours)
        ),
        accounts=accounts,
        sessions=sessions,
        links=Links(db, audit, passwords, sessions, admins_only=admins_only),
        keys=Keys(db, audit, accounts),
        groups=Groups(db, audit),
        sharing=Sharing(db),
        leaving=Leaving(db, audit),
        usage=Usage(db, _limits(given)),
        throttle=throttle,
        retention=Retention(db, audit, given["keep_conversations_days"], settings.keep_audit_days),
        password_sign_in=PasswordSignIn(
            db, audit, passwords, sessions, throttle, admins_only=admins_only
        ),
        provider_sign_in=ProviderSignIn(provider, db, identities),
        proxy_sign_in=ProxySignIn(_proxy_trust(settings), identities),
    )


def _provider(settings: Settings) -> SignInProvider | None:
    if settings.auth in APP_MODES:
        return company_provider(settings)
    if settings.auth != "oidc":
        return None
    return OpenIdClient(
        OpenIdConfig(
            settings.oidc_issuer,
            settings.oidc_client_id,
            settings.oidc_client_secret.get_secret_value(),
            settings.oidc_scopes,
            "" if settings.oidc_groups_claim == "none" else settings.oidc_groups_claim,
            _redirect_url(settings),
            settings.oidc_label,
            frozenset(settings.oidc_email_domains),
        )
    )


def company_provider(settings: Settings, at: str = "") -> SignInProvider:
    """`at`: another address than the public one, for tests."""
    app = CompanyApp(
        settings.sso_app_id,
        settings.sso_app_secret.get_secret_value(),
        settings.sso_company_id,
        _redirect_url(settings),
        settings.sso_agent_id,
        at,
    )
    if settings.auth == "wecom":
        return WeComProvider(app)
    if settings.auth == "dingtalk":
        return DingTalkProvider(app)
    return FeishuProvider(app, LARK if settings.auth == "lark" else FEISHU)


def _redirect_url(settings: Settings) -> str:
    return f"{settings.ui_base_url}/login/{settings.auth}/callback"


def _proxy_trust(settings: Settings) -> ProxyTrust | None:
    if settings.auth != "proxy":
        return None
    return ProxyTrust.of(
        settings.proxy_header, settings.proxy_groups_header, settings.trusted_proxies
    )


def run_time_settings(settings: Settings, db: Database, people: PeopleServices) -> RunTimeSettings:
    """What administrators change while the service runs."""

    def apply(values: Values) -> None:
        people.usage.limits = _limits(values)
        people.retention.conversations_days = values["keep_conversations_days"]

    return RunTimeSettings(db, settings, apply)


def _limits(values: Values) -> DailyLimits:
    return DailyLimits(
        values["daily_requests"],
        values["daily_tokens"],
        values["key_daily_requests"],
        values["key_daily_tokens"],
    )
