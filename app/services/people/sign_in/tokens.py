"""Secrets that are shown once and stored as hashes: of sessions, links and keys."""

import hashlib
import secrets


def new_token(prefix: str = "") -> str:
    """256 random bits behind `prefix`, safe in URLs and headers."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """SHA-256 in hexadecimal. A random token needs neither salt nor a slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
