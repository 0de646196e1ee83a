"""SQLite databases with all tables, for tests: copies of one that is migrated once a session."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from app.db.engine import Database


def migrated_file(path: Path) -> Path:
    """Writes a database without rows to `path`, unless there is one. Returns `path`.

    A copy takes a hundredth of a migration, which is twenty revisions, each of them synced.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_migrated())
    return path


@cache
def _migrated() -> bytes:
    with TemporaryDirectory(prefix="zhiwen-sqlite-") as folder:
        path = Path(folder) / "zhiwen.db"
        database = Database(f"sqlite:///{path}")
        database.migrate()
        database.dispose()  # the last connection moves the WAL into the file
        return path.read_bytes()
