"""A base changes its embedder in one step; until then the old one answers."""

from collections.abc import Sequence

import numpy as np
import pytest
from sqlmodel import select

from app.db.tables import ChunkVector, KnowledgeBase, Reembedding
from app.rag.types import Scope
from app.services.errors import Conflict, NotFound, WrongEmbedder
from app.services.people.access import LOCAL_OWNER as ME
from app.services.search.indexes import Indexes
from app.services.search.reembed import Reembed
from ingest.embedding.embedder import TextKind, Vectors
from ingest.embedding.hashing import HashingEmbedder
from tests.services.conftest import HANDBOOK, MANUAL, Application

NAME = "手册"


class Killed(BaseException):
    """As by kill -9: nothing catches it."""


class Wider(HashingEmbedder):
    """Another embedder, which may be killed after some texts."""

    def __init__(self, *, texts_left: int = 10_000) -> None:
        super().__init__(dim=48)
        self.name = "wider"
        self.texts_left = texts_left
        self.embedded = 0

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        if self.embedded + len(texts) > self.texts_left:
            raise Killed
        self.embedded += len(texts)
        return super().embed(texts, kind=kind)


@pytest.fixture
def base_id(application: Application) -> str:
    base_id = application.base(NAME)
    application.add(base_id, "手册.md", HANDBOOK)
    rows = "\n\n".join(f"# 第{n}节\n\n" + f"设备每{n}天检查一次。" * 40 for n in range(200))
    application.add(base_id, "规程.md", rows)
    application.drain()
    return base_id


def base(application: Application) -> KnowledgeBase:
    (summary,) = application.bases.all(ME)
    return summary.base


def of_new(application: Application) -> Indexes:
    return application.indexes("wider")


def ignore(_done: int, _total: int) -> None:
    pass


def found(
    indexes: Indexes, application: Application, base_id: str, embedder: HashingEmbedder
) -> list[int]:
    vector = embedder.embed(["年假十五天"], kind="query")
    return [match.id for match in indexes.search(vector, 3, Scope((base_id,)))]


def test_the_base_changes_in_one_step(application: Application, base_id: str) -> None:
    old, embedder = application.indexes(), Wider()
    before = found(old, application, base_id, HashingEmbedder())
    seen: list[list[int]] = []

    count = Reembed(application.db, embedder).run(
        NAME, lambda _d, _t: seen.append(found(old, application, base_id, HashingEmbedder()))
    )

    assert count == embedder.embedded == of_new(application).current(base_id).count() > 128
    assert seen and all(each == before for each in seen), "the old one answers meanwhile"
    assert (base(application).embedder, base(application).dim) == ("wider", 48)
    assert found(of_new(application), application, base_id, embedder)[0] == before[0]
    with pytest.raises(WrongEmbedder, match="zhiwen reembed '手册' --embedder hashing"):
        old.current(base_id)
    with application.db.read() as session:
        generations = set(session.exec(select(ChunkVector.generation)))
        assert generations == {base(application).generation}
        assert session.exec(select(Reembedding)).all() == []


def test_a_run_that_was_killed_is_taken_up(application: Application, base_id: str) -> None:
    killed = Wider(texts_left=200)
    with pytest.raises(Killed):
        Reembed(application.db, killed).run(NAME, ignore)
    assert base(application).embedder == "hashing"
    assert application.indexes().current(base_id).count() > 128

    after = Wider()
    count = Reembed(application.db, after).run(NAME, ignore)

    assert 0 < killed.embedded < count
    assert after.embedded == count - killed.embedded
    assert of_new(application).current(base_id).count() == count


def test_what_is_added_and_deleted_meanwhile_is_there_and_gone(
    application: Application, base_id: str
) -> None:
    late: list[str] = []

    def meanwhile(done: int, total: int) -> None:
        if not late:
            late.append(application.add(base_id, "gateway.md", MANUAL))
            application.drain()
            (view,), _ = application.documents.page(ME, base_id, limit=1, offset=0, name="手册")
            application.documents.delete(ME, view.document.id)

    count = Reembed(application.db, Wider()).run(NAME, meanwhile)

    chunks = {c.id for c in application.documents.chunks(ME, late[0], limit=9, offset=0)}
    assert chunks <= of_new(application).current(base_id).ids()
    assert (
        of_new(application).current(base_id).count()
        == count
        == application.bases.get(ME, base_id).chunk_count
    )


def test_a_change_to_a_third_embedder_begins_anew(application: Application, base_id: str) -> None:
    with pytest.raises(Killed):
        Reembed(application.db, Wider(texts_left=200)).run(NAME, ignore)
    third = Wider()
    third.name = "third"
    count = Reembed(application.db, third).run(NAME, ignore)
    assert third.embedded == count
    with application.db.read() as session:
        vectors = session.exec(select(ChunkVector)).all()
    assert len(vectors) == count
    assert {len(np.frombuffer(v.vector, "<f4")) for v in vectors} == {48}


def test_what_cannot_be_changed_is_said(application: Application, base_id: str) -> None:
    with pytest.raises(NotFound):
        Reembed(application.db, Wider()).run("nowhere", ignore)
    with pytest.raises(Conflict, match="already"):
        Reembed(application.db, HashingEmbedder()).run(NAME, ignore)


def test_a_process_that_has_the_base_open_follows_there_and_back(
    application: Application, base_id: str
) -> None:
    """Its index is of vectors two generations ago, and is of no use any more."""
    indexes = application.indexes()
    before = found(indexes, application, base_id, HashingEmbedder())
    indexes.save()
    old = indexes.current(base_id)
    Reembed(application.db, Wider()).run(NAME, ignore)
    with pytest.raises(WrongEmbedder):
        indexes.current(base_id)
    application.documents.delete(
        ME,
        application.documents.page(ME, base_id, limit=1, offset=0)[0][0].document.id,
    )
    Reembed(application.db, HashingEmbedder()).run(NAME, ignore)

    store = indexes.current(base_id)

    assert store is not old
    assert store.ids() == application.indexes().current(base_id).ids() < old.ids()
    assert found(indexes, application, base_id, HashingEmbedder()) == found(
        application.indexes(), application, base_id, HashingEmbedder()
    )
    assert before
    indexes.save()
    assert len(list((application.folder / "indexes").iterdir())) == 1, "the older snapshot is gone"
