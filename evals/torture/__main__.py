"""`python -m evals.torture CYCLES [--seed N]`."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_DISK_MIB = 192
_OWN_NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]
# One thread each: these libraries would otherwise start threads before we fork.
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m evals.torture", description=__doc__)
    parser.add_argument("cycles", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not arguments.inside:
        _start_inside(arguments.cycles, arguments.seed)
    wrong = True
    folder = Path(tempfile.mkdtemp(prefix="zhiwen-torture-"))
    try:
        wrong = _run(folder, arguments.cycles, arguments.seed)
    finally:
        if not wrong:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(wrong)


def _start_inside(cycles: int, seed: int) -> None:
    """Runs in a mount namespace if possible, otherwise without faults that need one."""
    may_mount = (
        shutil.which("unshare")
        and not subprocess.run(
            [*_OWN_NAMESPACE, "true"], capture_output=True, check=False
        ).returncode
    )
    command = [sys.executable, "-m", "evals.torture", str(cycles), "--seed", str(seed), "--inside"]
    if may_mount:
        command = [*_OWN_NAMESPACE, *command]
    os.execvpe(command[0], command, {**os.environ, **_ENVIRONMENT})  # noqa: S606  # our own command


def _run(folder: Path, cycles: int, seed: int) -> bool:
    """Prints the summary and returns whether anything was wrong."""
    from rich.console import Console

    import ingest.embedding.hashing  # noqa: F401
    from evals.progress import Progress
    from evals.torture.faults import DAMAGES, KILLS, MOUNTS
    from evals.torture.run import torture

    data_dir, logs = folder / "data", folder / "logs"
    data_dir.mkdir()
    logs.mkdir()
    faults = {**KILLS, **DAMAGES}
    size = f"size={_DISK_MIB}m"
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(data_dir)]
    if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        faults |= MOUNTS
    else:
        say("cannot mount file systems here: skipping full disk and read-only folder")
    progress = Progress(
        Console(force_terminal=False)
    )  # a progress bar would start a thread, and we fork
    with progress.task("cycles", cycles) as advance:
        summary = torture(data_dir, logs, faults, cycles, seed, advance)
    say(f"seed {seed}: " + "\n".join(summary.lines()))
    if summary.wrong.any():
        say(f"logs: {logs}")
    return summary.wrong.any()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
