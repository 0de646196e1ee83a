"""Bases that Milvus searches: whoever finds a store behind the database brings it up to date.

As with FAISS the database says what a store must have, and a store says which of the base's changes
it has. Its sequence is written last, so what a killed process has done is done again, to the same
end. Unlike FAISS's copies it is everybody's: one process at a time changes it.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from app.db.engine import Database, lock_name
from app.db.errors import DatabaseBusy
from app.db.tables import KnowledgeBase, StoredChunk
from app.services.library.catch_up import catch_up
from app.services.library.vector_tables import store_name
from app.services.library.vectors import is_searched, searched_ids
from vectorstore import EngineFailed, SnapshotError

if TYPE_CHECKING:
    from vectorstore.milvus.engine import MilvusEngine
    from vectorstore.milvus.store import MilvusStore

log = logging.getLogger(__name__)

MILVUS = "milvus"
WAIT_S = 10.0  # for another process or thread that is at a store; that one may take minutes
_WAIT = text("SELECT set_config('lock_timeout', :wait, true)")


class StoreBusy(EngineFailed):
    """Another process or thread is bringing the store up to date, and takes long."""

    public = "Vectors are being written to the server that searches them. Try again soon."


@contextmanager
def alone_with(db: Database, name: str, *, wait_s: float = WAIT_S) -> Iterator[Session]:
    """A transaction during which no other process changes the store of that name. Each statement
    of it sees what is committed by then; documents are written meanwhile. Raises StoreBusy."""
    with db.write() as session:
        connection = session.connection()
        connection.execute(_WAIT, {"wait": f"{wait_s * 1000:.0f}ms"})
        try:
            lock_name(session, f"vectors of {name}")
        except DatabaseBusy as error:
            raise StoreBusy(f"the store {name} is being brought up to date") from error
        connection.execute(_WAIT, {"wait": "0"})  # as is the default
        yield session


def bring_store(session: Session, engine: "MilvusEngine", base: KnowledgeBase) -> "MilvusStore":
    """The base's store with all that is committed, made where there is none. Within `alone_with`.
    Raises EngineFailed."""
    try:
        store = engine.open(store_name(base), base.dim, base.embedder)
    except SnapshotError:
        store = engine.create(store_name(base), base.dim, base.embedder)
        store.save()  # nobody searches it before it has the base's sequence
    if store.sequence > base.sequence:
        log.warning("the store of base %s is ahead of the database, and is mended", base.name)
        mend(session, base, store)
    elif store.sequence < base.sequence:
        catch_up(session, base, store)
        store.save()
    return store


def has_all(session: Session, base: KnowledgeBase, store: "MilvusStore") -> bool:
    """Whether the store has as many vectors as it must: Milvus may have lost some. Milvus counts a
    million faster than it lists their ids, which `differences` compares."""
    wanted = select(func.count(col(StoredChunk.id))).where(is_searched(base.id))
    return session.exec(wanted).one() == store.count() or _moved_on(session, base)


def mend(session: Session, base: KnowledgeBase, store: "MilvusStore") -> None:
    """Write all of the base's vectors again and delete others. Searches go on meanwhile."""
    store.delete(sorted(store.ids() - searched_ids(session, base.id)))
    store.sequence = 0
    catch_up(session, base, store)
    store.save()


def _moved_on(session: Session, base: KnowledgeBase) -> bool:
    """Whether the base was changed since it was read."""
    now = select(KnowledgeBase.sequence).where(KnowledgeBase.id == base.id)
    return session.exec(now).first() != base.sequence
