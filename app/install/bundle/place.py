"""Puts the files of a bundle into their place. Each is verified after it was copied: what is used
is what was signed, whatever happens to the folder of the bundle meanwhile."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from app.install.bundle.contents import DESCRIPTION, BundleRefused, check_file, copy_checked
from app.install.bundle.target import Target, TargetError
from app.install.commands import Command, run
from app.install.environment import PYTHON
from app.install.steps import Step

STEPS_OF_UP = 3
STEPS = 3 + STEPS_OF_UP
_STAGED = ".staged"


def put_version(here: Path, target: Target, name: str, sums: Mapping[str, str]) -> None:
    """Environment and project of a version, finished with its description."""
    folder = target.version(name)
    with Step(f"2/{STEPS} environment") as step:
        if not target.is_installed(name):
            folder.mkdir(exist_ok=True)
            log = folder / "install.log"
            log.touch()
            staged = folder / _STAGED
            shutil.rmtree(staged, ignore_errors=True)
            shutil.rmtree(folder / "project", ignore_errors=True)
            for path in sums:
                if path.startswith("project/"):
                    copy_checked(here, path, folder, sums)
            wheels = [
                str(copy_checked(here, path, staged, sums))
                for path in sums
                if path.startswith("wheels/")
            ]
            packages = folder / f".venv/lib/python{PYTHON}/site-packages"
            create = (sys.executable, "-m", "venv", "--clear", str(folder / ".venv"))
            run(Command(create, detail="creating the environment"), log, packages, step.show)
            pip = (str(folder / ".venv/bin/python"), "-m", "pip", "--isolated", "install")
            offline = ("--no-index", "--no-deps", "--no-input", "--disable-pip-version-check")
            command = Command((*pip, *offline, *wheels), len(wheels))
            run(command, log, packages, step.show)
            shutil.rmtree(staged)
            copy_checked(here, "install.sh", folder, sums)
            copy_checked(here, DESCRIPTION, staged, sums).rename(folder / DESCRIPTION)
            staged.rmdir()
        step.end(f"Python {PYTHON}, {folder}")


def put_models(here: Path, target: Target, sums: Mapping[str, str]) -> None:
    """Copies models that are not there yet, each published by one rename after it was verified."""
    copied = 0
    models = sorted({path.split("/")[1] for path in sums if path.startswith("models/")})
    target.models_dir.mkdir(parents=True, exist_ok=True)
    with Step(f"3/{STEPS} weights") as step:
        for number, model in enumerate(models):
            step.show(number / len(models), model)
            files = {
                name.removeprefix("models/"): digest
                for name, digest in sums.items()
                if name.startswith(f"models/{model}/")
            }
            if (target.models_dir / model).exists():
                _check_same(target.models_dir, model, files)
                continue
            staged = target.models_dir / ".pull" / model / "bundle"
            shutil.rmtree(staged, ignore_errors=True)
            for name in files:
                copy_checked(here / "models", name, staged, files)
            (staged / model).rename(target.models_dir / model)
            shutil.rmtree(staged.parent)
            copied += 1
        step.end(f"{copied} copied and verified, {len(models) - copied} there already")


def _check_same(models_dir: Path, model: str, files: Mapping[str, str]) -> None:
    """Raises TargetError for a model that is not the bundle's: nobody's files are overwritten."""
    try:
        for name in files:
            check_file(models_dir, name, files)
    except BundleRefused as error:
        raise TargetError(
            f"{models_dir / model} is not the bundle's: {error}\n"
            "Move that folder away and start again; the bundle brings its own."
        ) from error
