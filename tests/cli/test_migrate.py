"""`zhiwen migrate`, which deployments run before pods of a new version start."""

from pathlib import Path

from app.db.engine import Database
from tests.cli.shell import Shell


def test_an_empty_database_gets_its_tables_and_a_current_one_stays(
    zhiwen: Shell, tmp_path: Path
) -> None:
    for _ in range(2):
        ran = zhiwen("migrate")
        assert (ran.code, ran.out) == (0, "The database is up to date.\n")
    db = Database(f"sqlite:///{tmp_path / 'shell/zhiwen.db'}")
    with db.read() as session:
        tables = session.connection().exec_driver_sql("SELECT name FROM sqlite_master").scalars()
        assert "document" in set(tables)
    db.dispose()
