"""Chooses the build of PyTorch and its source.

PyPI's build for Linux includes CUDA, gigabytes that are useless without an NVIDIA card. PyTorch's
own index has a CPU build, but not every network can reach it.
"""

import shutil
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

CPU_INDEX_URL = "https://download.pytorch.org/whl/cpu"
CPU_BUILD = "+cpu"  # suffix of version numbers on that index

_PROBE_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class TorchSource:
    """`index_url` None: the index configured for pip. `reason` is shown to the user."""

    requirement: str
    index_url: str | None
    reason: str

    def pip_arguments(self) -> list[str]:
        index = ["--index-url", self.index_url] if self.index_url else []
        return [*index, self.requirement]


def has_nvidia_card() -> bool:
    """Whether NVIDIA's driver is installed, judged by its tool or its kernel module."""
    return shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia").exists()


def fits(installed: str, version: str, *, wants_cpu_build: bool) -> bool:
    """Whether an installed torch such as `2.13.0+cpu` can stay."""
    number, _, build = installed.partition("+")
    return number == version and (not wants_cpu_build or f"+{build}" == CPU_BUILD)


def choose(
    version: str,
    *,
    wants_cpu_build: bool,
    given_url: str | None = None,
    unreachable: Callable[[str], str | None] | None = None,
) -> TorchSource:
    """The build for this machine. `unreachable` returns why an index cannot be reached, or None."""
    anywhere = f"torch=={version}"
    if given_url:
        return TorchSource(anywhere, given_url, f"PyTorch from {given_url}, set by TORCH_INDEX_URL")
    if not wants_cpu_build:
        return TorchSource(anywhere, None, "PyTorch from the default package index")
    problem = (unreachable or why_unreachable)(f"{CPU_INDEX_URL}/torch/")
    if problem is None:
        reason = f"No NVIDIA card: PyTorch without CUDA, from {CPU_INDEX_URL}"
        return TorchSource(f"{anywhere}{CPU_BUILD}", CPU_INDEX_URL, reason)
    return TorchSource(
        anywhere,
        None,
        f"No NVIDIA card, but PyTorch's index of builds for the CPU cannot be reached:\n"
        f"  {CPU_INDEX_URL}: {problem}\n"
        "PyTorch comes from the default package index instead. Unless that has a build for the\n"
        "CPU, it is the one with CUDA, which works without a card and takes gigabytes more.\n"
        "To name a mirror instead: make up TORCH_INDEX_URL=https://…",
    )


def why_unreachable(url: str, timeout_s: float = _PROBE_TIMEOUT_S) -> str | None:
    """Why `url` cannot be read, or None if it can. Uses proxies of the environment.

    The whole attempt is bounded, since a socket timeout covers neither the DNS lookup nor attempts
    at further addresses of the host.
    """
    problem: list[str | None] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(url, timeout=timeout_s):  # noqa: S310  # our own URL, or http in a test
                problem.append(None)
        except (OSError, ValueError, HTTPException) as error:
            problem.append(str(error).removeprefix("<urlopen error ").removesuffix(">"))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout_s)
    return problem[0] if problem else f"no answer within {timeout_s:g} s"
