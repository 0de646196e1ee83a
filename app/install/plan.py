"""Plans the commands that bring an environment up to date, with remarks for the user."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.install import torch_source
from app.install.commands import Command
from app.install.environment import PYTHON, Environment, Layer, torch_version

_TORCH_PACKAGES = 40  # its share of the bar: it takes about as long as this many packages


@dataclass(frozen=True, slots=True)
class InstallUnit:
    """Commands that install `layer`."""

    commands: tuple[Command, ...]
    layer: Layer | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """`remarks` are lines to show. Without parts there is nothing to do."""

    remarks: tuple[str, ...] = ()
    parts: tuple[InstallUnit, ...] = ()

    @property
    def packages(self) -> int:
        return sum(command.packages for part in self.parts for command in part.commands)


def plan(environment: Environment) -> Plan:
    made_by = environment.made_by()
    missing = environment.missing() if made_by == PYTHON else list(environment.layers)
    if not missing:
        return Plan()
    remarks = [_about_python()]
    parts = []
    if made_by != PYTHON:
        if environment.folder.exists():
            remarks.append(_about_replacing(environment.folder, made_by))
        parts.append(InstallUnit((_create(environment.folder),)))
    installed_torch = environment.installed("torch") if made_by == PYTHON else None
    for layer in missing:
        torch = _torch(installed_torch) if layer.torch else None
        if torch is not None:
            remarks.append(torch.reason)
        parts.append(InstallUnit(tuple(_install(environment, layer, torch)), layer))
    return Plan(tuple(remarks), tuple(parts))


def _about_python() -> str:
    if os.environ.get("PYTHON"):
        chosen = "set by PYTHON"
    elif Path(sys.prefix) == Path(".venv").absolute():
        chosen = "as in .venv"
    else:
        chosen = "the newest from 3.11 to 3.13 on the PATH"
    return f"Python {sys.version.split()[0]} ({sys.executable}), {chosen}"


def _about_replacing(folder: Path, made_by: str | None) -> str:
    why = f"uses Python {made_by}" if made_by else "is incomplete or its Python is gone"
    return f"The environment in {folder} {why}, so it is created again."


def _create(folder: Path) -> Command:
    command = (sys.executable, "-m", "venv", "--clear", str(folder))
    return Command(command, detail="creating the environment")


def _torch(installed: str | None) -> torch_source.TorchSource | None:
    """The source of torch; None if the installed one can stay."""
    version = torch_version()
    wants_cpu_build = sys.platform == "linux" and not torch_source.has_nvidia_card()
    if installed and torch_source.fits(installed, version, wants_cpu_build=wants_cpu_build):
        return None
    given_url = os.environ.get("TORCH_INDEX_URL")
    return torch_source.choose(version, wants_cpu_build=wants_cpu_build, given_url=given_url)


def _install(
    environment: Environment, layer: Layer, torch: torch_source.TorchSource | None
) -> Iterator[Command]:
    """Installs the lock's packages by checksum; torch by version, since its build differs."""
    quiet = ("--disable-pip-version-check", "--no-input", "--progress-bar", "off")
    pip = (str(environment.python), "-m", "pip", "install", *quiet)
    lock = ("--no-deps", "--require-hashes", "-r", str(layer.lock))
    yield Command((*pip, *lock), layer.packages())
    if torch is not None:
        yield Command((*pip, *torch.pip_arguments()), _TORCH_PACKAGES, "PyTorch")
    if layer.project:
        yield Command((*pip, "--no-deps", "-e", "."), detail="Zhiwen itself")
