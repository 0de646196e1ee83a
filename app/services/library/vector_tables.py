"""Bases that pgvector searches: each change of a base is made in its table in the same commit.

So no process holds vectors, nobody has to catch up before searching, and nothing is lost between
the database and the engine: they are one.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlmodel import Session, select

from app.db.engine import Database
from app.db.tables import InstallationChoice, KnowledgeBase, Reembedding
from app.services.library.catch_up import catch_up

if TYPE_CHECKING:
    from vectorstore.pgvector.engine import PgVectorEngine
    from vectorstore.pgvector.store import Connections, PgVectorStore

VECTORS = "vectors"  # name of the choice
PGVECTOR = "pgvector"


def store_name(base: KnowledgeBase) -> str:
    """What the store of the base's generation is called in every engine."""
    return f"{base.id}-{base.generation}" if base.generation else base.id


def next_name(work: Reembedding) -> str:
    """What the store of the generation that is being embedded will be called."""
    return f"{work.base_id}-{work.generation}"


def chosen_engine(session: Session) -> str | None:
    """The engine that searches this installation's vectors; None before it first started."""
    choice = session.get(InstallationChoice, VECTORS, populate_existing=True)
    return None if choice is None else choice.value


def is_in_charge(session: Session, engine: str = PGVECTOR) -> bool:
    """Whether that engine is, and is to remain until this transaction ends: a move to another one
    waits for it, and then finds each table or store that it has to drop."""
    choice = select(InstallationChoice.value).where(InstallationChoice.name == VECTORS)
    return session.exec(choice.with_for_update(read=True)).first() == engine


def keep_up(session: Session, base_id: str) -> None:
    """Make what this transaction changed in the base in its table, too.

    Also while FAISS is in charge, if there is a table: one that another engine is moved to.
    """
    base = session.get(KnowledgeBase, base_id)
    if base is not None:  # or else removed, and `sweep` drops the table
        bring_table(session, base)


def bring_table(session: Session, base: KnowledgeBase) -> "PgVectorStore | None":
    """The base's table with everything that this transaction sees. Where there is none, a new one
    if pgvector is in charge, or else None. With the base locked."""
    engine = tables_in(session)
    found = engine.saved(session.connection(), [store_name(base)]).get(store_name(base))
    if found is None and not is_in_charge(session):
        return None
    store = found[0] if found else engine.create(store_name(base), base.dim, base.embedder)
    if found is None or store.sequence < base.sequence:
        catch_up(session, base, store)
        store.save()
    return store


def tables_in(session: Session) -> "PgVectorEngine":
    """The engine, with all that it does a part of the session's transaction."""
    from vectorstore.pgvector.engine import PgVectorEngine
    from vectorstore.pgvector.store import Connections

    def joined() -> "nullcontext[Connection]":
        return nullcontext(session.connection())

    return PgVectorEngine(Connections(joined, joined, joined))


def connections_of(db: Database) -> "Connections":
    from vectorstore.pgvector.store import Connections

    @contextmanager
    def reading() -> Iterator[Connection]:
        with db.read() as session:
            yield session.connection()

    @contextmanager
    def writing() -> Iterator[Connection]:
        with db.write() as session:
            yield session.connection()

    return Connections(reading, writing, db.autocommit)
