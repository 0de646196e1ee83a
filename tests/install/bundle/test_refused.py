"""Bundles that are not what was signed, or not for this machine."""

import json
from pathlib import Path

import pytest

from app.install.bundle.contents import SUMS, BundleRefused, read_sums
from app.install.bundle.place import put_models, put_version
from app.install.bundle.target import Target
from tests.install.bundle.machine import NEEDS, Machine, refused, resign
from tests.install.project import Project, write_wheel

pytestmark = NEEDS


@pytest.mark.parametrize("name", ["wheels/tiny-1.0-py3-none-any.whl", "project/app/__init__.py"])
def test_a_changed_file_is_refused(
    project: Project, copied: Path, machine: Machine, name: str
) -> None:
    with (copied / name).open("ab") as file:
        file.write(b"#")
    said = refused(machine, copied, project.folder / "release.pub")
    assert f"{name} was changed after it was signed" in said


@pytest.mark.parametrize("name", ["wheels/tiny-1.0-py3-none-any.whl", "project/app/__init__.py"])
def test_a_file_that_changes_after_it_was_checked_is_not_installed(
    copied: Path, tmp_path: Path, name: str
) -> None:
    """The folder that a bundle was unpacked in may be others' to write to."""
    target = Target(tmp_path / "zhiwen")
    target.prepare()
    sums = read_sums((copied / SUMS).read_text())
    if name.startswith("wheels/"):
        write_wheel(copied / "wheels", "tiny", "1.0", {"evil.py": ""})
    else:
        (copied / name).write_text("evil = True")
    with pytest.raises(BundleRefused, match=f"{name} was changed"):
        put_version(copied, target, copied.name, sums)
    assert not target.is_installed(copied.name)
    assert not list(target.version(copied.name).rglob("evil.py"))


def test_a_file_that_is_added_after_the_check_stays_behind(copied: Path, tmp_path: Path) -> None:
    target = Target(tmp_path / "zhiwen")
    target.prepare()
    sums = read_sums((copied / SUMS).read_text())
    for folder in ("models/tiny-model", "project/app"):
        (copied / folder / "evil.py").touch()
    put_models(copied, target, sums)
    put_version(copied, target, copied.name, sums)
    assert target.is_installed(copied.name)
    assert not list(target.folder.rglob("evil.py"))


def test_changed_checksums_are_refused(project: Project, copied: Path, machine: Machine) -> None:
    sums = copied / "SHA256SUMS"
    sums.write_text(sums.read_text().replace("a", "b", 1))
    assert "not signed with the given key" in refused(
        machine, copied, project.folder / "release.pub"
    )


def test_a_file_too_many_or_too_few_is_refused(
    project: Project, copied: Path, machine: Machine
) -> None:
    added = copied / "wheels/more-1.0-py3-none-any.whl"
    added.touch()
    key = project.folder / "release.pub"
    assert f"wheels/{added.name} does not belong" in refused(machine, copied, key)
    added.unlink()
    (copied / "models/tiny-model/model.bin").unlink()
    assert "models/tiny-model/model.bin is missing" in refused(machine, copied, key)


def test_a_missing_or_foreign_signature_is_refused(
    project: Project, copied: Path, machine: Machine
) -> None:
    assert "not signed with the given key" in refused(machine, copied, project.folder / "other.pub")
    (copied / "SHA256SUMS.sig").unlink()
    said = refused(machine, copied, project.folder / "release.pub")
    assert "not signed: SHA256SUMS.sig is missing" in said


def test_an_empty_key_is_told(project: Project, bundle: Path, machine: Machine) -> None:
    empty = project.folder / "empty.pub"
    empty.write_text("\n")
    said = refused(machine, bundle, empty)
    assert f"{empty} is empty" in said
    assert "Traceback" not in said
    machine.folder.mkdir()
    (machine.folder / "zhiwen.pub").touch()
    ran = machine.install(bundle)
    assert (ran.returncode, "zhiwen.pub is empty" in ran.stderr) == (1, True)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"platform": "linux-riscv64"}, "for linux-riscv64 and Python"),
        ({"glibc": "9.99"}, "needs glibc 9.99"),
    ],
)
def test_another_platform_is_told(
    project: Project, copied: Path, machine: Machine, changed: dict[str, str], told: str
) -> None:
    """Signed, but made elsewhere."""
    described = json.loads((copied / "bundle.json").read_text())
    (copied / "bundle.json").write_text(json.dumps(described | changed, indent=1))
    resign(project, copied)
    assert told in refused(machine, copied, project.folder / "release.pub")


def test_another_python_is_told(project: Project, copied: Path, machine: Machine) -> None:
    text = (copied / "bundle.json").read_text()
    python = json.loads(text)["python"]
    (copied / "bundle.json").write_text(text.replace(f'"python": "{python}"', '"python": "3.9"'))
    said = refused(machine, copied, project.folder / "release.pub")
    assert "for Python 3.9" in said
