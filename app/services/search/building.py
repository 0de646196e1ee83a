"""Fill a table of pgvector, or a store of Milvus, for a base beside whatever searches it now."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlmodel import Session

from app.db.engine import Database
from app.db.tables import KnowledgeBase
from app.services.library.bases import lock_base, stored_base
from app.services.library.catch_up import catch_up
from app.services.library.vector_stores import alone_with, bring_store
from app.services.library.vector_tables import bring_table, connections_of, store_name
from vectorstore import SnapshotError

if TYPE_CHECKING:
    from vectorstore.milvus.engine import MilvusEngine


def build_table(
    db: Database, base: KnowledgeBase, *, unless: Callable[[Session], bool] = lambda _session: False
) -> None:
    """Make a table with the base's vectors the one that each change of the base goes into, unless
    there is one, or `unless` says that vectors are missing yet.

    `base` may be what it is to become: of a generation whose vectors are all there. Where some are
    missing again at the end, since documents came meanwhile, the table stays as it was filled, and
    the next call goes on from there. Writers wait for the last step only. What is interrupted
    begins anew. Raises NotFound where the base was removed, SnapshotError where it was embedded
    anew meanwhile, and NotOptimised where a large table would stay slow.
    """
    from vectorstore.pgvector.engine import PgVectorEngine

    engine = PgVectorEngine(connections_of(db))
    with db.read() as session:
        store = None
        if store_name(base) not in engine.saved(session.connection(), [store_name(base)]):
            if unless(session):
                return
            store = engine.create(store_name(base), base.dim, base.embedder)
            catch_up(session, _at(base, stored_base(session, base.id).sequence), store)
    if store is not None:
        store.optimise()
    with db.write() as session:
        locked = lock_base(session, base.id)
        if locked.generation > base.generation:
            raise SnapshotError(f"base {locked.name} was embedded anew meanwhile")
        if store is not None:
            store.joining(session.connection()).save()
        if not unless(session):
            bring_table(session, _at(base, locked.sequence))


def build_store(
    db: Database,
    engine: "MilvusEngine",
    base: KnowledgeBase,
    *,
    unless: Callable[[Session], bool],
) -> None:
    """The same on Milvus. A store that is behind at the switch is brought up to date when it is
    searched, so there is no last step with the base locked. Raises NotFound, EngineFailed."""
    with alone_with(db, store_name(base)) as session:
        sequence = stored_base(session, base.id).sequence  # before it is asked what is missing
        if not unless(session):
            bring_store(session, engine, _at(base, sequence))


def _at(base: KnowledgeBase, sequence: int) -> KnowledgeBase:
    return base.model_copy(update={"sequence": sequence})
