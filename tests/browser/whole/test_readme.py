"""The tour of both READMEs runs as written, against a Zhiwen as `make up` starts it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import RunningZhiwen

ROOT = Path(__file__).parents[3]
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ACTIVATE = ". .venv/bin/activate\n"
READMES = ["README.md", "README.zh-CN.md"]


def tour(readme: str) -> str:
    """The blocks about asking from the shell and over HTTP, one after the other."""
    blocks = _BLOCK.findall((ROOT / readme).read_text(encoding="utf-8"))
    shell, http = (block for block in blocks if "zhiwen ingest" in block or "curl " in block)
    assert shell.startswith(ACTIVATE)
    return shell.removeprefix(ACTIVATE) + http.replace("curl ", "curl -sS --fail ", 1)


def run_in_bash(script: str, zhiwen: RunningZhiwen, folder: Path) -> str:
    """What the commands print, run in a folder that has `docs`. Fails where one of them does."""
    (folder / "docs").symlink_to(ROOT / "docs")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("http://127.0.0.1:8000", zhiwen.api_url)],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "NO_PROXY": "127.0.0.1",
            "ZHIWEN_API_URL": zhiwen.api_url,
            "ZHIWEN_DATA_DIR": str(folder / "data"),
            "COLUMNS": "200",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("readme", READMES)
def test_the_tour_runs_as_written(
    readme: str, running_zhiwen: RunningZhiwen, tmp_path: Path
) -> None:
    printed = run_in_bash(tour(readme), running_zhiwen, tmp_path)

    assert "[1] 员工手册.md" in printed  # the source of the days of leave
    assert '"document": "coffee-machine.md"' in printed
    assert (tmp_path / "training.jsonl").exists()
    assert "multilingual-e5-small" in printed
    assert "files, jobs and indexes agree with the database" in printed
    completion = json.loads(printed.splitlines()[-1])
    assert "八天" in completion["choices"][0]["message"]["content"]


def test_both_readmes_show_the_same_commands() -> None:
    def shape(readme: str) -> list[str]:
        return re.findall(r"^(?:zhiwen \w+|curl)\b", tour(readme), re.MULTILINE)

    assert shape(READMES[0]) == shape(READMES[1])
    assert len(shape(READMES[0])) == 8
