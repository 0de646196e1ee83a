"""`install.sh` of a bundle: verifies it, installs it beside older versions, and starts it."""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from app.install.bundle.contents import (
    BundleRefused,
    Description,
    check_files,
    signed_sums,
)
from app.install.bundle.place import STEPS, STEPS_OF_UP, put_models, put_version
from app.install.bundle.target import Target, TargetError
from app.install.commands import InstallFailed
from app.install.steps import Step, say

_OWN_DATABASE = (
    "ZHIWEN_DATABASE_URL names a database that this installer does not back up. Run pg_dump, copy "
    "the folder {files}, and start again with --database-saved."
)


def main() -> int:
    here = Path(sys.argv[1])
    options = _arguments(here)
    target = Target(options.to.expanduser().absolute())
    try:
        return _roll_back(target) if options.rollback else _install(here, target, options)
    except (BundleRefused, TargetError, InstallFailed, OSError) as error:
        say(f"error: {error}", out=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("Interrupted; the version in use stays as it was.", out=sys.stderr)
        return 130


def _arguments(here: Path) -> argparse.Namespace:
    installed = here.parent.name == "versions"  # started from where it was installed
    parser = argparse.ArgumentParser(prog="./install.sh", description=__doc__)
    parser.add_argument("--key", type=Path, help="public key that the bundle must be signed with")
    parser.add_argument(
        "--to", type=Path, default=here.parents[1] if installed else Path("~/zhiwen")
    )
    parser.add_argument("--no-start", action="store_true", help="install only")
    parser.add_argument("--rollback", action="store_true", help="go back to the version before")
    parser.add_argument(
        "--database-saved",
        action="store_true",
        help="the database at ZHIWEN_DATABASE_URL was backed up",
    )
    return parser.parse_args(sys.argv[2:])


def _install(here: Path, target: Target, options: argparse.Namespace) -> int:
    public_key = _public_key(target, options.key)
    described, sums = _verify(here, public_key)
    target.prepare()
    with target.locked():
        if target.current and described.is_older_than(target.current):
            raise TargetError(
                f"{described.name} is older than the version in use, {target.current}, whose data "
                f"it may not understand. To go back: {target.folder}/current/install.sh --rollback"
            )
        put_version(here, target, described.name, sums)
        put_models(here, target, sums)
        if target.current not in {None, described.name}:
            _upgrade(target, described.name, database_saved=options.database_saved)
        else:
            target.switch(described.name, None)
        target.key.write_text(f"{public_key}\n", "ascii")
    start = target.folder / ".venv/bin/zhiwen"
    if options.no_start:
        say(f"Installed. Start it with: cd {target.folder} && .venv/bin/zhiwen up")
        return 0
    os.chdir(target.folder)
    command = [str(start), "up", "--first-step", str(STEPS - STEPS_OF_UP + 1)]
    os.execv(start, command)  # noqa: S606  # signals and exit code are its own
    return 0


def _public_key(target: Target, given: Path | None) -> str:
    """The given one, else the one of the last installation."""
    path = given or target.key
    try:
        key = path.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        if given:
            raise BundleRefused(f"{given} cannot be read: {error}") from error
        raise BundleRefused(
            "Name the public key of whoever made the bundle: ./install.sh --key zhiwen.pub\n"
            "Get it from them another way than the bundle: it shows that the bundle is theirs."
        ) from error
    if not key:
        raise BundleRefused(f"{path} is empty. Name the public key with --key.")
    return key


def _verify(here: Path, public_key: str) -> tuple[Description, Mapping[str, str]]:
    sums = signed_sums(here, public_key)
    described = Description.read(here, sums)
    described.check_platform()
    total = sum((here / name).stat().st_size for name in sums if (here / name).is_file())
    done = 0
    with Step(f"1/{STEPS} bundle") as step:

        def show(size: int) -> None:
            nonlocal done
            done += size
            step.show(done / max(1, total), f"{done / 1e6:.0f}/{total / 1e6:.0f} MB")

        check_files(here, sums, show)
        step.end(f"{described.name}, {len(sums)} files, signature and checksums are right")
    return described, sums


def _upgrade(target: Target, name: str, *, database_saved: bool) -> None:
    target.check_stopped()
    if target.has_own_database and not database_saved:
        raise TargetError(_OWN_DATABASE.format(files=target.data_dir / "files"))
    upgrade = target.save(name)
    target.check_stopped()  # the backup may have taken long
    target.switch(name, upgrade)
    if upgrade and upgrade.backup:
        say(f"The data before the upgrade are saved in {upgrade.backup}.")
    say(f"To go back to the version before: {target.folder}/current/install.sh --rollback")


def _roll_back(target: Target) -> int:
    with target.locked():
        target.check_stopped()
        name, aside = target.roll_back()
    say(f"{name} is in use again.")
    if aside is not None:
        say(
            "The newer version had migrated the database, which this one cannot read: the backup",
            "from before the upgrade took its place. What was added since is not in it; it is kept",
            f"in {aside}, which the newer version can read.",
        )
    elif target.has_own_database:
        say(
            "If the newer version migrated the database at ZHIWEN_DATABASE_URL, this one refuses",
            "to start: restore the dump from before the upgrade.",
        )
    else:
        say("The database was not migrated, so the data stay as they are.")
    say(f"Start it with: cd {target.folder} && .venv/bin/zhiwen up")
    return 0
