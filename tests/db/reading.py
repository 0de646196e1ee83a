"""How much a database reads: counts that do not depend on the speed of a machine."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from app.db.engine import Database

_IO = Path("/proc/self/io")

Counted = Callable[[], int]


@contextmanager
def bytes_read(db: Database) -> Iterator[Counted]:
    """What this process reads from files, with nothing in SQLite's cache at first."""
    if not _IO.exists():
        pytest.skip("the system does not tell what a process reads")
    db.dispose()
    before = _bytes()
    yield lambda: _bytes() - before


def _bytes() -> int:
    return int(_IO.read_text().split()[1])


@contextmanager
def rows_read(db: Database) -> Iterator[Counted]:
    """How many rows PostgreSQL reads from tables and indexes, by the plans of all statements."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield lambda: _rows(db, tuple(statements))
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def _rows(db: Database, statements: tuple[tuple[str, Any], ...]) -> int:
    total = 0
    with db.read() as session:
        connection = session.connection()
        for statement, parameters in statements:
            if "set_config" in statement:
                connection.exec_driver_sql(statement, parameters)
            else:
                explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
                (plans,) = connection.exec_driver_sql(explained, parameters).one()
                total += sum(_scanned(each["Plan"]) for each in plans)
    return total


def _scanned(node: dict[str, Any]) -> int:
    below = sum(map(_scanned, node.get("Plans", ())))
    if node["Node Type"] in ("Function Scan", "CTE Scan", "Subquery Scan", "Values Scan"):
        return below
    here = node["Actual Rows"] * node["Actual Loops"] if "Scan" in node["Node Type"] else 0
    return int(here) + below
