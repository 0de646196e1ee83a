"""Chunks by their places, in databases of both kinds."""

from sqlmodel import select

from app.db.tables import StoredChunk
from app.services.search.search import Passages
from tests.services.conftest import Application


def test_chunks_are_read_at_the_places_that_are_named(application: Application) -> None:
    text = "\n\n".join(f"# 第{n}条\n\n" + f"本条规定第{n}项事宜。" * 12 for n in range(450))
    base_id = application.base()
    long = application.add(base_id, "规章.md", text)
    application.add(base_id, "附则.md", "附则自公布之日起施行。")
    application.drain()
    with application.db.read() as session:
        rows = session.exec(select(StoredChunk.document_id, StoredChunk.ordinal)).all()
    every_second = {key for key in rows if key[1] % 2 == 0}
    assert len(every_second) > 200

    passages = Passages(application.db)

    def found(keys: set[tuple[str, int]]) -> set[tuple[str, int]]:
        return {(p.document_id, p.ordinal) for p in passages.hydrate(keys)}

    assert found(every_second) == every_second
    assert found({(long, 0), (long, 1), (long, 10**6), ("0" * 32, 0)}) == {(long, 0), (long, 1)}
    assert found(set(rows)) == set(rows)
    assert found(set()) == set()
