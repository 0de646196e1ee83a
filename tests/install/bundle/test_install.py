"""A bundle for real: written by `make bundle`, unpacked, installed in a namespace without network,
followed by the next one, and rolled back."""

import fcntl
import json
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from app.install.bundle.target import Target, Upgrade
from tests.install.bundle.machine import NEEDS, Machine, resign
from tests.install.project import Project
from tests.patience import PATIENCE_S

pytestmark = NEEDS


def test_only_tracked_files_are_shipped(project: Project, bundle: Path) -> None:
    """Beside the sources lie settings with passwords, and notes of whoever makes the bundle."""
    assert (bundle / "project/docker/compose.yml").is_file()
    for name in ("docker/.env", "app/notes.txt"):
        assert (project.folder / name).is_file()
        assert not (bundle / "project" / name).exists()
    (wheel,) = (bundle / "wheels").glob("zhiwen-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert "notes.txt" not in archive.namelist()


def test_a_bundle_is_installed_without_a_network_and_started(
    project: Project, bundle: Path, machine: Machine
) -> None:
    ran = machine.install(bundle, "--key", str(project.folder / "release.pub"))
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    assert ran.stdout.splitlines()[-1] == "zhiwen up --first-step 4"
    installed = {p.name for p in machine.folder.glob(".venv/lib/python*/site-packages/*.dist-info")}
    assert {"tiny-1.0.dist-info", "torch-2.13.0+cpu.dist-info"} <= installed
    assert (machine.data / "models/tiny-model/model.bin").read_bytes() == b"weights"
    assert not (machine.data / "models/tiny-model/openvino").exists()
    assert "ZHIWEN_OFFLINE=true" in (machine.folder / ".env").read_text()


def database(machine: Machine, revision: str, row: str) -> None:
    with closing(sqlite3.connect(machine.data / "zhiwen.db")) as db, db:
        db.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num)")
        db.execute("CREATE TABLE IF NOT EXISTS written (row)")
        db.execute("DELETE FROM alembic_version")
        db.execute("INSERT INTO alembic_version VALUES (?)", [revision])
        db.execute("INSERT INTO written VALUES (?)", [row])


def rows(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "zhiwen.db")) as db:
        return [row for (row,) in db.execute("SELECT row FROM written")]


def test_the_next_bundle_follows_and_the_last_comes_back(
    project: Project, bundle: Path, next_bundle: Path, machine: Machine
) -> None:
    key = ("--key", str(project.folder / "release.pub"))
    assert machine.install(bundle, *key, "--no-start").returncode == 0
    database(machine, "0022", "before")
    ran = machine.install(next_bundle, "--no-start")  # the key is known from the first time
    assert ran.returncode == 0, ran.stderr
    current = machine.folder / "current"
    assert current.resolve().name == next_bundle.name
    assert (machine.folder / "versions" / bundle.name / ".venv").is_dir()
    assert rows(machine.data) == ["before"]

    database(machine, "0022", "after")
    ran = machine.install(current.resolve(), "--rollback")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "was not migrated, so the data stay" in ran.stdout
    assert current.resolve().name == bundle.name
    assert rows(machine.data) == ["before", "after"]

    assert machine.install(next_bundle, "--no-start").returncode == 0
    database(machine, "0023", "migrated")
    ran = machine.install(current.resolve(), "--rollback")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert rows(machine.data) == ["before", "after"]
    (aside,) = machine.folder.glob(".zhiwen-of-*")
    assert str(aside) in ran.stdout
    assert rows(aside) == ["before", "after", "migrated"]
    assert (machine.data / "models/tiny-model/model.bin").is_file()
    assert "no earlier version" in machine.install(current.resolve(), "--rollback").stderr

    (machine.folder / ".env").write_text("ZHIWEN_DATABASE_URL=postgresql://db/zhiwen\n")
    ran = machine.install(next_bundle, "--no-start")
    assert (ran.returncode, "Run pg_dump" in ran.stderr) == (1, True)
    assert current.resolve().name == bundle.name


@pytest.mark.parametrize("step", ["data moved aside", "models moved", "nothing done"])
def test_a_rollback_that_was_interrupted_is_continued(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ZHIWEN_DATA_DIR", "ZHIWEN_MODELS_DIR", "ZHIWEN_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    target = Target(tmp_path)
    for name in ("old", "new"):
        (target.version(name) / ".venv/bin").mkdir(parents=True)
        (target.version(name) / "bundle.json").touch()
    restores = target.version("old") / ".venv/bin/zhiwen"
    restores.write_text('#!/bin/sh\nmkdir "$4" && cp "$2" "$4/zhiwen.db"\n')
    restores.chmod(0o755)
    machine = Machine(tmp_path, tmp_path)
    (machine.data / "models").mkdir(parents=True)
    database(machine, "0022", "before")
    backup = shutil.copy(machine.data / "zhiwen.db", tmp_path / "backup.tar")
    target.switch("old", None)
    target.switch("new", Upgrade("old", str(backup), "0022"))
    database(machine, "0023", "migrated")
    aside, restored = tmp_path / ".zhiwen-of-new-20261129T220000", tmp_path / ".zhiwen.restored"
    if step != "nothing done":
        restored.mkdir()
        shutil.copy(backup, restored / "zhiwen.db")
        machine.data.rename(aside)
    if step == "models moved":
        (aside / "models").rename(restored / "models")

    name, kept = target.roll_back()
    assert (name, target.current, target.previous) == ("old", "old", None)
    assert rows(machine.data) == ["before"]
    assert (machine.data / "models").is_dir()
    assert kept is not None
    assert rows(kept) == ["before", "migrated"]
    assert not restored.exists()


def test_one_installation_or_rollback_at_a_time(
    project: Project, bundle: Path, next_bundle: Path, machine: Machine
) -> None:
    key = ("--key", str(project.folder / "release.pub"))
    for each in (bundle, next_bundle):
        assert machine.install(each, *key, "--no-start").returncode == 0
    current = machine.folder / "current"
    with (machine.folder / ".installing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = machine.installing(current.resolve(), "--rollback")
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Waiting for another installation")
        assert current.resolve().name == next_bundle.name
    with process:
        assert process.wait(PATIENCE_S) == 0
    assert current.resolve().name == bundle.name


def test_a_lower_version_needs_a_rollback(
    project: Project, bundle: Path, copied: Path, machine: Machine
) -> None:
    key = ("--key", str(project.folder / "release.pub"))
    described = json.loads((copied / "bundle.json").read_text())
    name = bundle.name.replace("zhiwen-1-", "zhiwen-0.9.10-")
    assert name != bundle.name
    (copied / "bundle.json").write_text(json.dumps(described | {"name": name}, indent=1))
    resign(project, copied)
    assert machine.install(bundle, *key, "--no-start").returncode == 0
    ran = machine.install(copied, *key, "--no-start")
    assert (ran.returncode, "--rollback" in ran.stderr) == (1, True)
    assert (machine.folder / "current").resolve().name == bundle.name
    assert not (machine.folder / "versions" / name).exists()


def test_without_a_key_it_says_how_to_get_one(
    project: Project, bundle: Path, machine: Machine
) -> None:
    ran = machine.install(bundle)
    assert (ran.returncode, "--key zhiwen.pub" in ran.stderr) == (1, True)
    ran = project.run("make", "bundle")
    assert ran.returncode != 0
    assert "ssh-keygen -t ed25519" in ran.stderr
