"""Builds the services for people: accounts, sessions, keys, audit."""

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from app.config import Settings
from app.db.engine import Database
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
from app.services.people.sign_in.identities import Identities
from app.services.people.sign_in.last_seen import LastSeen
from app.services.people.sign_in.links import Links
from app.services.people.sign_in.oidc import NAME, OidcSignIn
from app.services.people.sign_in.passwords import Passwords
from app.services.people.sign_in.provider import Provider, ProviderConfig
from app.services.people.sign_in.proxy import ProxySignIn, ProxyTrust
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
    retention: Retention
    password_sign_in: PasswordSignIn
    oidc_sign_in: OidcSignIn
    proxy_sign_in: ProxySignIn

    def services(self) -> dict[str, Any]:
        """By name, for the application, which has them as its own."""
        return {each.name: getattr(self, each.name) for each in fields(PeopleServices)}


def build_people(
    settings: Settings, db: Database, passwords: Passwords | None = None
) -> PeopleServices:
    """`passwords`: another hasher, for tests."""
    passwords = passwords or Passwords()
    audit, last_seen, throttle = Audit(db), LastSeen(db), Throttle()
    sessions = Sessions(db, audit, timedelta(hours=settings.session_hours))
    accounts = Accounts(db, audit, passwords, throttle)
    identities = Identities(db, accounts, audit, sessions, throttle)
    admins_only = settings.auth in {"oidc", "proxy"}
    return PeopleServices(
        audit=audit,
        last_seen=last_seen,
        authentication=Authentication(
            settings.auth, db, last_seen, timedelta(hours=settings.session_idle_hours)
        ),
        accounts=accounts,
        sessions=sessions,
        links=Links(db, audit, passwords, sessions, admins_only=admins_only),
        keys=Keys(db, audit),
        groups=Groups(db, audit),
        sharing=Sharing(db),
        leaving=Leaving(db, audit),
        usage=Usage(db, _limits(settings)),
        retention=Retention(db, audit, settings.keep_conversations_days, settings.keep_audit_days),
        password_sign_in=PasswordSignIn(
            db, audit, passwords, sessions, throttle, admins_only=admins_only
        ),
        oidc_sign_in=OidcSignIn(
            _provider(settings),
            settings.oidc_label,
            frozenset(settings.oidc_email_domains),
            db,
            identities,
        ),
        proxy_sign_in=ProxySignIn(_proxy_trust(settings), identities),
    )


def _provider(settings: Settings) -> Provider | None:
    if settings.auth != "oidc":
        return None
    return Provider(
        ProviderConfig(
            settings.oidc_issuer,
            settings.oidc_client_id,
            settings.oidc_client_secret.get_secret_value(),
            settings.oidc_scopes,
            "" if settings.oidc_groups_claim == "none" else settings.oidc_groups_claim,
            f"{settings.ui_base_url}/login/{NAME}/callback",
        )
    )


def _proxy_trust(settings: Settings) -> ProxyTrust | None:
    if settings.auth != "proxy":
        return None
    return ProxyTrust.of(
        settings.proxy_header, settings.proxy_groups_header, settings.trusted_proxies
    )


def _limits(settings: Settings) -> DailyLimits:
    return DailyLimits(
        settings.daily_requests,
        settings.daily_tokens,
        settings.key_daily_requests,
        settings.key_daily_tokens,
    )
