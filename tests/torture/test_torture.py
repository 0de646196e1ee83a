"""A short torture; `make torture N=2000` is the long one."""

import subprocess
import sys

import pytest

CYCLES = 50


@pytest.mark.timeout(1200)  # a minute on an idle machine
@pytest.mark.skipif(sys.platform != "linux", reason="the harness forks and mounts")
def test_nothing_acknowledged_is_lost() -> None:
    """Every fault comes up at least once where a file system can be mounted."""
    ran = subprocess.run(
        [sys.executable, "-m", "evals.torture", str(CYCLES), "--seed", "3"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{CYCLES} cycles" in ran.stdout
    assert "0  acknowledged documents lost" in ran.stdout
