"""The database: one engine, short sessions for reading and for writing, migrations.

SQLite and PostgreSQL behave alike: a read session sees one snapshot and cannot write; a write
session is one transaction that commits at its end or rolls back on any error.
"""

import errno
import hashlib
import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlmodel import Session

from app.db.errors import DatabaseBusy, DatabaseUnavailable, StorageFull

BUSY_TIMEOUT_S = 10
MIGRATION_TIMEOUT_S = 600
MIGRATION_LOCK = 0x7A686977656E  # "zhiwen", key of a PostgreSQL advisory lock
FILES_LOCK = 0x66696C6573  # "files", key of another one
MIGRATIONS = Path(__file__).parent / "migrations"
# A full disk also appears as a failed write of the WAL, of its index, or of their sync.
_SQLITE_FULL = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_SHMSIZE,
)
_SQLITE_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
_POSTGRESQL_FULL = "53100"
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL_BUSY = (
    "08",  # connection exceptions
    "40",  # transaction rollbacks: serialisation failures and deadlocks
    "53300",  # too many connections
    "55P03",  # lock not available
    "57P",  # the server shuts down, crashed, or is starting
)
_BEFORE_COMMIT = "before commit"
MAX_CONNECTIONS = 40  # the size of the API's thread pool


class Database:
    """Thread-safe; a session belongs to the thread that opened it."""

    def __init__(self, url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        """`url`: `sqlite:///path`, `postgresql://…` or `postgres://…`. On SQLite a transaction
        waits `busy_timeout_s` for another process that writes.

        Connects lazily. Raises DatabaseUnavailable for an invalid URL.
        """
        parsed = _parse(url)
        self.dialect: Literal["sqlite", "postgresql"] = (
            "sqlite" if parsed.get_backend_name() == "sqlite" else "postgresql"
        )
        self.engine = (
            _sqlite(parsed, busy_timeout_s) if self.dialect == "sqlite" else _postgresql(parsed)
        )
        # SQLite lets one write at a time and has the others look again now and then: a thread that
        # writes often would keep another one of its process waiting until that gives up.
        self._one_writer = threading.Lock() if self.dialect == "sqlite" else nullcontext()
        event.listen(self.engine, "handle_error", _translate)
        if self.dialect == "sqlite":
            self._reader = self.engine.execution_options(zhiwen_begin="READ")
        else:
            self._reader = self.engine.execution_options(
                zhiwen_begin="READ", isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one snapshot; the database rejects writes in it."""
        with Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: commits at the end, rolls back on any error.

        On SQLite it holds the write lock from the start, so keep it short: no parsing, embedding
        or network access inside.
        """
        with (
            self._one_writer,
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            session.connection()  # take SQLite's write lock before the first read
            yield session
            for work in session.info.pop(_BEFORE_COMMIT, {}).values():
                work(session)

    @contextmanager
    def autocommit(self) -> Iterator[Connection]:
        """A connection that commits each statement, for what PostgreSQL does in no transaction."""
        with self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def damage(self) -> str:
        """The first problem that SQLite finds in its file, or empty. Not for PostgreSQL."""
        if self.dialect != "sqlite":
            return ""
        with self.read() as session:
            found = session.connection().scalar(text("PRAGMA quick_check(1)"))
        return "" if found == "ok" else str(found)

    def migrate(self) -> None:
        """Migrates the schema to the newest revision in one transaction; other processes wait.

        Raises DatabaseUnavailable if the database cannot be opened or stays locked.
        """
        try:
            with self.engine.connect() as connection:
                self._migrate(connection)
        except (OperationalError, DatabaseBusy) as error:
            raise DatabaseUnavailable(
                f"cannot open or migrate the database: {_reason(error)}"
            ) from error

    def _migrate(self, connection: Connection) -> None:
        from alembic import command
        from alembic.config import Config

        if self.dialect == "sqlite":
            # Rebuilding a table drops the old one, which with foreign keys on would delete its
            # children. The switch only works outside transactions, hence a separate connection.
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
                    raise DatabaseUnavailable(f"the migration left a dangling reference: {broken}")

    def check(self) -> None:
        """A quick health check. Raises DatabaseUnavailable."""
        try:
            with self._reader.connect() as connection:
                connection.execute(text("SELECT 1"))
        except (OperationalError, DatabaseBusy) as error:
            raise DatabaseUnavailable(f"the database does not respond: {_reason(error)}") from error

    def dispose(self) -> None:
        """Closes all idle connections."""
        self.engine.dispose()


def before_commit(session: Session, key: Hashable, work: Callable[[Session], object]) -> None:
    """Have `work` done at the end of the writing session's transaction, as a part of it; for each
    `key` the last one that was given."""
    session.info.setdefault(_BEFORE_COMMIT, {})[key] = work


def lock_files(session: Session, *, exclusive: bool = False) -> None:
    """Locks stored files until the transaction ends: exclusively to delete them, shared to refer
    to one. On SQLite, a write session is exclusive anyway."""
    if session.get_bind().dialect.name == "postgresql":
        mode = "" if exclusive else "_shared"
        lock = text(f"SELECT pg_advisory_xact_lock{mode}(:key)")
        session.connection().execute(lock, {"key": FILES_LOCK})


def lock_name(session: Session, name: str) -> None:
    """Locks what this name stands for until the transaction ends. On SQLite, a write session is
    exclusive anyway."""
    if session.get_bind().dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def is_reading(connection: Connection) -> bool:
    """Whether this is the connection of a reading session."""
    return connection.get_execution_options().get("zhiwen_begin") == "READ"


def is_full(error: BaseException | None) -> bool:
    """Whether an error of the system, SQLite or PostgreSQL means that the disk is full."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) in _SQLITE_FULL
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return getattr(error, "sqlstate", None) == _POSTGRESQL_FULL


def is_busy(error: BaseException | None) -> bool:
    """Whether SQLite or PostgreSQL could not do something at this moment."""
    if isinstance(error, sqlite3.Error):
        return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _SQLITE_BUSY
    return str(getattr(error, "sqlstate", None) or "").startswith(_POSTGRESQL_BUSY)


def _translate(context: ExceptionContext) -> BaseException | None:
    """What is raised instead of an error of the database; None where it stays as it is."""
    error = context.original_exception
    if is_full(error):
        return StorageFull()
    # A failed ping only has the pool open another connection.
    if not context.is_pre_ping and (is_busy(error) or _is_unreachable(context)):
        return DatabaseBusy(error)
    return None


def _is_unreachable(context: ExceptionContext) -> bool:
    """Whether the connection was lost, or PostgreSQL let none be made. SQLite's errors have codes
    that say so themselves."""
    if isinstance(context.original_exception, sqlite3.Error):
        return False
    return context.is_disconnect or context.connection is None


def _reason(error: OperationalError | DatabaseBusy) -> BaseException | None:
    return error.orig if isinstance(error, OperationalError) else error.__cause__


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUnavailable("invalid database URL") from error
    match parsed.drivername:
        case "sqlite" | "sqlite+pysqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise DatabaseUnavailable("SQLite needs a file: sqlite:///path/to/zhiwen.db")
            return parsed
        case "postgres" | "postgresql" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise DatabaseUnavailable(f"{other} is not supported: use sqlite or postgresql")


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url,
        pool_size=5,
        max_overflow=MAX_CONNECTIONS - 5,
        hide_parameters=True,  # errors are logged and must not contain user text
        pool_pre_ping=True,  # the server may have restarted
        connect_args={"connect_timeout": BUSY_TIMEOUT_S},
    )


def _sqlite(url: URL, busy_timeout_s: float) -> Engine:
    Path(str(url.database)).absolute().parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=5,
        max_overflow=MAX_CONNECTIONS - 5,
        hide_parameters=True,  # errors are logged and must not contain user text
        connect_args={"timeout": busy_timeout_s, "check_same_thread": False},
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
        # A deferred transaction that reads and then writes fails with SQLITE_BUSY, regardless of
        # the timeout, if another one wrote in between; an immediate one waits.
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
