"""The database: one engine, short sessions for reading and for writing, migrations.

SQLite and PostgreSQL behave alike: a reading session sees one snapshot and cannot write, a
writing session is one transaction that commits at its end or rolls back on any error.
"""

import errno
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlmodel import Session

from app.db.errors import DatabaseUnavailable, StorageFull

BUSY_TIMEOUT_S = 10
MIGRATION_TIMEOUT_S = 600
MIGRATION_LOCK = 0x7A686977656E  # "zhiwen", the key of PostgreSQL's advisory lock
MIGRATIONS = Path(__file__).parent / "migrations"
# A full disk reaches SQLite as a failed write, too: of the log, of its index, or of their sync.
_SQLITE_FULL = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_SHMSIZE,
)
_POSTGRESQL_FULL = "53100"
MAX_CONNECTIONS = 40  # as many threads as the API's pool may run


class Database:
    """Safe for use from many threads; a session belongs to the thread that opened it."""

    def __init__(self, url: str) -> None:
        """`url`: `sqlite:///path`, `postgresql://…` or `postgres://…`.

        Connects lazily. Raises DatabaseUnavailable where the URL cannot be understood.
        """
        parsed = _parse(url)
        self.dialect: Literal["sqlite", "postgresql"] = (
            "sqlite" if parsed.get_backend_name() == "sqlite" else "postgresql"
        )
        self.engine = _sqlite(parsed) if self.dialect == "sqlite" else _postgresql(parsed)
        # SQLite lets one write at a time and has the others look again now and then: a thread that
        # writes often would keep another one of its process waiting until that gives up.
        self._one_writer = threading.Lock() if self.dialect == "sqlite" else nullcontext()
        event.listen(self.engine, "handle_error", _tell_when_full)
        if self.dialect == "sqlite":
            self._reader = self.engine.execution_options(zhiwen_begin="READ")
        else:
            self._reader = self.engine.execution_options(
                zhiwen_begin="READ", isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one snapshot; writing in it is an error of the database."""
        with Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: commits at the end, rolls back on any error.

        On SQLite it holds the write lock from its start, so keep it short: no parsing,
        embedding or network inside.
        """
        with (
            self._one_writer,
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            session.connection()  # take SQLite's write lock now, before the first read
            yield session

    def damage(self) -> str:
        """What SQLite finds wrong with its own file, empty where nothing is; PostgreSQL looks
        after itself."""
        if self.dialect != "sqlite":
            return ""
        with self.read() as session:
            found = session.connection().scalar(text("PRAGMA quick_check(1)"))
        return "" if found == "ok" else str(found)

    def migrate(self) -> None:
        """Bring the schema to the newest revision in one transaction; others wait meanwhile.

        Raises DatabaseUnavailable where the database cannot be opened or is locked too long.
        """
        try:
            with self.engine.connect() as connection:
                self._migrate(connection)
        except OperationalError as error:
            raise DatabaseUnavailable(
                f"cannot open or migrate the database: {error.orig}"
            ) from error

    def _migrate(self, connection: Connection) -> None:
        from alembic import command
        from alembic.config import Config

        if self.dialect == "sqlite":
            # Rebuilding a table drops the old one, and with foreign keys on that would delete
            # its children. The switch works outside transactions only, hence a connection of
            # its own that is closed afterwards.
            cursor = connection.connection.cursor()
            cursor.execute("PRAGMA foreign_keys=OFF")
            cursor.execute(f"PRAGMA busy_timeout={MIGRATION_TIMEOUT_S * 1000}")
            cursor.close()
            connection.detach()
        with connection.begin():
            if self.dialect == "postgresql":
                lock = text("SELECT pg_advisory_xact_lock(:key)")
                connection.execute(lock, {"key": MIGRATION_LOCK})
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if self.dialect == "sqlite":
                broken = connection.execute(text("PRAGMA foreign_key_check")).first()
                if broken is not None:
                    raise DatabaseUnavailable(f"migration left a dangling reference: {broken}")

    def check(self) -> None:
        """A quick sign of life. Raises DatabaseUnavailable."""
        try:
            with self._reader.connect() as connection:
                connection.execute(text("SELECT 1"))
        except OperationalError as error:
            raise DatabaseUnavailable(f"the database does not answer: {error.orig}") from error

    def dispose(self) -> None:
        """Close all connections that are not in use."""
        self.engine.dispose()


def is_reading(connection: Connection) -> bool:
    """Whether this is the connection of a reading session."""
    return connection.get_execution_options().get("zhiwen_begin") == "READ"


def is_full(error: BaseException | None) -> bool:
    """Whether an error of the system, SQLite or PostgreSQL says that no room is left."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) in _SQLITE_FULL
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return getattr(error, "sqlstate", None) == _POSTGRESQL_FULL


def _tell_when_full(context: ExceptionContext) -> None:
    if is_full(context.original_exception):
        raise StorageFull from context.original_exception


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUnavailable("the database URL cannot be understood") from error
    match parsed.drivername:
        case "sqlite" | "sqlite+pysqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise DatabaseUnavailable("SQLite needs a file: sqlite:///path/to/zhiwen.db")
            return parsed
        case "postgres" | "postgresql" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise DatabaseUnavailable(f"no support for {other}: use sqlite or postgresql")


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url,
        pool_size=5,
        max_overflow=MAX_CONNECTIONS - 5,
        hide_parameters=True,  # errors are logged, and may not show what people wrote
        pool_pre_ping=True,  # the server may have been restarted
        connect_args={"connect_timeout": BUSY_TIMEOUT_S},
    )


def _sqlite(url: URL) -> Engine:
    Path(str(url.database)).absolute().parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=5,
        max_overflow=MAX_CONNECTIONS - 5,
        hide_parameters=True,  # errors are logged, and may not show what people wrote
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # begin and commit are ours, not the driver's
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        reading = is_reading(connection)
        connection.exec_driver_sql(f"PRAGMA query_only={int(reading)}")
        # A deferred transaction that reads and then writes fails at once with SQLITE_BUSY when
        # another one wrote in between, whatever the timeout; an immediate one waits its turn.
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
