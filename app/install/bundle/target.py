"""The folder that Zhiwen is installed in.

    ~/zhiwen/
      versions/NAME/     .venv, project and install.sh of a bundle; complete with bundle.json
      current            link to the version in use, previous to the one before
      .venv              link to current/.venv, so that commands are the same after an upgrade
      .env               settings
      .zhiwen/           documents, database, models (or where ZHIWEN_DATA_DIR says)
      backups/           what each upgrade saved before the new version could migrate anything
      zhiwen.pub         the key that the next bundle must be signed with

TargetError: what is wrong and what to do.
"""

import fcntl
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from app.install.bundle.contents import DESCRIPTION
from app.install.steps import say

_UPGRADE = "upgrade.json"
_ENV = """\
# Settings of this installation; versions/*/project/docs/reference/settings.md lists them all.
ZHIWEN_OFFLINE=true
"""


class TargetError(Exception):
    """The message says what to do."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What is needed to go back. `backup` and `revision` (of the database) are empty if there was
    no database in the data folder."""

    previous: str
    backup: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    folder: Path

    def version(self, name: str) -> Path:
        return self.folder / "versions" / name

    def is_installed(self, name: str) -> bool:
        return (self.version(name) / DESCRIPTION).is_file()

    @property
    def current(self) -> str | None:
        return self._link("current")

    @property
    def previous(self) -> str | None:
        return self._link("previous")

    @property
    def key(self) -> Path:
        return self.folder / "zhiwen.pub"

    @property
    def data_dir(self) -> Path:
        return self.folder / (self.setting("ZHIWEN_DATA_DIR") or ".zhiwen")

    @property
    def models_dir(self) -> Path:
        return self.folder / (self.setting("ZHIWEN_MODELS_DIR") or self.data_dir / "models")

    @property
    def has_own_database(self) -> bool:
        """Whether the database is elsewhere than in the data folder."""
        return bool(self.setting("ZHIWEN_DATABASE_URL"))

    def setting(self, name: str) -> str:
        """As Zhiwen reads it: from the environment, else from .env, else empty."""
        if given := os.environ.get(name):
            return given
        try:
            lines = (self.folder / ".env").read_text("utf-8").splitlines()
        except FileNotFoundError:
            return ""
        pairs = (line.partition("=") for line in lines if not line.lstrip().startswith("#"))
        values = {key.strip(): value.strip().strip("'\"") for key, _, value in pairs}
        return values.get(name, "")

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "versions").mkdir(exist_ok=True)
        if not (self.folder / ".env").exists():
            (self.folder / ".env").write_text(_ENV, "utf-8")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lets one installation or rollback run at a time."""
        if not self.folder.is_dir():
            raise TargetError(f"Nothing is installed in {self.folder}.")
        with (self.folder / ".installing").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Waiting for another installation to finish.")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def check_stopped(self) -> None:
        """Raises TargetError while something listens where the API does."""
        port = int(self.setting("ZHIWEN_API_PORT") or 8000)
        host = self.setting("ZHIWEN_API_HOST")
        host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # asked, not bound
        try:
            socket.create_connection((host, port), timeout=2).close()
        except OSError:
            return
        raise TargetError(
            f"Something listens at {host}, port {port}. Stop Zhiwen first (Ctrl-C, or "
            "`systemctl --user stop zhiwen`), so that nothing is written meanwhile."
        )

    def save(self, name: str) -> Upgrade | None:
        """Backs the data up with the version in use, before `name` follows it.

        Returns None on the first installation. Raises TargetError.
        """
        old = self.current
        if old is None or old == name:
            return None
        if self.has_own_database or not self._database.exists():
            return Upgrade(old)
        backup = self.folder / "backups" / f"before-{name}-{time.strftime('%Y%m%dT%H%M%S')}.tar"
        revision = self._revision()
        self._run(old, "backup", str(backup))
        return Upgrade(old, str(backup), revision)

    def switch(self, name: str, upgrade: Upgrade | None) -> None:
        """Puts an installed version into use, in one step."""
        if upgrade is not None:
            written = json.dumps(asdict(upgrade), indent=1)
            (self.version(name) / _UPGRADE).write_text(written, "utf-8")
            self._point("previous", Path("versions") / upgrade.previous)
        self._point("current", Path("versions") / name)
        self._point(".venv", Path("current/.venv"))

    def roll_back(self) -> tuple[str, Path | None]:
        """Puts the previous version into use again.

        If the database was migrated since, the data as they are now are moved aside and the backup
        that the upgrade made takes their place. Returns the version, and where the newer data are.
        Raises TargetError.
        """
        name, old = self.current, self.previous
        if name is None or old is None or not self.is_installed(old):
            raise TargetError(f"There is no earlier version in {self.folder} to go back to.")
        upgrade = self._upgrade(name)
        aside = None
        if upgrade.backup and self._revision() != upgrade.revision:
            aside = self._restore(old, Path(upgrade.backup), name)
        self._point("current", Path("versions") / old)
        (self.folder / "previous").unlink()
        return old, aside

    def _restore(self, old: str, backup: Path, name: str) -> Path:
        """The backup is restored beside the data, completely or not at all, and then exchanged.

        Interrupted at any step, it continues from there.
        """
        data = self.data_dir
        restored = data.with_name(f"{data.name}.restored")
        asides = f"{data.name}-of-{name}-"
        if data.exists():
            shutil.rmtree(restored, ignore_errors=True)
            self._run(old, "restore", str(backup), "--data-dir", str(restored))
            data.rename(data.with_name(f"{asides}{time.strftime('%Y%m%dT%H%M%S')}"))
        aside = max(data.parent.glob(f"{asides}*"))
        if (aside / "models").is_dir() and self.models_dir == data / "models":
            (aside / "models").rename(restored / "models")
        restored.rename(data)
        return aside

    @property
    def _database(self) -> Path:
        return self.data_dir / "zhiwen.db"

    def _revision(self) -> str:
        """The last migration that the database has seen; empty without a database."""
        if not self._database.exists():
            return ""
        try:
            with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as database:
                row = database.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.Error as error:
            raise TargetError(f"{self._database} cannot be read: {error}") from error
        return str(row[0]) if row else ""

    def _upgrade(self, name: str) -> Upgrade:
        try:
            return Upgrade(**json.loads((self.version(name) / _UPGRADE).read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise TargetError(f"{name} does not say what it replaced: {error}") from error

    def _run(self, version: str, *arguments: str) -> None:
        command = (str(self.version(version) / ".venv/bin/zhiwen"), *arguments)
        ended = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False
        )
        if ended.returncode != 0:
            said = (ended.stderr or ended.stdout).strip()
            raise TargetError(f"zhiwen {arguments[0]} failed, and nothing was changed.\n{said}")

    def _link(self, name: str) -> str | None:
        try:
            return (self.folder / name).readlink().name
        except OSError:
            return None

    def _point(self, name: str, at: Path) -> None:
        new = self.folder / f".{name}.new"
        new.unlink(missing_ok=True)
        new.symlink_to(at)
        new.replace(self.folder / name)
