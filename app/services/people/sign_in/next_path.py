"""Where somebody goes after signing in."""

import re
from urllib.parse import urlsplit

_MAX_CHARS = 2000
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")


def local_path(given: str) -> str:
    """`given` where it is a path of this site, else `/`.

    Browsers take `//host` and `/\\host` for other hosts, and drop tabs and line breaks first.
    """
    if not given.startswith("/") or given.startswith("//") or _UNSAFE.search(given):
        return "/"
    parts = urlsplit(given)
    return "/" if parts.scheme or parts.netloc or len(given) > _MAX_CHARS else given
