"""How far pip is, read from what it prints and from what it has unpacked."""

import os
from pathlib import Path

import pytest

from app.install.commands import Command, InstallFailed, run

FETCH = """
printf 'Collecting tiny==1.0 (from -r requirements.lock (line 1))\\n'
printf '  Downloading tiny-1.0-py3-none-any.whl.metadata (1 kB)\\n'
printf '  Downloading tiny-1.0-py3-none-any.whl (2.0 MB)\\n'
cat {gate}
"""
UNPACK = """
printf 'Requirement already satisfied: big==2.0 in somewhere\\n'
printf 'Installing collected packages: tiny, other\\n'
mkdir -p {site}/tiny-1.0.dist-info
cat {gate}
"""


def test_half_of_the_bar_is_fetching_and_half_unpacking(tmp_path: Path) -> None:
    site, gate = tmp_path / "site", tmp_path / "gate"
    os.mkfifo(gate)
    script = (FETCH + UNPACK).format(site=site, gate=gate)
    awaited = [(0.25, "tiny 2.0 MB"), (0.75, "unpacking 1/2")]

    def seen(share: float, detail: str) -> None:
        if awaited and (share, detail) == awaited[0]:
            awaited.pop(0)
            gate.write_text("")  # lets the script go on

    run(Command(("sh", "-c", script), packages=2), tmp_path / "log", site, seen)
    assert awaited == []


def test_a_failure_holds_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = "for line in $(seq 100); do echo line $line; done; exit 3"
    with pytest.raises(InstallFailed) as failed:
        run(Command(("sh", "-c", script)), log, tmp_path, lambda _share, _detail: None)
    said = str(failed.value).splitlines()
    assert said[0] == "  line 86"
    assert said[-2:] == ["  line 100", f"The whole log: {log}"]
