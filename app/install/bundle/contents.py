"""What a bundle contains, and whether it is what was signed.

BundleRefused
├── signature      missing, or not by the given key
├── key            none, or none of that kind
├── file           missing, changed, or not in SHA256SUMS
└── platform       made for another system, processor, Python or C library
"""

import hashlib
import json
import platform
import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Self

from app.install.bundle.versions import version_key
from app.install.environment import PYTHON

DESCRIPTION = "bundle.json"
SUMS = "SHA256SUMS"
SIGNATURE = "SHA256SUMS.sig"
IMAGES = "images.txt"

_CHANGED = "{name} was changed after it was signed, or is damaged."
_SIGNER = "zhiwen"
_NAMESPACE = "zhiwen-bundle"  # a signature made for something else is none
_MANYLINUX = re.compile(r"manylinux_(\d+)_(\d+)")
_MANYLINUX_OLD = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}

OnBytes = Callable[[int], None]


class BundleRefused(Exception):
    """The message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Description:
    """`glibc`: the oldest C library that all wheels run with, or empty."""

    name: str
    platform: str
    python: str
    glibc: str
    models: list[str]

    @classmethod
    def read(cls, folder: Path, sums: Mapping[str, str]) -> Self:
        """From the very bytes that have the right checksum. Raises BundleRefused."""
        try:
            text = (folder / DESCRIPTION).read_bytes()
            if hashlib.sha256(text).hexdigest() != sums.get(DESCRIPTION):
                raise BundleRefused(_CHANGED.format(name=DESCRIPTION))
            return cls(**json.loads(text))
        except (OSError, ValueError, TypeError) as error:
            raise BundleRefused(f"{folder / DESCRIPTION} cannot be read: {error}") from error

    def is_older_than(self, name: str) -> bool:
        """Whether its version is lower than that of the bundle `name`. Raises BundleRefused."""
        return _version_key(self.name) < _version_key(name)

    def text(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    def check_platform(self) -> None:
        """Raises BundleRefused unless the wheels run here."""
        here, library = sysconfig.get_platform(), platform.libc_ver()
        if (self.platform, self.python) != (here, PYTHON):
            raise BundleRefused(
                f"This bundle is for {self.platform} and Python {self.python}, "
                f"and this is {here} with Python {PYTHON}."
            )
        if self.glibc and (library[0] != "glibc" or _numbers(library[1]) < _numbers(self.glibc)):
            found = " ".join(library).strip() or "another C library"
            raise BundleRefused(
                f"This bundle needs glibc {self.glibc}, and this system has {found}."
            )


def oldest_glibc(wheels: Iterable[str]) -> str:
    """The oldest glibc, such as `2.28`, that suits all wheels by their names; empty if any does."""
    needed = [found for name in wheels if (found := _glibc(name.rpartition("-")[2])) is not None]
    return ".".join(map(str, max(needed))) if needed else ""


def _glibc(tags: str) -> tuple[int, int] | None:
    """The oldest that one of a wheel's platform tags allows."""
    found = [(int(major), int(minor)) for major, minor in _MANYLINUX.findall(tags)]
    found += [version for tag, version in _MANYLINUX_OLD.items() if f"{tag}_" in tags]
    return min(found, default=None)


def _version_key(name: str) -> tuple[Any, ...]:
    """Of a bundle, to compare by. Raises BundleRefused."""
    try:
        return version_key(name.removeprefix("zhiwen-").rpartition("-")[0])
    except ValueError as error:
        raise BundleRefused(f"{name} can't be compared with another bundle: {error}") from error


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def sum_of(path: Path) -> str:
    """SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sums_text(sums: Mapping[str, str]) -> str:
    """In the form of `sha256sum`, which can check it."""
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(sums.items()))


def sign(sums: Path, key: Path) -> Path:
    """Signs with an Ed25519 key of OpenSSH; returns the signature. Raises BundleRefused."""
    signature = sums.with_name(SIGNATURE)
    signature.unlink(missing_ok=True)
    _ssh_keygen("sign", "-f", str(key), str(sums), refused=f"{key} cannot sign.")
    return signature


def signed_sums(folder: Path, public_key: str) -> dict[str, str]:
    """Checksums by path, read from the very bytes that were signed by this key (`ssh-ed25519
    AAAA…`). Raises BundleRefused."""
    kind, key, *_ = [*public_key.split(), "", ""]
    if kind != "ssh-ed25519" or not key:
        raise BundleRefused("The key is no public Ed25519 key of OpenSSH (ssh-ed25519 AAAA…).")
    for name in (SUMS, SIGNATURE):
        if not (folder / name).is_file():
            raise BundleRefused(f"This bundle is not signed: {name} is missing.")
    signed = (folder / SUMS).read_bytes()
    with tempfile.TemporaryDirectory() as temporary:
        allowed = Path(temporary) / "allowed"
        allowed.write_text(f'{_SIGNER} namespaces="{_NAMESPACE}" {kind} {key}\n', "ascii")
        _ssh_keygen(
            *("verify", "-f", str(allowed), "-I", _SIGNER, "-s", str(folder / SIGNATURE)),
            given=signed,
            refused="This bundle was not signed with the given key.",
        )
    return read_sums(signed.decode())


def _ssh_keygen(action: str, *arguments: str, refused: str, given: bytes = b"") -> None:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise BundleRefused("ssh-keygen is needed; on Debian or Ubuntu it is in openssh-client.")
    command = (program, "-Y", action, "-n", _NAMESPACE, *arguments)
    ended = subprocess.run(command, input=given, capture_output=True, check=False)
    if ended.returncode != 0:
        raise BundleRefused(f"{refused}\n  {ended.stderr.decode(errors='replace').strip()}")


def read_sums(text: str) -> dict[str, str]:
    """Checksums by path. Raises BundleRefused."""
    sums = {}
    for line in text.splitlines():
        digest, _, path = line.partition("  ")
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts or not path:
            raise BundleRefused(f"{SUMS} names a path outside the bundle: {path!r}")
        sums[path] = digest
    return sums


def check_files(folder: Path, sums: Mapping[str, str], on_bytes: OnBytes) -> None:
    """Raises BundleRefused unless exactly these files are there, unchanged.

    `on_bytes` gets the size of each file once it is read.
    """
    listed = {*sums, SUMS, SIGNATURE}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or (not path.is_dir() and name not in listed):
            raise BundleRefused(f"{name} does not belong to this bundle.")
    for name in sums:
        check_file(folder, name, sums)
        on_bytes((folder / name).stat().st_size)


def check_file(folder: Path, name: str, sums: Mapping[str, str]) -> None:
    """Raises BundleRefused unless the file is the listed one."""
    if not (folder / name).is_file() or name not in sums:
        raise BundleRefused(f"{name} is missing.")
    if sum_of(folder / name) != sums[name]:
        raise BundleRefused(_CHANGED.format(name=name))


def copy_checked(here: Path, name: str, folder: Path, sums: Mapping[str, str]) -> Path:
    """Copies a file to the same name in `folder`, and returns the copy. Raises BundleRefused unless
    what has arrived is the listed file: the one here may change at any time."""
    copy = folder / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(here / name, copy, follow_symlinks=False)
    if copy.is_symlink():
        raise BundleRefused(f"{name} does not belong to this bundle.")
    check_file(folder, name, sums)
    return copy
