"""What all providers have in common.

ProviderError
├── ProviderDown      it does not respond, or not as it should
└── IdentityInvalid   what came back does not prove that somebody may sign in
"""

from collections.abc import Mapping
from typing import Any, Protocol

from app.services.people.sign_in.identities import MAX_SUBJECT_CHARS, Identity


class ProviderError(Exception):
    """Base of the errors of providers. The message is for the log."""


class ProviderDown(ProviderError):
    """The provider does not respond, or not as such a provider does."""


class IdentityInvalid(ProviderError):
    """What came back does not prove that somebody may sign in."""


class SignInProvider(Protocol):
    """`name` is in addresses, `label` on the login page. `issuer` is that of its identities, but
    for a slash at the end. Thread-safe."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def issuer(self) -> str: ...

    def authorization_url(self, state: str, nonce: str, code_verifier: str) -> str:
        """Where a browser goes to sign in. Raises ProviderDown."""
        ...

    def identity(self, params: Mapping[str, str], nonce_hash: str, code_verifier: str) -> Identity:
        """For whom the provider sent `params` to the callback.

        Raises ProviderDown, IdentityInvalid.
        """
        ...


def check_subject(subject: object) -> str:
    """Raises IdentityInvalid for one that is no line of text."""
    if not isinstance(subject, str) or not subject:
        raise IdentityInvalid("it names nobody")
    if len(subject) > MAX_SUBJECT_CHARS or not subject.isprintable():
        raise IdentityInvalid("the subject is too long or has control characters")
    return subject


def line(said: Mapping[str, Any], name: str) -> str:
    """A text in one line; empty where there is none."""
    text = said.get(name)
    return " ".join(text.split()) if isinstance(text, str) and text.isprintable() else ""
