import shutil
import subprocess
from pathlib import Path

import pytest

from tests.install.bundle.machine import Machine, made
from tests.install.project import Project


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project.create(tmp_path_factory.mktemp("bundle"))
    project.put_python("python3")
    model = project.folder / ".zhiwen/models/tiny-model"
    (model / "openvino").mkdir(parents=True)
    (model / "model.bin").write_bytes(b"weights")
    (model / "openvino/encoder.bin").write_bytes(b"derived")
    (project.folder / "docker").mkdir()
    (project.folder / "docker/compose.yml").write_text("services: {}\n")
    subprocess.run(("git", "init", "--quiet"), cwd=project.folder, check=True)
    subprocess.run(("git", "add", "."), cwd=project.folder, check=True)
    for name in ("release", "other"):
        key = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(project.folder / name))
        subprocess.run(key, check=True)
    return project


@pytest.fixture(scope="session")
def bundle(project: Project) -> Path:
    for name in ("docker/.env", "app/notes.txt"):
        (project.folder / name).write_text("SECRET=1\n")
    return made(project)


@pytest.fixture(scope="session")
def next_bundle(project: Project, bundle: Path) -> Path:
    project.lock("1.1")
    following = made(project)
    assert following != bundle
    return following


@pytest.fixture
def copied(bundle: Path, tmp_path: Path) -> Path:
    """To be tampered with."""
    return shutil.copytree(bundle, tmp_path / bundle.name)


@pytest.fixture
def machine(project: Project, tmp_path: Path) -> Machine:
    return Machine(tmp_path / "zhiwen", project.path_folder)
