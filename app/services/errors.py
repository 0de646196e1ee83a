"""Errors of the services; the API maps each to a status.

ServiceError
├── Unauthenticated 401  nobody is signed in, or the key is unknown
│   ├── SignInFailed      unknown name, wrong password or disabled account: nobody learns which
│   └── StateInvalid      a sign-in that was not begun in this browser, is used or has expired
├── Forbidden       403  this person or key may not do that
├── NotFound        404  no such base, document, message, …
│   └── LinkInvalid       a sign-in link that is unknown, used or expired
├── Conflict        409  a name is taken, or the object is in the wrong state
├── TooLarge        413  a file exceeds its limit
│   └── QuestionTooLong   a question exceeds its limit, in characters or tokens
├── Unsupported     415  a file format without a parser
├── Invalid         422  the request is invalid
├── Busy            429  too much of this is going on
│   ├── TooManyAttempts   to sign in
│   └── DailyLimit        of a person or key is used up
├── WrongEmbedder   409  a base was built with another embedding model
└── ProviderUnavailable 503  the provider that signs people in does not work
"""

from collections.abc import Mapping, Sequence
from typing import Literal


class ServiceError(Exception):
    """Base of all errors of this package. The message is shown to users and says what to do."""

    code = "error"


class Unauthenticated(ServiceError):
    code = "unauthenticated"

    def __init__(self, message: str = "Sign in, or send a valid key.") -> None:
        super().__init__(message)


class SignInFailed(Unauthenticated):
    code = "sign_in_failed"

    def __init__(self) -> None:
        super().__init__("Name or password is wrong, or the account can't be used.")


class StateInvalid(Unauthenticated):
    code = "state_invalid"

    def __init__(self) -> None:
        super().__init__("This sign-in has expired or was begun elsewhere. Sign in again.")


class Forbidden(ServiceError):
    def __init__(self, message: str, *, code: str = "forbidden") -> None:
        super().__init__(message)
        self.code = code


class NotFound(ServiceError):
    code = "not_found"

    def __init__(self, what: str, id_: str) -> None:
        super().__init__(f"There is no {what} with id {id_[:64]!r}.")


class LinkInvalid(NotFound):
    code = "link_invalid"

    def __init__(self) -> None:
        ServiceError.__init__(self, "This link is used or has expired. Ask for another one.")


class Conflict(ServiceError):
    """`facts` are the names and numbers in the message, for interfaces in other languages."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "conflict",
        facts: Mapping[str, Sequence[str] | int] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.facts = dict(facts or {})


class TooLarge(ServiceError):
    code = "too_large"


class QuestionTooLong(TooLarge):
    """`facts` are the numbers in the message, for interfaces in other languages."""

    code = "question_too_long"

    def __init__(self, size: int, limit: int, unit: Literal["characters", "tokens"]) -> None:
        super().__init__(
            f"The question has {size} {unit}; {limit} are the limit. Shorten it, or upload long "
            "texts as documents."
        )
        self.facts = {unit: size, f"max_{unit}": limit}


class Unsupported(ServiceError):
    code = "unsupported_format"


class Invalid(ServiceError):
    def __init__(self, message: str, *, code: str = "invalid") -> None:
        super().__init__(message)
        self.code = code


class Busy(ServiceError):
    code = "busy"
    retry_after_s = 2


class TooManyAttempts(Busy):
    code = "too_many_attempts"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Too many attempts. Try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s
        self.facts = {"seconds": retry_after_s}


class DailyLimit(Busy):
    """`facts` are the numbers in the message."""

    code = "daily_limit"

    def __init__(self, used: int, limit: int, unit: str, retry_after_s: int) -> None:
        super().__init__(
            f"The limit of {limit} {unit} a day is used up. It begins anew at midnight UTC."
        )
        self.retry_after_s = retry_after_s
        self.facts = {"used": used, "limit": limit}


class WrongEmbedder(ServiceError):
    code = "wrong_embedder"

    def __init__(self, base: str, built_with: str, running: str) -> None:
        super().__init__(
            f"Knowledge base {base!r} was built with the embedder {built_with!r}, but "
            f"{running!r} is running. Set ZHIWEN_EMBEDDER={built_with} and start again, or change "
            f"the base: zhiwen reembed {base!r} --embedder {running}"
        )


class ProviderUnavailable(ServiceError):
    code = "provider_unavailable"

    def __init__(self) -> None:
        super().__init__("Single sign-on does not work at the moment. Try again later.")
