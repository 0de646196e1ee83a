"""A machine on which bundles are installed, and how they are made for it."""

import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.install.bundle.contents import SIGNATURE, SUMS, read_sums, sign, sum_of, sums_text
from tests.install.project import Project

NEEDS = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(shutil.which, ("git", "make", "ssh-keygen"))),
        reason="needs git, make and ssh-keygen",
    ),
]

_NAMESPACE = ("unshare", "--map-root-user", "--net")
_CUT = subprocess.run((*_NAMESPACE, "true"), capture_output=True, check=False).returncode == 0


@dataclass(frozen=True, slots=True)
class Machine:
    """Where bundles are installed: with Python, without their sources or a package index."""

    folder: Path
    path_folder: Path

    def install(self, bundle: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
        with self.installing(bundle, *arguments) as process:
            out, err = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def installing(self, bundle: Path, *arguments: str) -> "subprocess.Popen[str]":
        to = () if bundle.parent.name == "versions" else ("--to", str(self.folder))
        return subprocess.Popen(
            (*(_NAMESPACE if _CUT else ()), "sh", str(bundle / "install.sh"), *to, *arguments),
            env={"PATH": str(self.path_folder), "HOME": str(self.folder.parent)},
            cwd=self.folder.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def data(self) -> Path:
        return self.folder / ".zhiwen"


def made(project: Project) -> Path:
    """The next bundle, unpacked."""
    ran = project.run("make", "bundle", "KEY=release")
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout + ran.stderr
    file = Path(ran.stdout.splitlines()[-1].partition("3/3 bundle: ")[2].rpartition(",")[0])
    with tarfile.open(project.folder / file) as archive:
        archive.extractall(project.folder / "unpacked", filter="data")
        name = archive.getnames()[0].partition("/")[0]
    return project.folder / "unpacked" / name


def refused(machine: Machine, bundle: Path, key: Path) -> str:
    """Why it is not installed; nothing of it may be left."""
    ran = machine.install(bundle, "--key", str(key))
    assert ran.returncode == 1
    assert not machine.folder.exists()
    return ran.stderr


def resign(project: Project, bundle: Path) -> None:
    sums = {name: sum_of(bundle / name) for name in read_sums((bundle / SUMS).read_text())}
    (bundle / SUMS).write_text(sums_text(sums))
    (bundle / SIGNATURE).unlink()
    sign(bundle / SUMS, project.folder / "release")
