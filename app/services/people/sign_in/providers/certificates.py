"""Whose certificates are trusted."""

import ssl
from functools import cache


@cache
def certificates() -> ssl.SSLContext:
    """The authorities that this machine trusts, a firm's own among them, and the public ones. Read
    once, which takes as long as a whole request: one that is added counts from the next start."""
    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context
