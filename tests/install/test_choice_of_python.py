"""Which Python an environment is made with. The names on the PATH are stand-ins."""

import sys
from pathlib import Path

import pytest

from tests.install.project import Project

BROKEN = ("echo 'the shim knows no such version' >&2", "exit 127")


def says_its_name(name: str) -> str:
    """Shell: note which of the stand-ins the installer was started with."""
    return f'case "$*" in *app.install*) echo "chosen: {name}";; esac'


def put(project: Project, *names: str) -> None:
    for name in names:
        project.put_python(name, says_its_name(name))


def put_other_version(project: Project, name: str, version: tuple[int, int]) -> None:
    """A Python that says it is of that version."""
    site = project.path_folder / f"site-{name}"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        f"import sys; sys.version_info = (*{version}, 0, 'final', 0)"
    )
    project.put_python(name, f"export PYTHONPATH={site}", says_its_name(name))


def put_without_venv(project: Project, name: str) -> None:
    """As Debian's without the package python3-venv."""
    site = project.path_folder / f"site-{name}"
    site.mkdir()
    (site / "ensurepip.py").write_text("raise ImportError('No module named ensurepip')")
    project.put_python(name, f"export PYTHONPATH={site}", says_its_name(name))


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("python3.12",), "python3.12"),
        (("python3.13",), "python3.13"),
        (("python3",), "python3"),
        (("python3", "python3.11", "python3.12", "python3.13"), "python3.13"),
        (("python3", "python3.11", "python3.12"), "python3.12"),
    ],
)
def test_the_newest_is_taken(project: Project, names: tuple[str, ...], chosen: str) -> None:
    put(project, *names)
    ran = project.dry_run()
    assert ran.returncode == 0, ran.stderr
    assert f"chosen: {chosen}\n" in ran.stdout
    version = sys.version.split()[0]
    assert f"Python {version} (" in ran.stdout
    assert "the newest from 3.11 to 3.13 on the PATH" in ran.stdout
    assert "-m venv --clear .venv\n" in ran.stdout


def test_a_name_that_does_not_work_is_passed_over(project: Project) -> None:
    project.put_python("python3.13", *BROKEN)
    put(project, "python3.12")
    ran = project.dry_run()
    assert "chosen: python3.12\n" in ran.stdout
    assert "shim" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_a_version_outside_the_range_is_passed_over(
    project: Project, version: tuple[int, int]
) -> None:
    put(project, "python3")
    put_other_version(project, "python3.13", version)
    assert "chosen: python3\n" in project.dry_run().stdout


def test_without_any_the_way_out_is_named(project: Project) -> None:
    put_other_version(project, "python3", (3, 9))
    project.put_python("python3.12", *BROKEN)
    ran = project.dry_run()
    assert ran.returncode == 1
    assert "none was found" in ran.stderr
    assert "apt-get install python3 python3-venv" in ran.stderr
    assert "make up PYTHON=" in ran.stderr


def test_a_missing_venv_module_names_debians_package(project: Project) -> None:
    put_without_venv(project, "python3.12")
    ran = project.dry_run()
    assert ran.returncode == 1
    package = f"python3.{sys.version_info.minor}-venv"
    assert f"apt-get install {package}" in ran.stdout + ran.stderr


def test_a_python_without_venv_gives_way_to_one_with_it(project: Project) -> None:
    put_without_venv(project, "python3.13")
    put(project, "python3.12")
    ran = project.dry_run()
    assert "chosen: python3.12\n" in ran.stdout
    assert "python3.13 cannot make environments" in ran.stdout


def test_a_person_chooses_another(project: Project, tmp_path: Path) -> None:
    put(project, "python3.13")
    folder = tmp_path / "elsewhere, with spaces"
    folder.mkdir()
    mine = folder / "python"
    mine.symlink_to(sys.executable)
    ran = project.dry_run(PYTHON=str(mine))
    assert "chosen:" not in ran.stdout
    assert f"({mine}), set by PYTHON" in ran.stdout


def test_a_wrong_choice_is_an_error(project: Project) -> None:
    put(project, "python3.13")
    ran = project.dry_run(PYTHON="python3.99")
    assert ran.returncode == 1
    assert "PYTHON=python3.99 is not a working Python" in ran.stderr
