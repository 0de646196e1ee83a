"""Files go to another base alone or as a copy; files of one conversation go with it or its day."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlmodel import select

from app.db.tables import (
    Conversation,
    Job,
    KnowledgeBase,
    PathRestriction,
    StoredDocument,
    utc_now,
)
from app.services.answers.conversations import Conversations
from app.services.errors import Conflict, NotFound
from app.services.library.bases import ATTACHED_FOR
from app.services.library.moving import Moving
from app.services.people.access import LOCAL_OWNER as ME
from app.services.people.audit import Audit
from app.services.people.retention import Retention
from tests.services.conftest import HANDBOOK, MANUAL, Application

FILE = "制度/手册.md"


@pytest.fixture
def moving(application: Application) -> Moving:
    return Moving(application.db, application.files)


def paths(application: Application, base_id: str) -> list[tuple[str, str]]:
    views, _ = application.documents.page(ME, base_id, limit=50, offset=0)
    return sorted((view.document.path, view.document.state) for view in views)


def searched(application: Application, base_id: str) -> int:
    return len(application.indexes().current(base_id).ids())


def test_a_moved_file_leaves_one_base_and_is_read_in_the_other(
    application: Application, moving: Moving
) -> None:
    here, there = application.base("甲"), application.base("乙")
    document_id = application.add(here, FILE, HANDBOOK)
    application.drain()
    moved = moving.move(ME, document_id, there).document
    assert (moved.path, moved.state) == (FILE, "queued")
    assert paths(application, here) == [] and searched(application, here) == 0
    with pytest.raises(NotFound):
        application.documents.get(ME, document_id)
    application.drain()
    assert paths(application, there) == [(FILE, "ready")] and searched(application, there) > 0
    assert application.files.path(moved.sha256).exists()


def test_a_kept_file_is_in_both(application: Application, moving: Moving) -> None:
    here, there = application.base("甲"), application.base("乙")
    document_id = application.add(here, FILE, HANDBOOK)
    application.drain()
    moving.move(ME, document_id, there, keep=True)
    application.drain()
    assert paths(application, here) == paths(application, there) == [(FILE, "ready")]
    assert searched(application, here) == searched(application, there) > 0


def test_it_is_the_next_version_of_what_lies_there(
    application: Application, moving: Moving
) -> None:
    here, there = application.base("甲"), application.base("乙")
    application.add(there, FILE, MANUAL)
    document_id = application.add(here, FILE, HANDBOOK)
    application.drain()
    assert moving.move(ME, document_id, there).document.version == 2
    application.drain()
    assert paths(application, there) == [(FILE, "ready")]


def test_bytes_that_are_there_already_get_all_its_paths(
    application: Application, moving: Moving
) -> None:
    here, there = application.base("甲"), application.base("乙")
    application.add(there, "旧名.md", HANDBOOK)
    document_id = application.add(here, FILE, HANDBOOK)
    application.add(here, "副本.md", HANDBOOK)
    application.drain()
    moving.move(ME, document_id, there)
    newest, _ = application.documents.page(ME, there, limit=5, offset=0)
    assert len(newest) == 1
    known = application.documents.known(
        ME, there, [(path, newest[0].document.sha256) for path in (FILE, "副本.md", "旧名.md")]
    )
    assert all(known)


def test_bytes_that_could_not_be_read_there_are_read_again(
    application: Application, moving: Moving
) -> None:
    here, there = application.base("甲"), application.base("乙")
    failed = application.add(there, FILE, HANDBOOK)
    with application.db.write() as session:
        session.get_one(StoredDocument, failed).state = "failed"
        session.exec(delete(Job))
    document_id = application.add(here, FILE, HANDBOOK)
    application.drain()
    moving.move(ME, document_id, there)
    application.drain()
    assert paths(application, there) == [(FILE, "ready")]


def test_what_is_refused_stays_where_it_is(application: Application, moving: Moving) -> None:
    here, there = application.base("甲"), application.base("乙")
    document_id = application.add(here, FILE, HANDBOOK)
    application.drain()
    with pytest.raises(Conflict) as refused:
        moving.move(ME, document_id, here)
    assert refused.value.code == "same_base"
    with pytest.raises(NotFound):
        moving.move(ME, document_id, "nowhere")
    with application.db.write() as session:
        session.add(PathRestriction(base_id=here, path="制度/"))
    for keep in (True, False):
        with pytest.raises(Conflict) as refused:
            moving.move(ME, document_id, there, keep=keep)
        assert refused.value.code == "document_restricted"
    assert paths(application, here) == [(FILE, "ready")] and paths(application, there) == []


def test_a_newer_version_that_waits_is_not_lost(application: Application, moving: Moving) -> None:
    here, there = application.base("甲"), application.base("乙")
    document_id = application.add(here, FILE, HANDBOOK)
    application.drain()
    application.add(here, FILE, MANUAL)
    with pytest.raises(Conflict) as refused:
        moving.move(ME, document_id, there)
    assert refused.value.code == "newer_version"
    application.drain()
    assert paths(application, here) == [(FILE, "ready")]


def test_moves_in_both_directions_at_once_end(application: Application, moving: Moving) -> None:
    bases = [application.base("甲"), application.base("乙")]
    ids = [
        [application.add(base, f"{base}-{n}.md", f"{base} 第 {n} 条") for n in range(5)]
        for base in bases
    ]
    application.drain()
    failed: list[BaseException] = []

    def run(some: list[str], to: str) -> None:
        try:
            for document_id in some:
                moving.move(ME, document_id, to)
        except BaseException as error:
            failed.append(error)

    threads = [
        threading.Thread(target=run, args=(ids[0], bases[1])),
        threading.Thread(target=run, args=(ids[1], bases[0])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [len(paths(application, base)) for base in bases] == [5, 5]


def attached(application: Application) -> str:
    base_id = application.bases.attach(ME).base.id
    application.add(base_id, FILE, HANDBOOK)
    application.drain()
    return base_id


def test_attached_files_are_searched_but_in_no_list(application: Application) -> None:
    shown, base_id = application.base(), attached(application)
    assert [each.base.id for each in application.bases.all(ME)] == [shown]
    assert application.bases.get(ME, base_id).ready_count == 1
    assert application.bases.attached(ME, base_id) == base_id
    assert application.bases.attached(ME, "gone") is application.bases.attached(ME, None) is None
    assert searched(application, base_id) > 0


def test_attached_files_go_with_their_conversation(application: Application) -> None:
    shown, base_id = application.base(), attached(application)
    with application.db.write() as session:
        # its last question was asked of another base alone
        conversation = Conversation(owner_id=ME.person_id, base_ids=[shown], attached_id=base_id)
        session.add(conversation)
    Conversations(application.db).delete(ME, conversation.id)
    with application.db.read() as session:
        assert session.exec(select(KnowledgeBase.id)).all() == [shown]


def test_attached_files_go_after_a_day(application: Application) -> None:
    shown, base_id = application.base(), attached(application)
    retention = Retention(application.db, Audit(application.db), 0, 0)
    retention.sweep(utc_now() + ATTACHED_FOR - timedelta(minutes=1))
    assert application.bases.get(ME, base_id).ready_count == 1
    retention.sweep(utc_now() + ATTACHED_FOR)
    with pytest.raises(NotFound):
        application.bases.get(ME, base_id)
    assert application.bases.get(ME, shown)


def test_two_processes_sweep_at_once(application: Application) -> None:
    for _ in range(12):
        application.bases.attach(ME)
    ready, failed = threading.Barrier(2), list[BaseException]()

    def sweep() -> None:
        retention = Retention(application.db, Audit(application.db), 0, 0)
        ready.wait()
        try:
            retention.sweep(utc_now() + ATTACHED_FOR)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with application.db.read() as session:
        assert session.exec(select(KnowledgeBase)).all() == []
