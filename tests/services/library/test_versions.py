"""A changed file replaces its former version in one step; what cited that one still finds it."""

import hashlib

import pytest
from sqlalchemy import event
from sqlmodel import select

from app.db import lexical
from app.db.tables import (
    ChunkVector,
    DocumentPath,
    LexicalRemoval,
    StoredChunk,
    StoredDocument,
    microseconds,
)
from app.services.errors import Invalid, NotFound
from app.services.library.paths import clean_path, paths_of
from app.services.people.access import LOCAL_OWNER as ME
from tests.services.conftest import Application

OLD = "# 手册\n\n年假为每年十五天，须提前一周申请。\n"
NEW = "# 手册\n\n年假为每年二十天，须提前两周申请。\n"
OTHER = "# Gateway\n\nThe gateway draws 12 watts.\n"


@pytest.fixture
def base_id(application: Application) -> str:
    return application.base()


def chunk_ids(application: Application, *document_ids: str) -> set[int]:
    return {
        c.id or 0
        for d in document_ids
        for c in application.documents.chunks(ME, d, limit=99, offset=0)
    }


def assert_only_these_are_found(application: Application, base_id: str, *document_ids: str) -> None:
    """Every index holds the chunks of these documents and no others, before and after a purge."""
    expected = chunk_ids(application, *document_ids)
    for _ in range(2):
        with application.db.read() as session:
            assert lexical.ids(session) == expected
            found = lexical.search(session, "年假 gateway", 99, [base_id])
        assert {match.id for match in found} == expected
        assert application.indexes().current(base_id).ids() == expected
        application.documents.purge.run(99)
    with application.db.read() as session:
        assert session.exec(select(LexicalRemoval)).all() == []


def listed(application: Application, base_id: str) -> list[tuple[str, int, str]]:
    views, total = application.documents.page(ME, base_id, limit=50, offset=0)
    assert total == len(views)
    return sorted((v.document.path, v.document.version, v.document.state) for v in views)


def test_a_changed_file_replaces_its_former_version(application: Application, base_id: str) -> None:
    first = application.add(base_id, "手册.md", OLD)
    application.drain()
    indexes = application.indexes()
    assert indexes.current(base_id).ids() == chunk_ids(application, first)

    second = application.add(base_id, "手册.md", NEW)
    assert application.state(first) == "ready", "the old one answers until the new one is ready"
    assert_only_these_are_found(application, base_id, first)
    application.drain()

    assert (application.state(first), application.state(second)) == ("superseded", "ready")
    assert_only_these_are_found(application, base_id, second)
    assert indexes.current(base_id).ids() == chunk_ids(application, second)
    assert listed(application, base_id) == [("手册.md", 2, "ready")]
    assert application.bases.get(ME, base_id).chunk_count == len(chunk_ids(application, second))


def test_an_old_version_is_still_there_to_be_read(application: Application, base_id: str) -> None:
    first = application.add(base_id, "手册.md", OLD)
    application.drain()
    second = application.add(base_id, "手册.md", NEW)
    application.drain()
    assert "十五天" in application.documents.text(ME, first, 0, 1000).text
    assert any(
        "十五天" in c.text for c in application.documents.chunks(ME, first, limit=9, offset=0)
    )
    with application.documents.original(ME, first)[1] as path:
        assert path.read_text("utf-8") == OLD
    versions = application.documents.versions(ME, second)
    assert [(v.document.id, v.document.version) for v in versions] == [(second, 2), (first, 1)]


def test_a_version_that_cannot_be_read_replaces_nothing(
    application: Application, base_id: str
) -> None:
    first = application.add(base_id, "手册.md", OLD)
    application.drain()
    broken = application.add(base_id, "手册.md", "\n \n")
    application.drain()
    assert (application.state(first), application.state(broken)) == ("ready", "failed")
    assert_only_these_are_found(application, base_id, first)
    third = application.add(base_id, "手册.md", NEW)
    application.drain()
    assert (application.state(broken), application.state(third)) == ("superseded", "ready")
    assert listed(application, base_id) == [("手册.md", 3, "ready")]


def test_going_back_to_the_former_bytes(application: Application, base_id: str) -> None:
    application.add(base_id, "手册.md", OLD)
    application.drain()
    application.add(base_id, "手册.md", NEW)
    application.drain()
    third = application.add(base_id, "手册.md", OLD)
    application.drain()
    assert listed(application, base_id) == [("手册.md", 3, "ready")]
    assert_only_these_are_found(application, base_id, third)


def test_going_back_before_the_change_was_read(application: Application, base_id: str) -> None:
    """The last upload decides, also where its bytes are those that answer still."""
    first = application.add(base_id, "手册.md", OLD)
    application.drain()
    second = application.add(base_id, "手册.md", NEW)
    assert application.add(base_id, "手册.md", OLD) == first
    application.drain()
    assert (application.state(first), application.state(second)) == ("ready", "superseded")
    assert_only_these_are_found(application, base_id, first)


def test_a_change_of_a_copy_before_the_original_was_read(
    application: Application, base_id: str
) -> None:
    """The copy's path is the change's, in whatever order the two are read."""
    first = application.add(base_id, "a.md", OLD)
    assert application.add(base_id, "b.md", OLD) == first
    changed = application.add(base_id, "a.md", NEW)
    claim = application.jobs.claim("worker-a")
    application.drain("worker-b")
    assert claim is not None
    assert listed(application, base_id) == [("a.md", 1, "queued"), ("a.md", 1, "ready")]
    application.ingestion.run(claim, "worker-a")
    assert listed(application, base_id) == [("a.md", 1, "ready"), ("b.md", 1, "ready")]
    assert_only_these_are_found(application, base_id, first, changed)


def test_versions_that_are_finished_in_the_wrong_order(
    application: Application, base_id: str
) -> None:
    first, second = (application.add(base_id, "手册.md", text) for text in (OLD, NEW))
    slow, quick = application.jobs.claim("worker-a"), application.jobs.claim("worker-b")
    assert slow is not None and quick is not None
    application.ingestion.run(quick, "worker-b")
    assert_only_these_are_found(application, base_id, second)
    application.ingestion.run(slow, "worker-a")
    assert (application.state(first), application.state(second)) == ("superseded", "ready")
    assert_only_these_are_found(application, base_id, second)
    assert "十五天" in application.documents.text(ME, first, 0, 1000).text


def test_the_same_bytes_at_two_paths_are_one_document(
    application: Application, base_id: str
) -> None:
    first = application.add(base_id, "a/手册.md", OLD)
    assert application.add(base_id, "b/手册.md", OLD) == first
    application.drain()
    assert_only_these_are_found(application, base_id, first)

    changed = application.add(base_id, "a/手册.md", NEW)
    application.drain()
    assert listed(application, base_id) == [("a/手册.md", 1, "ready"), ("b/手册.md", 1, "ready")]
    assert_only_these_are_found(application, base_id, first, changed)

    assert application.add(base_id, "b/手册.md", NEW) == changed
    assert listed(application, base_id) == [("a/手册.md", 1, "ready")]
    assert_only_these_are_found(application, base_id, changed)
    assert [v.document.id for v in application.documents.versions(ME, changed)] == [
        changed,
        first,
    ]


def test_the_same_name_in_two_folders_is_two_documents(
    application: Application, base_id: str
) -> None:
    first, second = (
        application.add(base_id, "a/手册.md", OLD),
        application.add(base_id, "b/手册.md", NEW),
    )
    application.drain()
    assert_only_these_are_found(application, base_id, first, second)


def test_deleting_what_answers_deletes_its_history(application: Application, base_id: str) -> None:
    first = application.add(base_id, "手册.md", OLD)
    application.drain()
    second = application.add(base_id, "手册.md", NEW)
    application.drain()
    other = application.add(base_id, "gateway.md", OTHER)
    application.drain()
    application.documents.delete(ME, second)
    for gone in (first, second):
        with pytest.raises(NotFound):
            application.documents.get(ME, gone)
    assert_only_these_are_found(application, base_id, other)
    assert len(list((application.folder / "files").glob("??/*"))) == 1
    with application.db.read() as session:
        chunks = session.exec(select(StoredChunk.id)).all()
        assert sorted(session.exec(select(ChunkVector.chunk_id))) == sorted(i or 0 for i in chunks)


def test_deleting_an_old_version_leaves_the_present_one(
    application: Application, base_id: str
) -> None:
    first = application.add(base_id, "手册.md", OLD)
    application.drain()
    second = application.add(base_id, "手册.md", NEW)
    application.drain()
    application.documents.delete(ME, first)
    assert [v.document.id for v in application.documents.versions(ME, second)] == [second]
    assert_only_these_are_found(application, base_id, second)


def test_what_a_base_has_is_told_by_path_and_bytes(application: Application, base_id: str) -> None:
    first = application.add(base_id, "a/手册.md", OLD)
    second = application.add(base_id, "a/手册.md", NEW)
    old, new = (application.documents.get(ME, d).document.sha256 for d in (first, second))
    asked = [("a/手册.md", new), ("a/手册.md", old), ("b/手册.md", new), ("c.md", "0" * 64)]
    for _ in range(2):
        found = application.documents.known(ME, base_id, asked)
        assert [v and v.document.id for v in found] == [second, None, None, None]
        application.drain()


def test_a_path_is_found_without_reading_other_documents(
    application: Application, base_id: str
) -> None:
    for number in range(12):
        for folder in ("a", "b"):
            application.add(
                base_id, f"{folder}/{number}.md", f"# {number}\n\nBay {number} is open.\n"
            )
    views, _ = application.documents.page(ME, base_id, limit=50, offset=0)
    sums = {view.document.path: view.document.sha256 for view in views}
    read: list[str] = []

    def note(document: StoredDocument, _context: object) -> None:
        read.append(document.path)

    event.listen(StoredDocument, "load", note)
    try:
        application.add(base_id, "b/3.md", "# 3\n\nBay 3 is closed.\n")
        assert set(read) == {"a/3.md"}
        read.clear()
        found = application.documents.known(
            ME, base_id, [("a/5.md", sums["a/5.md"]), ("b/3.md", "0" * 64)]
        )
        assert set(read) == {"a/5.md"}
    finally:
        event.remove(StoredDocument, "load", note)
    assert [v and v.document.path for v in found] == ["a/5.md", None]


def test_the_first_path_moves_on_when_it_is_taken(application: Application, base_id: str) -> None:
    first = application.add(base_id, "a.md", OLD)
    assert application.add(base_id, "c.md", OLD) == application.add(base_id, "b.md", OLD) == first
    application.drain()
    application.add(base_id, "a.md", NEW)
    application.drain()
    document = application.documents.get(ME, first).document
    assert (document.path, document.name) == ("b.md", "b.md")
    with application.db.read() as session:
        sent = paths_of(session, first)
    assert sent.keys() == {"b.md", "c.md"}
    assert microseconds(document.created_at) == sent["b.md"]


def test_a_removed_document_leaves_no_paths(application: Application, base_id: str) -> None:
    first = application.add(base_id, "a.md", OLD)
    application.add(base_id, "b.md", OLD)
    application.drain()
    application.documents.delete(ME, first)
    again = application.add(base_id, "a.md", OLD)
    with application.db.read() as session:
        rows = session.exec(select(DocumentPath)).all()
    assert [(row.document_id, row.path) for row in rows] == [(again, "a.md")]
    application.documents.delete_base(ME, base_id)
    application.documents.purge.run(99)
    with application.db.read() as session:
        assert session.exec(select(DocumentPath)).all() == []


def test_a_path_fits_the_index_of_both_databases(application: Application, base_id: str) -> None:
    digest = "".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(40))
    longest = digest[: 2000 - len("/a.md")] + "/a.md"
    document_id = application.add(base_id, longest, OLD)
    assert application.documents.get(ME, document_id).document.path == longest
    with pytest.raises(Invalid):
        clean_path("路" * 850 + "/a.md")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.txt", "etc/passwd.txt"),
        ("C:\\Users\\me\\手册.md", "C:/Users/me/手册.md"),
        ("/a//./b/\u0007x.md", "a/b/x.md"),
    ],
)
def test_a_path_never_leaves_its_folder(sent: str, kept: str) -> None:
    assert clean_path(sent) == kept


@pytest.mark.parametrize("sent", ["", "..", "a/", "a/b/.."])
def test_a_path_needs_a_name(sent: str) -> None:
    with pytest.raises(Invalid):
        clean_path(sent)
