"""Which of two bundles is older."""

from itertools import combinations, product

import pytest
from packaging.version import Version

from app.install.bundle.contents import BundleRefused, Description
from app.install.bundle.versions import version_key

_IN_ORDER = (
    *("0.2.0.dev3", "0.2.0a1.dev1", "0.2.0a1", "0.2.0a1.post1.dev2", "0.2.0a1.post1", "0.2.0a2"),
    *("0.2.0a10", "0.2.0b1", "0.2.0rc1.dev3", "0.2.0rc1", "0.2.0rc2", "0.2.0", "0.2.0+cpu"),
    *("0.2.0+gpu", "0.2.0+gpu.a", "0.2.0+gpu.2", "0.2.0+gpu.10", "0.2.0+3", "0.2.0.post1.dev1"),
    *("0.2.0.post1", "0.2.0.post1+gpu", "0.2.0.post2", "0.2.1.dev1", "0.2.1", "0.10.0", "1.0"),
    *("2026.11", "1!0.1"),
)
_ALIKE = (
    *(("0.2", "0.2.0"), ("0.2.0.0", "0.2"), ("0.02", "0.2"), ("v0.2.0", "0.2.0"), ("0!1", "1")),
    *(("0.2rc1", "0.2.0-rc.1"), ("0.2c1", "0.2pre1"), ("0.2.0ALPHA", "0.2.0a0")),
    *(("0.2b", "0.2.beta"), ("0.2.0-1", "0.2.post1"), ("0.2.r4", "0.2.0_rev4")),
    *(("0.2dev", "0.2.0.dev0"), ("0.2.0+GPU-1", "0.2.0+gpu.1")),
)


def is_older(one: str, other: str) -> bool:
    """As the installer asks, of bundles whose digests would sort the other way."""
    described = Description(f"zhiwen-{one}-ffffffff", "linux-x86_64", "3.11", "", [])
    return described.is_older_than(f"zhiwen-{other}-00000000")


def test_versions_have_their_order() -> None:
    pairs = list(combinations(_IN_ORDER, 2))
    assert [pair for pair in pairs if not is_older(*pair)] == []
    assert [pair for pair in pairs if is_older(*reversed(pair))] == []


@pytest.mark.parametrize(("one", "other"), _ALIKE)
def test_versions_that_are_written_in_two_ways_are_the_same(one: str, other: str) -> None:
    assert (is_older(one, other), is_older(other, one)) == (False, False)


def test_they_are_ordered_as_pip_does() -> None:
    parts = product(
        ("", "1!"),
        ("0", "0.2", "0.2.0", "0.2.1", "0.10"),
        ("", "a", "a2", ".beta1", "rc1", "-pre_2"),
        ("", ".post", "-1", ".rev2"),
        ("", ".dev", "dev3"),
        ("", "+gpu", "+gpu.1", "+2"),
    )
    versions = ["".join(each) for each in parts]
    assert sorted(versions, key=version_key) == sorted(versions, key=Version)


@pytest.mark.parametrize("version", ["", "next", "0.2.0-final", "0.2..1", "0.2.0+", "٠.2", "0.2 "])
def test_what_is_no_version_is_not_compared(version: str) -> None:
    with pytest.raises(BundleRefused, match="no version"):
        is_older(version, "0.2.0")
    with pytest.raises(BundleRefused, match="no version"):
        is_older("0.2.0", version)
