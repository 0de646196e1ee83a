"""Where pgvector is in charge, its tables say what the database says after each commit."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text

from app.db.tables import KnowledgeBase, PathRestriction, StoredChunk, StoredDocument
from app.rag.types import Scope
from app.services.errors import NotFound, WrongEmbedder
from app.services.library.vector_tables import PGVECTOR, store_name
from app.services.people.access import LOCAL_OWNER as ME
from app.services.search.reembed import Reembed
from ingest.embedding.embedder import Vectors
from tests.services.conftest import HANDBOOK, MANUAL, Application, searched_by
from tests.services.search.test_indexes import assert_equal_to_database
from tests.services.search.test_reembed import Wider
from vectorstore.pgvector import index


class Kill(BaseException):
    """Ends a commit at a moment of the test's choice."""


@pytest.fixture
def application(postgres_server: str, tmp_path: Path) -> Iterator[Application]:
    """An installation whose vectors are pgvector's."""
    with searched_by(PGVECTOR, postgres_server, tmp_path) as made:
        yield made


@pytest.fixture
def base_id(application: Application) -> str:
    return application.base()


def query(application: Application, words: str = "年假十五天") -> Vectors:
    return application.embedder.embed([words], kind="query")


def filled(application: Application, base_id: str) -> None:
    application.add(base_id, "手册.md", HANDBOOK)
    application.add(base_id, "gateway.md", MANUAL)
    application.drain()


def in_table(application: Application, base_id: str) -> set[int]:
    """What the table has, without any of the code that brings it up to date."""
    with application.db.read() as session:
        base = session.get_one(KnowledgeBase, base_id)
        saved = application.in_database().engine.saved(session.connection(), [store_name(base)])
    store, _ = saved[store_name(base)]
    assert store.sequence == base.sequence
    return store.ids()


def test_each_commit_changes_the_table_too(application: Application, base_id: str) -> None:
    first = application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    assert len(in_table(application, base_id)) == 1
    application.add(base_id, "gateway.md", MANUAL)
    application.drain()
    assert len(in_table(application, base_id)) == 2
    application.documents.delete(ME, first)
    assert len(in_table(application, base_id)) == 1
    assert_equal_to_database(application, application.in_database(), base_id)


def test_a_new_version_takes_the_place_of_the_old_one(
    application: Application, base_id: str
) -> None:
    filled(application, base_id)
    before = in_table(application, base_id)
    application.add(base_id, "手册.md", HANDBOOK.replace("十五", "二十"))
    application.drain()
    after = in_table(application, base_id)
    assert len(after) == 2
    assert len(after & before) == 1


def test_a_base_without_documents_is_searched(application: Application, base_id: str) -> None:
    assert application.in_database().search(query(application), 5, Scope((base_id,))) == []
    assert application.in_database().current(base_id).ids() == set()


def test_several_bases_are_searched_in_one_statement(
    application: Application, base_id: str
) -> None:
    filled(application, base_id)
    others = [application.base(f"base {number}") for number in range(3)]
    for number, other in enumerate(others[:2]):
        application.add(other, "note.md", f"# {number}\n\n年假 {number} 天\n")
    application.drain()
    indexes = application.in_database()
    statements: list[str] = []
    event.listen(
        application.db.engine, "before_cursor_execute", lambda *of: statements.append(of[2])
    )
    found = indexes.search(query(application), 4, Scope((base_id, *others)))
    assert sum("<#>" in statement for statement in statements) == 1
    assert len(found) == 4
    apart = [
        match
        for each in (base_id, *others)
        for match in indexes.search(query(application), 10, Scope((each,)))
    ]
    assert found == sorted(apart, key=lambda match: (-match.score, match.id))


def test_only_and_withheld_are_part_of_the_search(application: Application, base_id: str) -> None:
    filled(application, base_id)
    indexes = application.in_database()
    best, other = indexes.search(query(application), 5, Scope((base_id,)))
    assert indexes.search(query(application), 1, Scope((base_id,)), only=[other.id]) == [other]
    with application.db.read() as session:
        document_id = session.get_one(StoredChunk, best.id).document_id
        path = session.get_one(StoredDocument, document_id).path
    with application.db.write() as session:
        session.add(PathRestriction(id="r", base_id=base_id, path=path))
    hidden = Scope((base_id,), withheld=frozenset({"r"}))
    assert indexes.search(query(application), 1, hidden) == [other]


def test_a_commit_that_is_killed_leaves_neither_chunk_nor_vector(
    application: Application, base_id: str
) -> None:
    filled(application, base_id)
    before = in_table(application, base_id)
    application.add(base_id, "late.txt", "年假可以延到明年三月。")
    written: list[str] = []

    def note(*of: object) -> None:
        if str(of[2]).startswith("UPDATE zhiwen_vectors.store"):
            written.append(str(of[2]))

    def kill(_connection: Connection) -> None:
        if written:
            raise Kill

    event.listen(application.db.engine, "after_cursor_execute", note)
    event.listen(application.db.engine, "commit", kill)
    with pytest.raises(Kill):
        application.drain()
    event.remove(application.db.engine, "commit", kill)
    assert written, "all but the commit was done"
    assert in_table(application, base_id) == before
    assert_equal_to_database(application, application.in_database(), base_id)


def test_many_writers_leave_what_the_database_has(application: Application, base_id: str) -> None:
    for number in range(24):
        application.add(base_id, f"{number}.md", f"# {number}\n\n年假 {number} 天\n")
    workers = [
        threading.Thread(target=application.drain, args=(f"worker-{number}",))
        for number in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(in_table(application, base_id)) == 24
    assert_equal_to_database(application, application.in_database(), base_id)


def _behind(application: Application) -> None:
    with application.db.write() as session:
        session.connection().execute(text("UPDATE zhiwen_vectors.store SET sequence = 0"))
        session.connection().execute(text("DELETE FROM zhiwen_vectors.store_1"))


def _gone(application: Application) -> None:
    with application.db.write() as session:
        session.connection().execute(text("DROP SCHEMA zhiwen_vectors CASCADE"))


@pytest.mark.parametrize("damage", [_behind, _gone])
def test_what_an_older_release_wrote_is_caught_up_with(
    application: Application, base_id: str, damage: Callable[[Application], None]
) -> None:
    filled(application, base_id)
    damage(application)
    assert_equal_to_database(application, application.in_database(), base_id)
    assert len(in_table(application, base_id)) == 2


def test_a_table_that_differs_is_found_and_built_anew(
    application: Application, base_id: str
) -> None:
    filled(application, base_id)
    indexes = application.in_database()
    assert indexes.differences(base_id, repair=False) == 0
    with application.db.write() as session:
        session.connection().execute(
            text("DELETE FROM zhiwen_vectors.store_1 WHERE id = (SELECT max(id) FROM chunk)")
        )
    assert indexes.differences(base_id, repair=False) == 1
    assert indexes.differences(base_id, repair=True) == 1
    assert indexes.differences(base_id, repair=False) == 0
    assert_equal_to_database(application, indexes, base_id)


def test_tables_of_removed_bases_are_dropped(application: Application, base_id: str) -> None:
    filled(application, base_id)
    kept = application.base("kept")
    application.add(kept, "gateway.md", MANUAL)
    application.drain()
    indexes = application.in_database()
    application.documents.delete_base(ME, base_id)
    with pytest.raises(NotFound):
        indexes.search(query(application), 5, Scope((base_id,)))
    assert indexes.sweep() == 1
    assert indexes.engine.names() == {kept}
    assert indexes.sweep() == 0


def test_a_base_that_is_embedded_anew_gets_a_table_of_its_own(
    application: Application, base_id: str
) -> None:
    filled(application, base_id)
    with pytest.raises(WrongEmbedder):
        application.in_database("wider").search(query(application), 5, Scope((base_id,)))
    made: list[str] = []
    event.listen(
        application.db.engine,
        "before_cursor_execute",
        lambda *of: made.append(of[2]) if of[2].startswith(("CREATE TABLE", "UPDATE know")) else 0,
    )
    Reembed(application.db, Wider()).run("手册", lambda _done, _all: None)
    assert [each.split()[0] for each in made[:2]] == ["CREATE", "UPDATE"], "before the switch"
    indexes = application.in_database("wider")
    vector = Wider().embed(["年假十五天"], kind="query")
    assert len(indexes.search(vector, 5, Scope((base_id,)))) == 2
    assert len(in_table(application, base_id)) == 2
    assert indexes.sweep() == 1, "the table of the generation before"


def test_what_is_committed_while_its_new_table_is_filled_is_in_it(
    application: Application, base_id: str
) -> None:
    """The new vectors of such a document are there some moments later."""
    filled(application, base_id)
    late: list[str] = []

    def add_late(*of: object) -> None:
        if not late and str(of[2]).startswith("INSERT INTO zhiwen_vectors.store_2"):
            late.append(application.add(base_id, "late.txt", "年假可以延到明年三月。"))
            application.drain()

    event.listen(application.db.engine, "before_cursor_execute", add_late)
    made: list[str] = []
    event.listen(
        application.db.engine,
        "before_cursor_execute",
        lambda *of: made.append(of[2]) if of[2].startswith("CREATE TABLE") else 0,
    )
    assert Reembed(application.db, Wider()).run("手册", lambda _done, _all: None) == 3
    assert len(in_table(application, base_id)) == 3
    assert application.in_database("wider").differences(base_id, repair=False) == 0
    assert len(made) == 1, "what was built is gone on with"


def test_a_large_table_gets_a_graph_which_searches_use(
    application: Application, base_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And which goes on with what is written later, and by an interrupted run is built anew."""
    monkeypatch.setattr(index, "ROWS", 2)
    filled(application, base_id)
    indexes = application.in_database()
    indexes.optimise()
    assert graphs(application) == ["graph_1"]
    with application.db.write() as session:
        session.connection().execute(
            text("UPDATE pg_index SET indisvalid = false WHERE indexrelid = :graph ::regclass"),
            {"graph": "zhiwen_vectors.graph_1"},
        )
    indexes.optimise()
    indexes.optimise()
    assert graphs(application) == ["graph_1"]
    application.add(base_id, "late.txt", "年假可以延到明年三月。")
    application.drain()
    assert_equal_to_database(application, indexes, base_id)


def graphs(application: Application) -> list[str]:
    """Names of those that are whole."""
    query = text(
        "SELECT relname FROM pg_class JOIN pg_index ON indexrelid = oid"
        " WHERE relname LIKE 'graph%' AND indisvalid"
    )
    with application.db.read() as session:
        return list(session.connection().scalars(query))
