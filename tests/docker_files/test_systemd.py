"""The unit that starts Zhiwen with the machine."""

import configparser
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from app.cli.main import app

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "docker" / "systemd" / "zhiwen.service"


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have cases
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return parser


def test_it_starts_a_command_that_there_is_where_make_puts_it() -> None:
    service = unit()["Service"]
    program, command = service["ExecStart"].split()
    folder, name = program.removesuffix("/.venv/bin/zhiwen"), Path(program).name

    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert name in scripts["scripts"]
    assert command in get_command(app).commands  # type: ignore[attr-defined]  # it is a group
    assert "\nVENV := .venv\n" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert service["WorkingDirectory"] == folder  # where .env and .zhiwen are looked for


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    program = tmp_path / "zhiwen" / ".venv" / "bin" / "zhiwen"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    placed = tmp_path / UNIT.name
    placed.write_text(UNIT.read_text(encoding="utf-8").replace("%h", str(tmp_path)))

    found = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", str(placed)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (found.returncode, found.stderr) == (0, "")
