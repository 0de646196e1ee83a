"""Tables of the stores, in a PostgreSQL schema of their own, and the extension that they need.

`zhiwen_vectors.store` lists the stores; the vectors of number 17 are in `zhiwen_vectors.store_17`.
A table each, not one for all: each gets an index of its own once it is large, is read without the
pages of others, and dropping it costs nothing, where deleting rows from a graph costs a vacuum.
"""

from typing import TYPE_CHECKING

from vectorstore.protocol import EngineMissing

if TYPE_CHECKING:
    from sqlalchemy import Connection

SCHEMA = "zhiwen_vectors"
STORES = f"{SCHEMA}.store"
_OLDEST = (0, 8)  # of the extension: iterative scans
_SETUP_LOCK = 0x766563746F72  # "vector", key of an advisory lock
_NOT_ENABLED = (
    "pgvector is not enabled in this database, and its user may not enable it. Have a superuser "
    "run in this database: CREATE EXTENSION vector"
)
_NOT_INSTALLED = (
    "This PostgreSQL server has no pgvector. Install it there (Debian: apt install "
    "postgresql-{major}-pgvector), then run in this database: CREATE EXTENSION vector"
)
_TOO_OLD = (
    "pgvector {found} is too old: filtered searches need 0.8. Upgrade it on the server, then run "
    "in this database: ALTER EXTENSION vector UPDATE"
)

_SETUP = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    f"""CREATE TABLE IF NOT EXISTS {STORES} (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        dim integer NOT NULL,
        embedder text NOT NULL,
        sequence bigint NOT NULL DEFAULT 0,
        saved boolean NOT NULL DEFAULT false,
        created_at timestamptz NOT NULL DEFAULT now()
    )""",
    f"CREATE UNIQUE INDEX IF NOT EXISTS store_saved_name ON {STORES} (name) WHERE saved",
)


def table(number: int) -> str:
    return f"{SCHEMA}.store_{number:d}"


def is_set_up(connection: "Connection") -> bool:
    return bool(connection.exec_driver_sql(f"SELECT to_regclass('{STORES}')").scalar())


def set_up(connection: "Connection") -> None:
    """Create extension, schema and list where they are missing. Raises EngineMissing."""
    _alone(connection)
    check_extension(connection)
    if not is_set_up(connection):
        for statement in _SETUP:
            connection.exec_driver_sql(statement)


def check_extension(connection: "Connection") -> None:
    """Enable the extension where it is not and the user may. Raises EngineMissing."""
    found = connection.exec_driver_sql(
        "SELECT default_version, installed_version FROM pg_available_extensions"
        " WHERE name = 'vector'"
    ).first()
    if found is None:
        version = str(connection.exec_driver_sql("SHOW server_version_num").scalar())
        raise EngineMissing(_NOT_INSTALLED.format(major=int(version) // 10_000))
    if found.installed_version is None:
        _enable(connection)
    version = found.installed_version or found.default_version
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
        raise EngineMissing(_TOO_OLD.format(found=version))


def _alone(connection: "Connection") -> None:
    """Until the transaction ends: `IF NOT EXISTS` does not keep two from creating the same."""
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_SETUP_LOCK,))


def _enable(connection: "Connection") -> None:
    _alone(connection)
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS vector")
    except Exception as error:
        if _sqlstate(error) != "42501":  # insufficient privilege
            raise
        raise EngineMissing(_NOT_ENABLED) from error


def is_gone(error: BaseException) -> bool:
    """Whether a statement failed because its table was dropped."""
    return _sqlstate(error) == "42P01"


def _sqlstate(error: BaseException) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlstate", ""))
