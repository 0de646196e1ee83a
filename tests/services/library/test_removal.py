"""What is removed is out of sight at once, and gone a little later, whatever happens meanwhile."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlmodel import SQLModel, func, select

from app.db import lexical
from app.db.files import LocalFiles
from app.db.tables import NOWHERE, RemovedBase, StoredChunk, StoredDocument
from app.services.errors import NotFound
from app.services.library.removal import (
    Purge,
    drop_unused_files,
    remove_base,
    remove_document,
)
from app.services.library.versions import take_in
from app.services.operations.reconcile import Reconciliation
from app.services.people.access import LOCAL_OWNER as ME
from tests.services.conftest import HANDBOOK, MANUAL, Application

MANY = 400
ALL = 1000  # slices, more than any test needs
OF_CONTENT = ("document", "document_text", "job", "chunk", "chunk_vector", "chunk_tombstone")
OF_REMOVAL = ("lexical_removal", "removed_base")


def sections(count: int, about: str) -> str:
    """A text of about that many chunks."""
    return "\n\n".join(
        f"# {about} {n}\n\n" + f"{about}每{n}天检查一次。" * 30 for n in range(count)
    )


@pytest.fixture
def base_id(application: Application) -> str:
    """A base of some documents, one of them with an earlier version."""
    base_id = application.base()
    application.add(base_id, "手册.md", HANDBOOK)
    application.drain()
    application.add(base_id, "手册.md", HANDBOOK + "\n病假另算。\n")
    application.add(base_id, "gateway.md", MANUAL)
    application.add(base_id, "规程.md", sections(60, "设备"))
    application.drain()
    application.add(base_id, "late.md", "Not read yet.")
    return base_id


def rows(application: Application, *names: str) -> dict[str, int]:
    tables = SQLModel.metadata.tables
    with application.db.read() as session:
        counts = {
            name: session.connection().scalar(select(func.count()).select_from(tables[name])) or 0
            for name in names or OF_CONTENT + OF_REMOVAL
        }
        return {"terms": len(lexical.ids(session)), **counts}


def take_away(application: Application, base_id: str) -> None:
    """The first step of a removal, as if the process had died right after it."""
    with application.db.write() as session:
        remove_base(session, base_id)


@contextmanager
def deleted_rows(application: Application) -> Iterator[list[int]]:
    """How many rows each transaction deletes. PostgreSQL's terms aside: they are withdrawn by
    deleting them, which keeps nobody waiting there."""
    deleted: list[int] = []

    def begin(_connection: Any) -> None:
        deleted.append(0)

    def executed(_c: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("DELETE") and "= ANY" not in statement:
            deleted[-1] += max(cursor.rowcount, 0)

    event.listen(application.db.engine, "begin", begin)
    event.listen(application.db.engine, "after_cursor_execute", executed)
    try:
        yield deleted
    finally:
        event.remove(application.db.engine, "begin", begin)
        event.remove(application.db.engine, "after_cursor_execute", executed)


def test_a_removed_base_is_out_of_sight_before_anything_is_deleted(
    application: Application, base_id: str
) -> None:
    (view, *_), _ = application.documents.page(ME, base_id, limit=1, offset=0)
    chunks = rows(application, "chunk")
    take_away(application, base_id)
    assert rows(application, "chunk") == chunks
    assert application.bases.all(ME) == []
    assert application.jobs.claim("worker-b") is None
    documents, document_id = application.documents, view.document.id
    looks: list[Callable[[], object]] = [
        lambda: application.bases.get(ME, base_id),
        lambda: documents.page(ME, base_id, limit=9, offset=0),
        lambda: application.indexes().current(base_id),
        lambda: documents.get(ME, document_id),
        lambda: documents.original(ME, document_id),
        lambda: documents.versions(ME, document_id),
    ]
    for look in looks:
        with pytest.raises(NotFound):
            look()
    assert (
        Reconciliation(application.db, application.files, application.indexes()).findings(
            repair=False
        )
        == []
    )
    assert application.base("手册"), "the name is free again"


@pytest.mark.parametrize("slices", [0, 1, 3])
def test_the_next_purge_goes_on_where_one_died(
    application: Application, base_id: str, slices: int
) -> None:
    other = application.base("Other")
    kept = application.add(other, "gateway.md", MANUAL)
    application.drain()
    expected = rows_of(application, other)
    take_away(application, base_id)
    Purge(application.db, application.files).run(slices)

    Purge(application.db, application.files).run(ALL)

    assert rows(application) == expected | dict.fromkeys(OF_REMOVAL, 0)
    sha256 = application.documents.get(ME, kept).document.sha256
    assert list(application.files.sums()) == [sha256], "these bytes were in both bases"
    assert application.indexes().current(other).count() == expected["chunk"]


def rows_of(application: Application, base_id: str) -> dict[str, int]:
    """What the tables hold of one document in a base of its own."""
    with application.db.read() as session:
        chunks = session.exec(select(func.count()).where(StoredChunk.base_id == base_id)).one()
    assert chunks > 0
    once = dict.fromkeys(("document", "document_text", "job"), 1)
    return {"terms": chunks, "chunk": chunks, "chunk_vector": chunks, "chunk_tombstone": 0, **once}


def test_no_transaction_deletes_more_the_larger_the_base_is(application: Application) -> None:
    base_id = application.base()
    application.add(base_id, "规程.md", sections(MANY, "设备"))
    application.drain()
    assert rows(application)["chunk"] >= MANY
    with deleted_rows(application) as deleted:
        application.documents.delete_base(ME, base_id)
        application.documents.purge.run(ALL)
    assert rows(application) == dict.fromkeys(("terms", *OF_CONTENT, *OF_REMOVAL), 0)
    assert sum(deleted) >= 2 * MANY
    assert max(deleted) <= MANY // 2


def test_no_transaction_deletes_more_the_larger_the_document_is(application: Application) -> None:
    base_id = application.base()
    document_id = application.add(base_id, "规程.md", sections(MANY, "设备"))
    application.add(base_id, "gateway.md", MANUAL)
    application.drain()
    open_elsewhere = application.indexes()
    assert open_elsewhere.current(base_id).count() > MANY
    with deleted_rows(application) as deleted:
        application.documents.delete(ME, document_id)
        assert open_elsewhere.current(base_id).count() == 1
        application.documents.purge.run(ALL)
    assert max(deleted) <= MANY // 2
    assert (
        open_elsewhere.current(base_id).count()
        == application.indexes().current(base_id).count()
        == 1
    )
    assert rows(application, "chunk", "chunk_vector") == {"terms": 1, "chunk": 1, "chunk_vector": 1}


def test_a_removed_document_is_in_no_index_before_its_rows_are_deleted(
    application: Application, base_id: str
) -> None:
    views, _ = application.documents.page(ME, base_id, limit=9, offset=0, name="规程")
    with application.db.write() as session:
        document = session.get_one(StoredDocument, views[0].document.id)
        chunk_ids = set(
            session.exec(select(StoredChunk.id).where(StoredChunk.document_id == document.id))
        )
        remove_document(session, document)
    assert len(chunk_ids) >= 60
    with application.db.read() as session:
        assert lexical.ids(session).isdisjoint(chunk_ids)
        assert session.get_one(StoredDocument, document.id).base_id == NOWHERE
    assert application.indexes().current(base_id).ids().isdisjoint(chunk_ids)
    with pytest.raises(NotFound):
        application.documents.get(ME, document.id)
    assert (
        Reconciliation(application.db, application.files, application.indexes()).findings(
            repair=False
        )
        == []
    )


def test_a_document_is_removed_once(application: Application, base_id: str) -> None:
    """Somebody else has removed it between the look and the lock."""
    views, _ = application.documents.page(ME, base_id, limit=1, offset=0, name="gateway")
    with application.db.write() as session:
        document = session.get_one(StoredDocument, views[0].document.id)
        remove_document(session, document)
        with pytest.raises(NotFound):
            remove_document(session, document)


class Dying(LocalFiles):
    """The process dies when the first bytes are to go."""

    def delete(self, *sums: str) -> None:
        raise KeyboardInterrupt


def test_bytes_whose_removal_was_cut_off_go_later(application: Application, base_id: str) -> None:
    take_away(application, base_id)
    with pytest.raises(KeyboardInterrupt):
        Purge(application.db, Dying(application.files.folder)).run(ALL)
    Purge(application.db, application.files).run(ALL)
    left = list(application.files.sums())
    assert left
    long_ago = time.time() - 7200
    for sha256 in left:
        os.utime(application.files.path(sha256), (long_ago, long_ago))
    Reconciliation(application.db, application.files, application.indexes()).drop_orphans()
    assert list(application.files.sums()) == []


def test_documents_of_a_base_that_nothing_lists_are_found(
    application: Application, base_id: str
) -> None:
    take_away(application, base_id)
    with application.db.write() as session:
        session.delete(session.get_one(RemovedBase, base_id))
    found = Reconciliation(application.db, application.files, application.indexes()).findings(
        repair=True
    )
    assert ("documents", True) in [(f.what, f.repaired) for f in found]
    Purge(application.db, application.files).run(ALL)
    assert rows(application) == dict.fromkeys(("terms", *OF_CONTENT, *OF_REMOVAL), 0)


def test_bytes_that_an_upload_is_about_to_use_stay(application: Application) -> None:
    """The upload has seen that they are there; whoever deletes them waits for its commit."""
    if application.db.dialect == "sqlite":
        pytest.skip("a writing session of SQLite is alone")
    base_id = application.base()
    with application.files.writer(1 << 20) as writer:
        writer.write(HANDBOOK.encode())
        stored = writer.commit()
    dropping = threading.Thread(
        target=drop_unused_files, args=(application.db, application.files, [stored.sha256])
    )
    with application.db.write() as session:
        take_in(session, application.files, base_id, "手册.md", stored)
        session.flush()
        dropping.start()
        until_someone_waits_for_a_lock(application)
    dropping.join()
    assert application.files.has(stored.sha256)


def until_someone_waits_for_a_lock(application: Application) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    for _ in range(10_000):
        with application.db.read() as session:
            if session.connection().scalar(waiting):
                return
    raise AssertionError("nobody waits")
