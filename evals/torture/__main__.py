"""`python -m evals.torture CYCLES [--seed N] [--two-by-two]`."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from evals.postgres import running_server

_DISK_MIB = 192
_OWN_NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]
# One thread each: these libraries would otherwise start threads before we fork.
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.torture", description=__doc__)
    parser.add_argument("cycles", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--two-by-two",
        action="store_true",
        help="two API processes and two workers on one PostgreSQL",
    )
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.inside:
        _start_inside(sys.argv[1:], mounting=not arguments.two_by_two)
    wrong = True
    folder = Path(tempfile.mkdtemp(prefix="zhiwen-torture-"))
    try:
        with running_server() if arguments.two_by_two else nullcontext("") as url:
            wrong = _run(folder, arguments.cycles, arguments.seed, url)
    finally:
        if not wrong:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(wrong)


def _start_inside(arguments: list[str], *, mounting: bool) -> None:
    """Runs in a mount namespace if possible, otherwise without faults that need one. PostgreSQL
    would refuse to run in it, where everybody is root."""
    may_mount = (
        mounting
        and shutil.which("unshare")
        and not subprocess.run(
            [*_OWN_NAMESPACE, "true"], capture_output=True, check=False
        ).returncode
    )
    command = [sys.executable, "-m", "evals.torture", *arguments, "--inside"]
    if may_mount:
        command = [*_OWN_NAMESPACE, *command]
    os.execvpe(command[0], command, {**os.environ, **_ENVIRONMENT})  # noqa: S606  # our own command


def _run(folder: Path, cycles: int, seed: int, database_url: str) -> bool:
    """Prints the summary and returns whether anything was wrong."""
    from rich.console import Console

    import ingest.embedding.hashing  # noqa: F401
    from evals.progress import Progress
    from evals.torture.faults import DAMAGES, KILLS, MOUNTS, TWO_BY_TWO
    from evals.torture.processes import Processes
    from evals.torture.run import torture

    data_dir, logs = folder / "data", folder / "logs"
    data_dir.mkdir()
    logs.mkdir()
    faults = {**KILLS, **DAMAGES}
    size = f"size={_DISK_MIB}m"
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(data_dir)]
    if database_url:
        faults |= TWO_BY_TWO
    elif subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        faults |= MOUNTS
    else:
        say("cannot mount file systems here: skipping full disk and read-only folder")
    progress = Progress(
        Console(force_terminal=False)
    )  # a progress bar would start a thread, and we fork
    processes = Processes(data_dir, logs, 2 if database_url else 1, database_url)
    with progress.task("cycles", cycles) as advance:
        summary = torture(processes, faults, cycles, seed, advance)
    say(f"seed {seed}: " + "\n".join(summary.lines()))
    if summary.wrong.any():
        say(f"logs: {logs}")
    return summary.wrong.any()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
