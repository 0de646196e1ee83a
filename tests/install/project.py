"""A project small enough to be installed for real: its own lock files, wheels and commands, and the
Makefile and installer under test."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TORCH = "2.13.0"

# A build backend in the tree needs no package index. `zhiwen` prints how it was called.
_PYPROJECT = f"""
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "zhiwen"
version = "1"
dependencies = ["tiny", "torch=={TORCH}"]
"""
_BACKEND = """
import sys
sys.path.insert(0, "tests_tools")
from wheels import write_wheel

def build_wheel(folder, *_):
    from pathlib import Path
    return write_wheel(Path(folder), "zhiwen", "1", {
        "command.py": Path("tests_tools/command.py").read_text(),
        **{path.name: path.read_text() for path in Path("app").glob("*.txt")},
        "zhiwen-1.dist-info/entry_points.txt": "[console_scripts]\\nzhiwen = command:main\\n",
    }).name

build_editable = build_wheel
"""
# `backup` and `restore` keep the database only.
_COMMAND = """
import shutil, sys
from pathlib import Path

def main():
    print("zhiwen", *sys.argv[1:])
    match sys.argv[1:]:
        case ["backup", file]:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(".zhiwen/zhiwen.db", file)
        case ["restore", file, "--data-dir", folder]:
            Path(folder).mkdir()
            shutil.copy(file, Path(folder) / "zhiwen.db")
"""


def write_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """A wheel with these files."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    everything = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{file},,\n" for file in (*everything, f"{info}/RECORD"))
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**everything, f"{info}/RECORD": record}.items():
            archive.writestr(file, text)
    return path


@dataclass(frozen=True, slots=True)
class Project:
    """`folder` is its root; `path_folder` the only one on the PATH of what it runs."""

    folder: Path
    path_folder: Path

    @classmethod
    def create(cls, folder: Path) -> "Project":
        project = cls(folder / "project", folder / "bin")
        project.path_folder.mkdir()
        for tool in ("sh", "dirname", "make", "sed", "ssh-keygen", "unshare", "git"):
            if found := shutil.which(tool):
                (project.path_folder / tool).symlink_to(found)
        shutil.copytree(
            ROOT / "app/install",
            project.folder / "app/install",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        for name in ("Makefile", "app/__init__.py"):
            shutil.copy(ROOT / name, project.folder / name)
        (project.folder / "pyproject.toml").write_text(_PYPROJECT)
        (project.folder / "backend.py").write_text(_BACKEND)
        (project.folder / "tests_tools").mkdir()
        shutil.copy(__file__, project.folder / "tests_tools/wheels.py")
        (project.folder / "tests_tools/command.py").write_text(_COMMAND)
        (project.folder / "wheels").mkdir()
        write_wheel(project.folder / "wheels", "torch", f"{TORCH}+cpu", {})
        project.lock("1.0")
        return project

    def lock(self, version: str, checksum: str | None = None) -> None:
        """Ask for this version of the one package, which comes with its wheel."""
        wheel = write_wheel(self.folder / "wheels", "tiny", version, {})
        checksum = checksum or hashlib.sha256(wheel.read_bytes()).hexdigest()
        line = f"tiny=={version} --hash=sha256:{checksum}\n"
        (self.folder / "requirements.lock").write_text(line)
        (self.folder / "requirements-dev.lock").write_text(line)

    def put_python(self, name: str, *lines: str, runs: str = sys.executable) -> None:
        """A Python of that name on the PATH: the one of the tests, after these lines of shell."""
        script = self.path_folder / name
        script.write_text("\n".join(("#!/bin/sh", *lines, f'exec {runs} "$@"', "")))
        script.chmod(0o755)

    def environment(self, **more: str) -> dict[str, str]:
        """No package index, and nobody behind the proxy."""
        return {
            "PATH": str(self.path_folder),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.folder / "wheels"),
            "HTTPS_PROXY": "http://127.0.0.1:9",
            **more,
        }

    def run(self, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in the project, without a terminal."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def dry_run(self, **environment: str) -> "subprocess.CompletedProcess[str]":
        return self.run("sh", "app/install/install.sh", "run", "--dry-run", **environment)
