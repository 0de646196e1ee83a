"""Collects wheels, models and the project, signs their checksums, and writes one tar file."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.install import torch_source
from app.install.bundle.contents import (
    DESCRIPTION,
    IMAGES,
    SIGNATURE,
    SUMS,
    BundleRefused,
    Description,
    oldest_glibc,
    sign,
    sum_of,
    sums_text,
)
from app.install.commands import Command, run
from app.install.environment import ENVIRONMENTS, PYTHON, torch_version
from app.install.steps import Step, say

_LOG = Path("build/bundle.log")
_LOCK = Path("requirements.lock")
_INSTALLER = Path("app/install/bundle/install.sh")
# What is run, built into images or read; no tests.
_PROJECT = (
    *("app", "ingest", "vectorstore", "ui", "evals", "docker", "docs"),
    *("pyproject.toml", "requirements.lock", "README.md", "README.zh-CN.md", "LICENSE"),
    "CHANGELOG.md",
)
_MODEL_LOCK = "zhiwen.lock.json"
_CONVERTED = "openvino"  # made for the processor it is used on
_IMAGE = re.compile(r"^(?:FROM|\s*image:)\s+([^\s{]+:[^\s{]+)", re.MULTILINE)

Files = dict[str, Path]


def write_bundle(out: Path, models: Path, key: Path) -> Path:
    """Returns the written file, `zhiwen-VERSION-SUM-PLATFORM-pyPYTHON.tar`.

    Raises BundleRefused, InstallFailed, OSError.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=out) as temporary:
        work = Path(temporary)
        tracked = _tracked()
        with Step("1/3 wheels") as step:
            wheels = _wheels(work / "wheels", _copied(tracked, work / "source"), step)
            step.end(f"{len(wheels)} for {sysconfig.get_platform()}, Python {PYTHON}")
        with Step("2/3 checksums") as step:
            files = {**wheels, **_models(models), **_project(tracked), "install.sh": _INSTALLER}
            sums = {}
            for number, (name, path) in enumerate(files.items()):
                step.show(number / len(files), name)
                sums[name] = sum_of(path)
            names = sorted({Path(n).parts[1] for n in files if n.startswith("models/")})
            _check_models(models, names, sums)
            step.end(f"{len(files)} files, models: {', '.join(names) or 'none'}")
        with Step("3/3 bundle") as step:
            name = f"zhiwen-{_version()}-{_digest(sums)}"
            described = Description(
                name, sysconfig.get_platform(), PYTHON, oldest_glibc(wheels), names
            )
            files |= _signed(work, described, sums, key)
            target = out / f"{name}-{described.platform}-py{PYTHON}.tar"
            _write_tar(target, name, files, step)
            step.end(f"{target}, {target.stat().st_size / 1e6:.0f} MB")
    return target


def _tracked() -> list[Path]:
    """The files of the project. Beside them may lie others, with somebody's passwords."""
    listed = subprocess.run(("git", "ls-files", "-z"), capture_output=True, check=False)
    if listed.returncode != 0:
        said = listed.stderr.decode(errors="replace").strip()
        raise BundleRefused(f"A bundle is made from a clone of the repository.\n{said}")
    paths = (Path(os.fsdecode(name)) for name in listed.stdout.split(b"\0") if name)
    return [path for path in paths if path.is_file()]


def _copied(files: list[Path], folder: Path) -> Path:
    for path in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / path)
    return folder


def _wheels(folder: Path, source: Path, step: Step) -> Files:
    """The lock's packages by checksum, torch by version as it is installed here, and Zhiwen from
    `source`."""
    folder.mkdir()
    _LOG.parent.mkdir(exist_ok=True)
    _LOG.write_text("", "utf-8")
    run_here = ENVIRONMENTS["run"]
    quiet = ("--disable-pip-version-check", "--no-input", "--progress-bar", "off")
    pip = (sys.executable, "-m", "pip", "wheel", *quiet, "--wheel-dir", str(folder))

    def wheel(*arguments: str, detail: str) -> None:
        command = Command((*pip, *arguments), run_here.layers[0].packages(), detail)
        run(command, _LOG, folder, step.show)

    wheel("--no-deps", "--require-hashes", "-r", str(_LOCK), detail="packages")
    constraints = folder.with_name("constraints.txt")
    constraints.write_text("".join(f"{line}\n" for line in _versions(folder)), "utf-8")
    installed = run_here.installed("torch") or ""
    torch = torch_source.choose(
        torch_version(),
        wants_cpu_build=installed.endswith(torch_source.CPU_BUILD),
        given_url=os.environ.get("TORCH_INDEX_URL"),
    )
    say(torch.reason)
    held = ("--find-links", str(folder), "--constraint", str(constraints))
    wheel(*held, *torch.pip_arguments(), detail="PyTorch")
    wheel("--no-deps", str(source), detail="Zhiwen itself")
    return {f"wheels/{path.name}": path for path in sorted(folder.glob("*.whl"))}


def _versions(folder: Path) -> Iterator[str]:
    for path in folder.glob("*.whl"):
        name, version, *_ = path.name.split("-")
        yield f"{name}=={version}"


def _models(folder: Path) -> Files:
    """Finished models, without what is derived from them or still being downloaded."""
    if not folder.is_dir():
        raise BundleRefused(
            f"There are no models in {folder}. Run `make up` once, or name another."
        )
    found = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in parts)
        if path.is_file() and len(parts) > 1 and not hidden and parts[1] != _CONVERTED:
            found[f"models/{'/'.join(parts)}"] = path
    return found


def _check_models(folder: Path, names: list[str], sums: Mapping[str, str]) -> None:
    """Raises BundleRefused for a file that is not the one that was downloaded."""
    for model in names:
        lock = folder / model / _MODEL_LOCK
        locked = json.loads(lock.read_text("utf-8"))["files"] if lock.is_file() else {}
        for path, file in locked.items():
            if sums.get(f"models/{model}/{path}") != file["sha256"]:
                raise BundleRefused(f"{folder / model / path} is damaged: zhiwen models verify")


def _project(tracked: list[Path]) -> Files:
    return {f"project/{path.as_posix()}": path for path in tracked if path.parts[0] in _PROJECT}


def _signed(work: Path, described: Description, sums: dict[str, str], key: Path) -> Files:
    """The description, the list of images, the checksums of everything, and their signature."""
    (work / DESCRIPTION).write_text(described.text(), "utf-8")
    (work / IMAGES).write_text("".join(f"{image}\n" for image in images(Path("docker"))), "utf-8")
    for name in (DESCRIPTION, IMAGES):
        sums[name] = sum_of(work / name)
    (work / SUMS).write_text(sums_text(sums), "utf-8")
    sign(work / SUMS, key)
    return {name: work / name for name in (DESCRIPTION, IMAGES, SUMS, SIGNATURE)}


def images(folder: Path) -> list[str]:
    """Images that compose files and chart start, and those that ours are built from."""
    files = (*folder.glob("*ompose*.yml"), *folder.glob("*Dockerfile"))
    chart = folder.glob("helm/*/values.yaml")
    return sorted({i for p in (*files, *chart) for i in _IMAGE.findall(p.read_text("utf-8"))})


def _version() -> str:
    with Path("pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def _digest(sums: Mapping[str, str]) -> str:
    """Tells bundles of the same version apart."""
    return hashlib.sha256(sums_text(sums).encode()).hexdigest()[:8]


def _write_tar(target: Path, name: str, files: Files, step: Step) -> None:
    part = target.with_name(f"{target.name}.part")
    free = shutil.disk_usage(target.parent).free
    needed = sum(path.stat().st_size for path in files.values())
    if free < needed:
        raise BundleRefused(f"The bundle needs {needed >> 20} MiB, the disk has {free >> 20} MiB.")
    try:
        with tarfile.open(part, "w") as archive:
            for number, (inside, path) in enumerate(sorted(files.items())):
                step.show(number / len(files), inside)
                archive.add(path.resolve(), f"{name}/{inside}", filter=_plain)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Nobody's file, readable by all, whoever made the bundle."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.name.endswith(".sh") else 0o644
    return member
