"""The order of versions: packaging.python.org/specifications/version-specifiers (PEP 440).

It is needed before there is an environment, and Python itself comes without `packaging`.
"""

import re
from typing import Any

_VERSION = re.compile(
    r"""
    v? ((?P<epoch>[0-9]+)!)? (?P<release>[0-9]+(\.[0-9]+)*)
    ([-_.]? (?P<phase>alpha|a|beta|b|preview|pre|c|rc) [-_.]? (?P<pre>[0-9]*))?
    (-(?P<bare>[0-9]+) | [-_.]? (post|rev|r) [-_.]? (?P<post>[0-9]*))?
    ([-_.]? dev [-_.]? (?P<dev>[0-9]*))?
    (\+(?P<local>[a-z0-9]+([-_.][a-z0-9]+)*))?
    """,
    re.VERBOSE,
)
_PHASES = {"a": 1, "b": 2, "c": 3, "r": 3, "p": 3}  # by how they begin, e.g. rc, pre
_FINAL = 4


def version_key(version: str) -> tuple[Any, ...]:
    """To compare by: 0.2.dev1 < 0.2rc1.dev1 < 0.2rc1 < 0.2 = 0.2.0 < 0.2+gpu < 0.2.post1.

    Raises ValueError for what is no version.
    """
    found = _VERSION.fullmatch(version.lower())
    if found is None:
        raise ValueError(f"{version!r} is no version")
    release = [int(number) for number in found["release"].split(".")]
    while release and release[-1] == 0:
        release.pop()
    phase = _PHASES[found["phase"][0]] if found["phase"] else _FINAL
    post = _numbered(found["bare"] or found["post"])
    dev = _numbered(found["dev"])
    if dev and not post and phase == _FINAL:
        phase = 0  # before the first alpha
    local = re.split(r"[-_.]", found["local"]) if found["local"] else []
    return (
        *(int(found["epoch"] or 0), release, phase, int(found["pre"] or 0), post),
        *(not dev, dev),  # any comes before none
        [(1, int(each)) if each.isdecimal() else (0, each) for each in local],
    )


def _numbered(number: str | None) -> list[int]:
    """Of a part that may be missing, which comes before any number; without a number it has 0."""
    return [] if number is None else [int(number or 0)]
