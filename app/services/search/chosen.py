"""The engine that searches vectors is the installation's choice, in its database.

So `zhiwen vectors move` changes all processes over in one commit, while they run. A setting says
what an installation starts with, and what whoever runs it relies on: one that contradicts the
choice is refused at the start.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from app.db.engine import Database
from app.db.tables import InstallationChoice, StoredChunk
from app.rag.types import Scope
from app.services.errors import ServiceError
from app.services.library.vector_tables import VECTORS, chosen_engine
from app.services.search.vector_indexes import VectorIndexes
from ingest.embedding.embedder import Vectors
from vectorstore import Match, SnapshotError, VectorStore

FIRST = "faiss"  # of an installation that has chosen nothing
_LOOK_S = 1.0  # how long a process may go on with the engine before; that one still answers rightly


class VectorsElsewhere(ServiceError):
    """The setting names another engine than the one that has the vectors."""

    code = "vectors_elsewhere"

    def __init__(self, chosen: str, wanted: str) -> None:
        super().__init__(
            f"ZHIWEN_VECTORS={wanted}, but {chosen} has this installation's vectors. Move them: "
            f"zhiwen vectors move --to {wanted}. Or set ZHIWEN_VECTORS={chosen}"
        )


def choose(session: Session, engine_name: str) -> None:
    session.merge(InstallationChoice(name=VECTORS, value=engine_name))


def settle(db: Database, wanted: str | None) -> str:
    """The engine in charge of an installation on PostgreSQL; one without content takes the one that
    is wanted.

    Raises VectorsElsewhere.
    """
    with db.read() as session:
        chosen = chosen_engine(session)
    if chosen is None:
        with db.write() as session:
            is_empty = session.exec(select(StoredChunk.id).limit(1)).first() is None
            first = {"name": VECTORS, "value": wanted if wanted and is_empty else FIRST}
            # Several processes start at once.
            session.exec(insert(InstallationChoice).values(first).on_conflict_do_nothing())
            chosen = chosen_engine(session) or FIRST
    if wanted is not None and wanted != chosen:
        raise VectorsElsewhere(chosen, wanted)
    return chosen


class ChosenIndexes:
    """Passes everything on to the indexes of the engine in charge, made when it first is.

    Those of the engine before are let go, with the memory that they hold.
    """

    def __init__(
        self,
        db: Database,
        embedder_name: str,
        engines: Mapping[str, Callable[[], VectorIndexes]],
        *,
        look_s: float = _LOOK_S,
    ) -> None:
        self.db = db
        self.embedder_name = embedder_name
        self._engines = engines
        self._look_s = look_s
        self._lock = threading.Lock()
        self._indexes: VectorIndexes | None = None
        self._looked_at = 0.0

    @property
    def engine_name(self) -> str:
        return self._in_charge().engine_name

    @property
    def unsaved(self) -> Mapping[str, str]:
        return self._in_charge().unsaved

    @property
    def full(self) -> bool:
        return self._in_charge().full

    def check(self) -> None:
        self._in_charge().check()

    def search(
        self, vector: Vectors, k: int, scope: Scope, only: Collection[int] | None = None
    ) -> list[Match]:
        try:
            return self._in_charge().search(vector, k, scope, only)
        except SnapshotError:  # its tables went when the vectors moved on
            return self._in_charge(look=True).search(vector, k, scope, only)

    def current(self, base_id: str) -> VectorStore:
        return self._in_charge(look=True).current(base_id)

    def save(self) -> None:
        self._in_charge(look=True).save()

    def optimise(self) -> None:
        self._in_charge(look=True).optimise()

    def sweep(self) -> int:
        return self._in_charge(look=True).sweep()

    def differences(self, base_id: str, *, repair: bool) -> int:
        return self._in_charge(look=True).differences(base_id, repair=repair)

    def _in_charge(self, *, look: bool = False) -> VectorIndexes:
        now = time.monotonic()
        indexes = self._indexes
        if indexes is not None and not look and now - self._looked_at < self._look_s:
            return indexes
        with self.db.read() as session:
            name = chosen_engine(session) or FIRST
        with self._lock:
            if self._indexes is None or self._indexes.engine_name != name:
                self._indexes = self._engines[name]()
            self._looked_at = now
            return self._indexes
