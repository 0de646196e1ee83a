"""Tokens that were replaced while pages were open.

The API gives a session another token now and then. The browser gets it with the next page that it
opens; the scripts of those already open still hold the one before, which works a minute longer.
Only they are told the new one: whoever comes with an old token is asked for it by the gate, and who
was let in while the API was down is told none.
"""

_MOST = 10_000
_next: dict[str, str] = {}


def remember(old: str, new: str) -> None:
    if len(_next) >= _MOST:
        _next.clear()
    if old and new and old != new:
        _next[old] = new


def latest(token: str) -> str:
    seen = set()
    while token in _next and token not in seen:
        seen.add(token)
        token = _next[token]
    return token
