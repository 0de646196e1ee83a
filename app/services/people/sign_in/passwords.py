"""Passwords: what is accepted, and argon2id hashes of it."""

import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.services.errors import Invalid

MIN_CHARS = 10
MAX_CHARS = 256
_MIN_DISTINCT = 5  # characters
_AT_ONCE = 2  # each hash takes 64 MiB and a core
_COMMON = Path(__file__).with_name("common_passwords.txt")


def default_hasher() -> PasswordHash:
    """argon2id, three passes over 64 MiB in four lanes: the second choice of RFC 9106, section 4.
    It takes 0.15 to 0.2 s on two cores of a 2020s server."""
    return PasswordHash((Argon2Hasher(time_cost=3, memory_cost=64 * 1024, parallelism=4),))


@dataclass(eq=False)
class Passwords:
    """Thread-safe."""

    hasher: PasswordHash = field(default_factory=default_hasher)
    _free: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(_AT_ONCE)
    )

    def hash(self, password: str) -> str:
        with self._free:
            return self.hasher.hash(_normal(password))

    def verify(self, password: str, hashed: str) -> tuple[bool, str | None]:
        """Whether the password is right, and a new hash where the parameters have changed since.

        Takes as long without a hash as with one, so that time does not tell which names exist.
        """
        if len(password) > MAX_CHARS:  # nobody's; but hash something, for the same time
            password = ""
        dummy = self._dummy
        with self._free:
            right, newer = self.hasher.verify_and_update(_normal(password), hashed or dummy)
        return (right and bool(hashed)), (newer if hashed else None)

    @cached_property
    def _dummy(self) -> str:
        return self.hasher.hash("")


def check_password(password: str, about: Sequence[str] = ()) -> None:
    """Raises Invalid with code `weak_password` for a password that is easily guessed. `about`: the
    names and addresses of its person."""
    lowered = _normal(password).casefold()
    if len(lowered) < MIN_CHARS:
        raise _weak(f"The password needs {MIN_CHARS} characters or more.")
    if len(password) > MAX_CHARS:
        raise _weak(f"The password may have {MAX_CHARS} characters at most.")
    known = {part for text in about for part in (text.casefold(), text.casefold().split("@")[0])}
    if any(part and lowered.replace(part, "").strip("0123456789._-@!") == "" for part in known):
        raise _weak("The password must not be the name.")
    if len(set(lowered)) < _MIN_DISTINCT or _is_run(lowered) or lowered in _common():
        raise _weak("This password is too easily guessed. Choose several words, for example.")


def _is_run(text: str) -> bool:
    """Whether each character follows the one before, as in 34567890 or abcdefgh."""
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    return steps <= {1, -9} or steps <= {-1, 9}


def _common() -> frozenset[str]:
    return frozenset(_COMMON.read_text("utf-8").split())


def _normal(password: str) -> str:
    """One form of what keyboards and browsers write differently (RFC 8265, section 4)."""
    return unicodedata.normalize("NFC", password)


def _weak(message: str) -> Invalid:
    return Invalid(message, code="weak_password")
