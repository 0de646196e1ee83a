"""While processes are replaced, those of the version before work on the newer schema: a migration
adds what they don't have to know, and takes nothing from them (docs/contributing.md)."""

from collections.abc import Iterator
from typing import Any

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from app.db.engine import Database
from tests.db.migrations import migrations

SINCE = "0023"  # some earlier ones broke the rule

Column = dict[str, Any]
Schema = dict[str, dict[str, Column]]  # columns by table and name
Unique = dict[str, set[tuple[str, ...]]]  # by table


def test_code_of_the_version_before_can_work_on_each_newer_schema(url: str) -> None:
    db = Database(url)
    with db.engine.begin() as connection:
        command.upgrade(migrations(connection), SINCE)
    columns, unique = schema(db)
    wrong: list[str] = []
    for revision in revisions_after(SINCE):
        with db.engine.begin() as connection:
            command.upgrade(migrations(connection), revision)
        newer, newer_unique = schema(db)
        for table, before in columns.items():
            wrong += [f"{revision}: {each}" for each in breaks(table, before, newer.get(table))]
            for added in newer_unique.get(table, set()) - unique[table]:
                wrong.append(f"{revision}: {table} may not repeat {added} any more")
        columns, unique = newer, newer_unique
    assert wrong == []
    db.dispose()


def breaks(table: str, before: dict[str, Column], after: dict[str, Column] | None) -> Iterator[str]:
    """What code that knows `before` could not read or write any more."""
    if after is None:
        yield f"{table} is gone"
        return
    for name, column in before.items():
        if name not in after:
            yield f"{table}.{name} is gone"
        elif str(after[name]["type"]) != str(column["type"]):
            yield f"{table}.{name} is {after[name]['type']}, was {column['type']}"
        elif column["nullable"] and not after[name]["nullable"]:
            yield f"{table}.{name} must not be empty any more"
    for name in after.keys() - before.keys():
        if not after[name]["nullable"] and after[name]["default"] is None:
            yield f"{table}.{name} is new and needs a value: give it a server_default"


def test_a_breaking_migration_is_noticed() -> None:
    text: Column = {"type": "TEXT", "nullable": True, "default": None}
    before = {"a": text, "b": text, "c": text, "d": text}
    after = {"a": text, "b": text | {"type": "INTEGER"}, "c": text | {"nullable": False}}
    after |= {"e": text | {"nullable": False}, "f": text | {"nullable": False, "default": "''"}}
    assert [each.split()[0] for each in breaks("t", before, after)] == ["t.b", "t.c", "t.d", "t.e"]
    assert list(breaks("t", before, None)) == ["t is gone"]


def revisions_after(revision: str) -> list[str]:
    found = ScriptDirectory.from_config(migrations()).iterate_revisions("head", revision)
    return [script.revision for script in found][::-1]


def schema(db: Database) -> tuple[Schema, Unique]:
    """Columns, and what may not repeat."""
    columns: Schema = {}
    unique: Unique = {}
    inspector = inspect(db.engine)
    for table in inspector.get_table_names():
        columns[table] = {each["name"]: dict(each) for each in inspector.get_columns(table)}
        indexes = [each["column_names"] for each in inspector.get_indexes(table) if each["unique"]]
        constraints = [each["column_names"] for each in inspector.get_unique_constraints(table)]
        unique[table] = {tuple(map(str, names)) for names in (*constraints, *indexes)}
    return columns, unique
