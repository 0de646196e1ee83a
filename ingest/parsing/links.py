"""Links as text: `the claims system (https://…)` where text and address differ."""

import re

_ADDRESS = re.compile(r"(?i)(?:https?|ftp)://|mailto:")
_MAX_ADDRESS_CHARACTERS = 300  # beyond it an address is data for programs


def with_address(label: str, address: str) -> str:
    """`label`, with the address behind it where it leads out of the file and says more.

    A label without text (a picture that is a link) stays as it is.
    """
    address = "".join(address.split())
    if not label.strip() or not _ADDRESS.match(address) or len(address) > _MAX_ADDRESS_CHARACTERS:
        return label
    if _bare(label) == _bare(address):
        return label
    return f"{label} ({address.removeprefix('mailto:')})"


def _bare(address: str) -> str:
    """Without scheme, `www.` and a slash at the end, which people leave out."""
    bare = re.sub(r"(?i)^(?:(?:https?|ftp)://)?(?:www\.)?|^mailto:", "", "".join(address.split()))
    return bare.rstrip("/").casefold()
