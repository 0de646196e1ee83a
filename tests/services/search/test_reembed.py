"""A base changes its embedder in one step; until then the old one answers."""

from collections.abc import Sequence

import numpy as np
import pytest
from sqlmodel import select

from app.db.tables import ChunkVector, KnowledgeBase, Reembedding
from app.services.errors import Conflict, NotFound, WrongEmbedder
from app.services.search.indexes import Indexes
from app.services.search.reembed import Reembed
from ingest.embedding.embedder import TextKind, Vectors
from ingest.embedding.hashing import HashingEmbedder
from tests.services.conftest import HANDBOOK, MANUAL, House

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
def base_id(house: House) -> str:
    base_id = house.base(NAME)
    house.add(base_id, "手册.md", HANDBOOK)
    rows = "\n\n".join(f"# 第{n}节\n\n" + f"设备每{n}天检查一次。" * 40 for n in range(200))
    house.add(base_id, "规程.md", rows)
    house.drain()
    return base_id


def base(house: House) -> KnowledgeBase:
    (summary,) = house.bases.all()
    return summary.base


def of_new(house: House) -> Indexes:
    return house.indexes("wider")


def ignore(_done: int, _total: int) -> None:
    pass


def found(indexes: Indexes, house: House, base_id: str, embedder: HashingEmbedder) -> list[int]:
    vector = embedder.embed(["年假十五天"], kind="query")
    return [match.id for match in indexes.search(vector, 3, [base_id])]


def test_the_base_changes_in_one_step(house: House, base_id: str) -> None:
    old, embedder = house.indexes(), Wider()
    before = found(old, house, base_id, HashingEmbedder())
    seen: list[list[int]] = []

    count = Reembed(house.db, embedder).run(
        NAME, lambda _d, _t: seen.append(found(old, house, base_id, HashingEmbedder()))
    )

    assert count == embedder.embedded == of_new(house).current(base_id).count() > 128
    assert seen and all(each == before for each in seen), "the old one answers meanwhile"
    assert (base(house).embedder, base(house).dim) == ("wider", 48)
    assert found(of_new(house), house, base_id, embedder)[0] == before[0]
    with pytest.raises(WrongEmbedder, match="zhiwen reembed '手册' --embedder hashing"):
        old.current(base_id)
    with house.db.read() as session:
        generations = set(session.exec(select(ChunkVector.generation)))
        assert generations == {base(house).generation}
        assert session.exec(select(Reembedding)).all() == []


def test_a_run_that_was_killed_is_taken_up(house: House, base_id: str) -> None:
    killed = Wider(texts_left=200)
    with pytest.raises(Killed):
        Reembed(house.db, killed).run(NAME, ignore)
    assert base(house).embedder == "hashing"
    assert house.indexes().current(base_id).count() > 128

    after = Wider()
    count = Reembed(house.db, after).run(NAME, ignore)

    assert 0 < killed.embedded < count
    assert after.embedded == count - killed.embedded
    assert of_new(house).current(base_id).count() == count


def test_what_is_added_and_deleted_meanwhile_is_there_and_gone(house: House, base_id: str) -> None:
    late: list[str] = []

    def meanwhile(done: int, total: int) -> None:
        if not late:
            late.append(house.add(base_id, "gateway.md", MANUAL))
            house.drain()
            (view,), _ = house.documents.page(base_id, limit=1, offset=0, name="手册")
            house.documents.delete(view.document.id)

    count = Reembed(house.db, Wider()).run(NAME, meanwhile)

    chunks = {c.id for c in house.documents.chunks(late[0], limit=9, offset=0)}
    assert chunks <= of_new(house).current(base_id).ids()
    assert of_new(house).current(base_id).count() == count == house.bases.get(base_id).chunk_count


def test_a_change_to_a_third_embedder_begins_anew(house: House, base_id: str) -> None:
    with pytest.raises(Killed):
        Reembed(house.db, Wider(texts_left=200)).run(NAME, ignore)
    third = Wider()
    third.name = "third"
    count = Reembed(house.db, third).run(NAME, ignore)
    assert third.embedded == count
    with house.db.read() as session:
        vectors = session.exec(select(ChunkVector)).all()
    assert len(vectors) == count
    assert {len(np.frombuffer(v.vector, "<f4")) for v in vectors} == {48}


def test_what_cannot_be_changed_is_said(house: House, base_id: str) -> None:
    with pytest.raises(NotFound):
        Reembed(house.db, Wider()).run("nowhere", ignore)
    with pytest.raises(Conflict, match="already"):
        Reembed(house.db, HashingEmbedder()).run(NAME, ignore)


def test_a_process_that_has_the_base_open_follows_there_and_back(
    house: House, base_id: str
) -> None:
    """Its index is of vectors two generations ago, and is of no use any more."""
    indexes = house.indexes()
    before = found(indexes, house, base_id, HashingEmbedder())
    indexes.save()
    old = indexes.current(base_id)
    Reembed(house.db, Wider()).run(NAME, ignore)
    with pytest.raises(WrongEmbedder):
        indexes.current(base_id)
    house.documents.delete(house.documents.page(base_id, limit=1, offset=0)[0][0].document.id)
    Reembed(house.db, HashingEmbedder()).run(NAME, ignore)

    store = indexes.current(base_id)

    assert store is not old
    assert store.ids() == house.indexes().current(base_id).ids() < old.ids()
    assert found(indexes, house, base_id, HashingEmbedder()) == found(
        house.indexes(), house, base_id, HashingEmbedder()
    )
    assert before
    indexes.save()
    assert len(list((house.folder / "indexes").iterdir())) == 1, "the older snapshot is gone"
