"""Short tortures. The long ones: `make torture N=2000`, `make torture N=500 HOW=--two-by-two`."""

import re
import subprocess
import sys

import pytest

from evals.torture.faults import TWO_BY_TWO

CYCLES = 50
# With this seed, the first cycles have all the faults that need two of each process.
TWO_BY_TWO_CYCLES, TWO_BY_TWO_SEED = 8, 7001

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the harness forks and looks for processes in /proc"
)


@pytest.mark.timeout(1200)  # a minute on an idle machine
def test_nothing_acknowledged_is_lost() -> None:
    """Every fault comes up at least once where a file system can be mounted."""
    said = torture(CYCLES, "--seed", "3")
    assert re.search(r"^ +0  acknowledged documents lost", said, re.MULTILINE)


@pytest.mark.timeout(1200)  # 20 seconds on an idle machine
def test_nothing_is_lost_or_doubled_by_two_processes_of_each_kind() -> None:
    said = torture(TWO_BY_TWO_CYCLES, "--seed", str(TWO_BY_TWO_SEED), "--two-by-two")
    for fault in TWO_BY_TWO:
        assert f"1  {fault}" in said
    for some in ("questions answered", "searches answered"):
        assert re.search(rf"^ +[1-9]\d*  {some}", said, re.MULTILINE)
    for none in ("acknowledged documents lost", "duplicates", "differences between index"):
        assert re.search(rf"^ +0  {none}", said, re.MULTILINE)


def torture(cycles: int, *options: str) -> str:
    """Its summary."""
    ran = subprocess.run(
        [sys.executable, "-m", "evals.torture", str(cycles), *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{cycles} cycles" in ran.stdout
    return ran.stdout
