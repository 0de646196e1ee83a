"""The installer and `make up` for real: an environment, pip, and a package of two files."""

import fcntl
import os
import pty
import re
import shutil
import subprocess

import pytest

from tests.install.project import Project

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
LOG = "build/install.log"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Installed once; each test leaves a working environment."""
    project = Project.create(tmp_path_factory.mktemp("install"))
    project.put_python("python3")
    return project


@pytest.fixture(scope="module")
def first(project: Project) -> "subprocess.CompletedProcess[str]":
    return project.run("make", "up")


def installed(project: Project) -> list[str]:
    folders = (project.folder / ".venv").glob("lib/python*/site-packages/*.dist-info")
    return sorted(folder.name.removesuffix(".dist-info") for folder in folders)


def test_the_first_start_says_what_it_does(
    project: Project, first: "subprocess.CompletedProcess[str]"
) -> None:
    assert (first.returncode, first.stderr) == (0, "")
    lines = first.stdout.splitlines()
    assert lines[0].startswith("Python 3.")
    assert f"Details: {LOG}" in lines
    assert re.match(r"1/4 environment: Python 3\.\d+, PyTorch 2\.13\.0\+cpu", lines[-2])
    assert lines[-1] == "zhiwen up --first-step 2"
    assert {"tiny-1.0", "torch-2.13.0+cpu", "zhiwen-1"} <= set(installed(project))


def test_pips_output_goes_to_the_log(
    project: Project, first: "subprocess.CompletedProcess[str]"
) -> None:
    log = (project.folder / LOG).read_text()
    assert "Installing collected packages: tiny" in log
    assert "collected packages" not in first.stdout
    assert not CONTROL.search(first.stdout)


@pytest.mark.usefixtures("first")
def test_the_second_start_installs_nothing(project: Project) -> None:
    log = (project.folder / LOG).read_text()
    again = project.run("make", "up")
    version = re.search(r"Python (3\.\d+)", log + again.stdout)
    assert version
    assert again.stdout.splitlines() == [
        f"1/4 environment: up to date, Python {version[1]}",
        "zhiwen up --first-step 2",
    ]
    assert (project.folder / LOG).read_text() == log


@pytest.mark.usefixtures("first")
def test_another_lock_is_installed_into_the_same_environment(project: Project) -> None:
    kept = project.folder / ".venv/kept"
    kept.touch()
    project.lock("1.1")
    shown = in_a_terminal(project, "sh", "app/install/install.sh", "run", "--step", "1/4")
    assert kept.exists()
    assert "tiny-1.1" in installed(project)
    assert re.search(r"\r1/4 environment  [━─]{24} ", shown)
    assert re.search(r"\r1/4 environment  Python 3\.\d+, PyTorch 2\.13\.0\+cpu\S* ?.*\n", shown)
    assert "index of builds for the CPU" not in shown  # torch is there: nobody is asked


@pytest.mark.usefixtures("first")
def test_a_failure_shows_the_end_of_the_log_and_where_it_is(project: Project) -> None:
    project.lock("1.2", checksum="0" * 64)
    failed = project.run("make", "up")
    assert failed.returncode != 0
    assert "zhiwen up" not in failed.stdout
    assert "error: the installation failed" in failed.stderr
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in failed.stderr
    assert LOG in failed.stderr
    assert not CONTROL.search(failed.stderr)
    project.lock("1.0")
    assert project.run("make", "up").returncode == 0


@pytest.mark.usefixtures("first")
def test_what_is_built_with_it_is_installed_beside_it(project: Project) -> None:
    project.lock("1.0")
    stamps = [project.folder / ".venv" / name for name in (".installed", ".installed-dev")]
    stamps[1].unlink(missing_ok=True)
    assert project.run("sh", "app/install/install.sh", "dev").returncode == 0
    assert all(stamp.is_file() for stamp in stamps)
    assert project.run("sh", "app/install/install.sh", "dev").stdout == ""


@pytest.mark.usefixtures("first")
def test_two_installations_at_once_take_turns(project: Project) -> None:
    with (project.folder / LOG).open("a") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        second = subprocess.Popen(
            ("make", "up"),
            cwd=project.folder,
            env=project.environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert second.stdout
        with second.stdout as said:
            assert said.readline() == "Waiting for another installation to finish.\n"
            fcntl.flock(log, fcntl.LOCK_UN)
            assert said.readlines()[-1] == "zhiwen up --first-step 2\n"
    assert second.wait() == 0


@pytest.mark.usefixtures("first")
def test_an_environment_keeps_its_python(project: Project) -> None:
    """Where a newer one appears on the PATH as well as where the one it came from goes."""
    python3 = project.path_folder / "python3"
    hidden = python3.rename(python3.with_name("hidden"))
    try:
        assert "up to date" in project.run("make", "up").stdout
    finally:
        hidden.rename(python3)


@pytest.mark.parametrize(
    ("python", "said"),
    [("echo 3.99", "uses Python 3.99"), ("exit 1", "its Python is gone")],
)
@pytest.mark.usefixtures("first")
def test_an_environment_of_another_python_is_made_anew(
    project: Project, python: str, said: str
) -> None:
    link = project.folder / ".venv/bin/python"
    target = link.readlink()
    link.unlink()
    link.write_text(f"#!/bin/sh\n{python}\n")
    link.chmod(0o755)
    try:
        ran = project.dry_run(PYTHON=str(project.path_folder / "python3"))
    finally:
        link.unlink()
        link.symlink_to(target)
    assert said in ran.stdout
    assert "-m venv --clear .venv\n" in ran.stdout


def in_a_terminal(project: Project, *command: str) -> str:
    """What the command shows; it must succeed."""
    terminal, ours = pty.openpty()
    process = subprocess.Popen(
        command,
        cwd=project.folder,
        env=project.environment(TERM="xterm", COLUMNS="100"),
        stdin=subprocess.DEVNULL,
        stdout=ours,
        stderr=ours,
    )
    os.close(ours)
    shown = b""
    try:
        while piece := os.read(terminal, 65536):
            shown += piece
    except OSError:  # as Linux says that the other end is closed
        pass
    os.close(terminal)
    assert process.wait() == 0, shown
    return shown.decode()
