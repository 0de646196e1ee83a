"""The chunks that restrictions withhold, so that searches can leave them out."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from app.db.tables import KnowledgeBase, StoredChunk, StoredDocument
from app.rag.types import Scope
from app.services.people.grants import is_withheld

_MOST_KEPT = 64  # people with different rights who search at a time

_SEQUENCES = select(col(KnowledgeBase.id), col(KnowledgeBase.sequence)).where(
    col(KnowledgeBase.id).in_(bindparam("base_ids", expanding=True))
)


@dataclass(slots=True)
class WithheldChunks:
    """Keeps what was read until the content of a base changes. Thread-safe.

    A document that comes meanwhile may be missing for a moment: it takes a place in a search, and
    is left out when its chunks are located.
    """

    _kept: OrderedDict[tuple[object, ...], frozenset[int]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def chunks(self, session: Session, scope: Scope) -> frozenset[int]:
        """Ids of the chunks in the scope's bases that the scope withholds."""
        if not scope.withheld:
            return frozenset()
        given = {"base_ids": list(scope.base_ids)}
        sequences = sorted(map(tuple, session.connection().execute(_SEQUENCES, given)))
        key = (scope.withheld, *sequences)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = frozenset(_read(session, scope))
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return found


def _read(session: Session, scope: Scope) -> Iterable[int]:
    documents = select(col(StoredDocument.id)).where(
        col(StoredDocument.base_id).in_(scope.base_ids), is_withheld(scope.withheld)
    )
    chunks = select(col(StoredChunk.id)).where(col(StoredChunk.document_id).in_(documents))
    return (row.id for row in session.connection().execute(chunks))
