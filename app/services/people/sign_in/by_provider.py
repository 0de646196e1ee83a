"""Signing in by a provider: the authorization code flow of OAuth 2.0.

`begin` sends the browser to the provider; `finish` takes what it brings back.
"""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import col

from app.db.engine import Database
from app.db.tables import SignInAttempt, utc_now
from app.services.errors import Conflict, NotFound, ProviderUnavailable, SignInFailed, StateInvalid
from app.services.people.access import Access
from app.services.people.sessions import OpenedSession
from app.services.people.sign_in.identities import Identities
from app.services.people.sign_in.next_path import local_path
from app.services.people.sign_in.providers.provider import (
    IdentityInvalid,
    ProviderDown,
    SignInProvider,
)
from app.services.people.sign_in.tokens import new_token, token_hash
from app.services.people.visitor import visitor

log = logging.getLogger(__name__)

ATTEMPT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Begun:
    """`url` is the provider's; `browser_token` is for a cookie of the browser that began."""

    url: str
    browser_token: str


@dataclass(frozen=True, slots=True)
class Finished:
    """`opened` is None where an account was connected."""

    opened: OpenedSession | None
    next_path: str


@dataclass(frozen=True, slots=True)
class ProviderSignIn:
    """`provider` is None where people sign in otherwise."""

    provider: SignInProvider | None
    db: Database
    identities: Identities

    def begin(self, name: str, next_path: str) -> Begun:
        """Begins a sign-in that ends at `next_path` if that is a path of ours.

        Raises NotFound, TooManyAttempts, ProviderUnavailable.
        """
        return self._begin(self._named(name), next_path)

    def begin_to_connect(self, access: Access, name: str, next_path: str, password: str) -> Begun:
        """The same, to connect the account of `access`. Raises also Conflict without a session, and
        what `Accounts.confirm` raises."""
        provider = self._named(name)
        if not access.session_id:
            raise Conflict("There is no session to connect an account in.", code="no_login")
        self.identities.accounts.confirm(access, password, "person.connect")
        return self._begin(provider, next_path, access.session_id)

    def _begin(self, provider: SignInProvider, next_path: str, session_id: str = "") -> Begun:
        self.identities.throttle.arrive(visitor().address)
        state = secrets.token_hex(32)  # WeCom takes letters and digits only
        nonce, verifier, browser_token = (new_token() for _ in range(3))
        try:
            url = provider.authorization_url(state, nonce, verifier)
        except ProviderDown as error:
            raise _unavailable(error) from error
        with self.db.write() as session:
            session.add(
                SignInAttempt(
                    state_hash=_attempt_hash(state, browser_token),
                    provider=provider.name,
                    nonce=token_hash(nonce),
                    code_verifier=verifier,
                    next_path=local_path(next_path),
                    session_id=session_id,
                    expires_at=utc_now() + ATTEMPT,
                )
            )
        return Begun(url, browser_token)

    def finish(
        self,
        name: str,
        params: Mapping[str, str],
        browser_token: str,
        access: Access | None = None,
    ) -> Finished:
        """Opens a session with the parameters of the callback, or connects the account. An attempt
        can be finished once, by the browser that began it; to connect, also in the session that
        did. `access` is who comes back.

        Raises NotFound, TooManyAttempts, StateInvalid, ProviderUnavailable, SignInFailed, and
        Conflict where the identity belongs to another account.
        """
        provider = self._named(name)
        self.identities.throttle.arrive(visitor().address)
        attempt = self._used_up(provider.name, params.get("state", ""), browser_token)
        if attempt.session_id and (access is None or access.session_id != attempt.session_id):
            self.identities.refuse("attempt", provider.name)
            raise StateInvalid
        try:
            identity = provider.identity(params, attempt.nonce, attempt.code_verifier)
        except ProviderDown as error:
            raise _unavailable(error) from error
        except IdentityInvalid as error:
            log.warning("the response of %s is refused: %s", provider.name, error)
            self.identities.refuse("provider", provider.name)
            raise SignInFailed from error
        if attempt.session_id and access is not None:
            self.identities.connect(access, identity)
            return Finished(None, attempt.next_path)
        return Finished(self.identities.sign_in(identity, provider.name), attempt.next_path)

    def _named(self, name: str) -> SignInProvider:
        if self.provider is None or name != self.provider.name:
            raise NotFound("provider", name)
        return self.provider

    def _used_up(self, name: str, state: str, browser_token: str) -> SignInAttempt:
        with self.db.write() as session:
            attempt = session.get(SignInAttempt, _attempt_hash(state, browser_token))
            if attempt is not None:
                used = delete(SignInAttempt).where(
                    col(SignInAttempt.state_hash) == attempt.state_hash
                )
                session.expunge(attempt)
                if session.exec(used).rowcount != 1:  # somebody else was faster
                    attempt = None
        if attempt is None or attempt.provider != name or utc_now() >= attempt.expires_at:
            if self.identities.throttle.is_news(visitor().address):
                self.identities.refuse("attempt", name)
            raise StateInvalid
        return attempt


def _attempt_hash(state: str, browser_token: str) -> str:
    """Only the browser that began has both halves: nobody can finish their sign-in in the browser
    of somebody else, who would then work in their account."""
    return token_hash(f"{state}.{browser_token}")


def _unavailable(error: ProviderDown) -> ProviderUnavailable:
    log.error("the provider can't be used: %s", error)
    return ProviderUnavailable()
