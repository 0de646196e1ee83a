"""Services on a migrated database of each kind, with the embedder that needs no model."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.db.engine import Database
from app.db.files import LocalFiles
from app.services.ingestion.ingestion import Ingestion
from app.services.jobs.queue import Jobs
from app.services.library.bases import Bases
from app.services.library.documents import Documents
from app.services.people.access import LOCAL_OWNER as ME
from app.services.search.chosen import choose
from app.services.search.in_database import DatabaseIndexes
from app.services.search.indexes import Indexes
from ingest.embedding.embedder import Embedder, TextKind, Vectors
from ingest.embedding.hashing import HashingEmbedder
from tests.postgres import fresh_database
from tests.sqlite import migrated_file
from vectorstore import vector_engine

WORKER = "worker-a"
HANDBOOK = "# 手册\n\n## 假期\n\n年假为每年十五天，须提前一周申请。\n"
MANUAL = "# Gateway\n\nThe gateway draws 12 watts from a 24 volt supply.\n"


class DisturbedEmbedder(HashingEmbedder):
    """Something happens while the vectors are computed."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__()
        self._happens = happens

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        self._happens()
        return super().embed(texts, kind=kind)


@dataclass(slots=True)
class Application:
    """The services below the API."""

    db: Database
    files: LocalFiles
    embedder: Embedder
    folder: Path

    @property
    def bases(self) -> Bases:
        return Bases(self.db, self.embedder.name, self.embedder.dim)

    @property
    def documents(self) -> Documents:
        return Documents(self.db, self.files, 1 << 22)

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.db)

    @property
    def ingestion(self) -> Ingestion:
        return Ingestion(self.db, self.files, self.jobs, self.embedder, 400)

    def indexes(self, embedder_name: str = "", memory_mib: float = 100) -> Indexes:
        """As a process that has just started has them."""
        engine = vector_engine("faiss", self.folder / "indexes")
        return Indexes(self.db, engine, embedder_name or self.embedder.name, memory_mib=memory_mib)

    def in_database(self, embedder_name: str = "") -> DatabaseIndexes:
        """As a process has them where pgvector is in charge."""
        return DatabaseIndexes(self.db, embedder_name or self.embedder.name)

    def base(self, name: str = "手册") -> str:
        return self.bases.create(ME, name).base.id

    def add(self, base_id: str, name: str, text: str) -> str:
        """Queue a document; its id."""
        return self.documents.accept_bytes(ME, base_id, name, text.encode()).document.id

    def drain(self, worker: str = WORKER) -> None:
        while (claim := self.jobs.claim(worker)) is not None:
            self.ingestion.run(claim, worker)

    def state(self, document_id: str) -> str:
        return self.documents.get(ME, document_id).document.state


@contextmanager
def searched_by(engine: str, postgres_server: str, folder: Path) -> Iterator[Application]:
    """An installation on PostgreSQL whose vectors are those of `engine`."""
    with fresh_database(postgres_server, migrated=True) as url:
        db = Database(url)
        with db.write() as session:
            choose(session, engine)
        yield Application(db, LocalFiles(folder / "files"), HashingEmbedder(), folder)
        db.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new database of each kind, with all tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{migrated_file(tmp_path / 'zhiwen.db')}"
    else:
        with fresh_database(request.getfixturevalue("postgres_server"), migrated=True) as fresh:
            yield fresh


@pytest.fixture
def application(url: str, tmp_path: Path) -> Iterator[Application]:
    db = Database(url)
    yield Application(db, LocalFiles(tmp_path / "files"), HashingEmbedder(), tmp_path)
    db.dispose()
