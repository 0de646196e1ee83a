"""Brings an environment up to date: `run` to use Zhiwen, `dev` to develop it, `vllm` for vLLM,
`train` to train adapters.

pip's output goes to build/install.log.
"""

import argparse
import fcntl
import shlex
import sys
from pathlib import Path
from typing import TextIO

from app.install.commands import Command, InstallFailed, run
from app.install.environment import ENVIRONMENTS, PYTHON, Environment
from app.install.plan import Plan, plan
from app.install.steps import Step, say

LOG = Path("build/install.log")


def main() -> int:
    parser = argparse.ArgumentParser(prog="app/install/install.sh", description=__doc__)
    parser.add_argument("environment", choices=ENVIRONMENTS)
    parser.add_argument("--step", metavar="N/M", help="its number among the steps of the start")
    parser.add_argument(
        "--dry-run", action="store_true", help="print the commands without running them"
    )
    options = parser.parse_args()
    environment = ENVIRONMENTS[options.environment]
    label = f"{options.step} environment" if options.step else "environment"
    try:
        if options.dry_run:
            _print_commands(plan(environment))
        elif not _install(environment, label) and options.step:
            Step(label).end(f"up to date, Python {PYTHON}")
    except InstallFailed as error:
        say(f"error: the installation failed.\n{error}", out=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("Interrupted. The next start continues from here.", out=sys.stderr)
        return 130
    return 0


def _install(environment: Environment, label: str) -> bool:
    """Returns whether there was anything to do. Raises InstallFailed."""
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("a", encoding="utf-8") as log:
        _wait_for_others(log)
        to_do = plan(environment)
        if not to_do.parts:
            return False
        log.truncate(0)
        say(*to_do.remarks, f"Details: {LOG}")
        with Step(label) as step:
            _run(to_do, environment, step)
            step.end(f"Python {PYTHON}, PyTorch {environment.installed('torch')}")
    return True


def _wait_for_others(log: TextIO) -> None:
    """Lets one installation run at a time, in case `make up` and `make test` start together."""
    try:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Waiting for another installation to finish.")
        fcntl.flock(log, fcntl.LOCK_EX)


def _run(to_do: Plan, environment: Environment, step: Step) -> None:
    done = 0
    for part in to_do.parts:
        for command in part.commands:

            def show(share: float, detail: str, done: int = done, of: Command = command) -> None:
                step.show((done + share * of.packages) / to_do.packages, detail)

            run(command, LOG, environment.site_packages, show)
            done += command.packages
        if part.layer is not None:
            environment.mark_installed(part.layer)


def _print_commands(to_do: Plan) -> None:
    say(*to_do.remarks)
    for part in to_do.parts:
        for command in part.commands:
            say(f"would run: {shlex.join(command.arguments)}")


if __name__ == "__main__":
    sys.exit(main())
