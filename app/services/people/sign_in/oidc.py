"""Signing in with OpenID Connect: the authorization code flow with PKCE.

`begin` sends the browser to the provider; `finish` takes what it brings back.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import col

from app.db.engine import Database
from app.db.tables import SignInAttempt, utc_now
from app.services.errors import NotFound, ProviderUnavailable, SignInFailed, StateInvalid
from app.services.people.sessions import OpenedSession
from app.services.people.sign_in.identities import MAX_SUBJECT_CHARS, Identities, Identity
from app.services.people.sign_in.next_path import local_path
from app.services.people.sign_in.provider import ClaimsInvalid, Provider, ProviderDown
from app.services.people.sign_in.tokens import new_token, token_hash
from app.services.people.visitor import visitor

log = logging.getLogger(__name__)

NAME = "oidc"
ATTEMPT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Begun:
    """`url` is the provider's; `browser_token` is for a cookie of the browser that began."""

    url: str
    browser_token: str


@dataclass(frozen=True, slots=True)
class Finished:
    opened: OpenedSession
    next_path: str


@dataclass(frozen=True, slots=True)
class OidcSignIn:
    """`provider` is None where people sign in otherwise. `email_domains`: who may, any if empty."""

    provider: Provider | None
    label: str
    email_domains: frozenset[str]
    db: Database
    identities: Identities

    def begin(self, name: str, next_path: str) -> Begun:
        """Begins a sign-in that ends at `next_path` if that is a path of ours.

        Raises NotFound, TooManyAttempts, ProviderUnavailable.
        """
        provider = self._named(name)
        self.identities.throttle.arrive(visitor().address)
        state, nonce, verifier, browser_token = (new_token() for _ in range(4))
        try:
            url = provider.authorization_url(state, nonce, verifier)
        except ProviderDown as error:
            raise _unavailable(error) from error
        with self.db.write() as session:
            session.add(
                SignInAttempt(
                    state_hash=_attempt_hash(state, browser_token),
                    provider=NAME,
                    nonce=token_hash(nonce),
                    code_verifier=verifier,
                    next_path=local_path(next_path),
                    expires_at=utc_now() + ATTEMPT,
                )
            )
        return Begun(url, browser_token)

    def finish(self, name: str, params: Mapping[str, str], browser_token: str) -> Finished:
        """Opens a session with the parameters of the callback. An attempt can be finished once, by
        the browser that began it.

        Raises NotFound, TooManyAttempts, StateInvalid, ProviderUnavailable, SignInFailed.
        """
        provider = self._named(name)
        self.identities.throttle.arrive(visitor().address)
        attempt = self._used_up(params.get("state", ""), browser_token)
        try:
            claims = provider.claims(
                params, attempt.nonce, attempt.code_verifier, self._wanted(provider)
            )
            identity = self._identity(provider, claims)
        except ProviderDown as error:
            raise _unavailable(error) from error
        except ClaimsInvalid as error:
            log.warning("the provider's response is refused: %s", error)
            self.identities.refuse("provider", NAME)
            raise SignInFailed from error
        return Finished(self.identities.sign_in(identity, NAME), attempt.next_path)

    def _named(self, name: str) -> Provider:
        if self.provider is None or name != NAME:
            raise NotFound("provider", name)
        return self.provider

    def _used_up(self, state: str, browser_token: str) -> SignInAttempt:
        with self.db.write() as session:
            attempt = session.get(SignInAttempt, _attempt_hash(state, browser_token))
            if attempt is not None:
                used = delete(SignInAttempt).where(
                    col(SignInAttempt.state_hash) == attempt.state_hash
                )
                session.expunge(attempt)
                if session.exec(used).rowcount != 1:  # somebody else was faster
                    attempt = None
        if attempt is None or attempt.provider != NAME or utc_now() >= attempt.expires_at:
            if self.identities.throttle.is_news(visitor().address):
                self.identities.refuse("attempt", NAME)
            raise StateInvalid
        return attempt

    def _wanted(self, provider: Provider) -> set[str]:
        groups = {provider.config.groups_claim} - {""}
        return {"email", "email_verified", *groups} if self.email_domains else {"email", *groups}

    def _identity(self, provider: Provider, claims: Mapping[str, Any]) -> Identity:
        """Raises ClaimsInvalid for a person without an address in one of the domains."""
        subject, email = claims["sub"], _text(claims, "email")
        if len(subject) > MAX_SUBJECT_CHARS or not subject.isprintable():
            raise ClaimsInvalid("the subject is too long or has control characters")
        if self.email_domains:
            verified = claims.get("email_verified") in (True, "true")
            if not verified or email.rpartition("@")[2].casefold() not in self.email_domains:
                raise ClaimsInvalid("the e-mail address is not verified or in no allowed domain")
        return Identity(
            claims["iss"],
            subject,
            _text(claims, "preferred_username") or email or _text(claims, "name"),
            _text(claims, "name"),
            email,
            self._groups(provider.config.groups_claim, claims),
        )

    def _groups(self, claim: str, claims: Mapping[str, Any]) -> frozenset[str]:
        """A provider that says nothing of groups says that there are none."""
        said = claims.get(claim) if claim else None
        names = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        return frozenset(name for name in names if isinstance(name, str))


def _attempt_hash(state: str, browser_token: str) -> str:
    """Only the browser that began has both halves: nobody can finish their sign-in in the browser
    of somebody else, who would then work in their account."""
    return token_hash(f"{state}.{browser_token}")


def _text(claims: Mapping[str, Any], name: str) -> str:
    """A claim in one line."""
    said = claims.get(name)
    return " ".join(said.split()) if isinstance(said, str) and said.isprintable() else ""


def _unavailable(error: ProviderDown) -> ProviderUnavailable:
    log.error("the OpenID provider can't be used: %s", error)
    return ProviderUnavailable()
