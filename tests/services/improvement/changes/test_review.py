"""Who sees which changed answers: its editors those to the base's own questions, who asked a real
one that alone."""

import pytest
from sqlmodel import select

from app.db.tables import (
    BaseGrant,
    Conversation,
    PathRestriction,
    Person,
    RecordedAnswer,
    Recording,
    StoredMessage,
    utc_now,
)
from app.services.errors import Conflict, Forbidden, NotFound
from app.services.improvement.changes.review import Changes, Shown
from app.services.people.access import LOCAL_OWNER, Access, Role
from tests.services.conftest import Application

OWN, MINE, THEIRS = "试用期多久？", "年假几天？", "工资何时发？"


@pytest.fixture
def changes(application: Application) -> Changes:
    return Changes(application.db)


def person(application: Application, name: str) -> Access:
    with application.db.write() as session:
        stored = Person(name=name)
        session.add(stored)
    return Access(stored.id, name)


def asked(application: Application, who: str, question: str, base_id: str) -> str:
    with application.db.write() as session:
        conversation = Conversation(owner_id=who, base_ids=[base_id])
        session.add(conversation)
        session.flush()
        message = StoredMessage(
            conversation_id=conversation.id, position=0, role="user", content=question
        )
        session.add(message)
    return message.id


def recorded(application: Application, base_id: str, answer: str, **ids: str | None) -> None:
    """The answer to each question; the first recording is accepted."""
    with application.db.write() as session:
        first = Changes(application.db).recordings.newest(base_id) is None
        made = Recording(
            base_id=base_id,
            fingerprint={"top_k": 6 if first else 4},
            accepted_at=utc_now() if first else None,
        )
        session.add(made)
        session.flush()
        for number, (question, message_id) in enumerate(ids.items()):
            session.add(
                RecordedAnswer(
                    recording_id=made.id,
                    number=number,
                    message_id=message_id,
                    question=question,
                    answer=answer,
                    cites=first,
                    documents=["d1", "gone"],
                )
            )


def grant(application: Application, base_id: str, to: Access, role: Role) -> None:
    with application.db.write() as session:
        session.add(
            BaseGrant(
                base_id=base_id, subject_kind="person", subject_id=to.person_id, role=int(role)
            )
        )


@pytest.fixture
def base_id(application: Application) -> str:
    return application.base()


def shown(found: Shown) -> list[str]:
    return [each.question for each in found.compared.changed] if found.compared else []


def test_a_real_question_is_shown_to_who_asked_it(
    application: Application, changes: Changes, base_id: str
) -> None:
    editor, other = person(application, "editor"), person(application, "other")
    grant(application, base_id, editor, Role.EDITOR)
    grant(application, base_id, other, Role.READER)
    ids = {
        OWN: None,
        MINE: asked(application, editor.person_id, MINE, base_id),
        THEIRS: asked(application, other.person_id, THEIRS, base_id),
    }
    recorded(application, base_id, "是。", **ids)
    recorded(application, base_id, "不知道。", **ids)
    found = changes.read(editor, base_id)
    assert (shown(found), found.others_changed, found.others_worse) == ([OWN, MINE], 1, 1)
    assert found.compared
    assert (found.compared.asked, found.compared.settings) == (3, {"top_k": (6, 4)})
    everything = changes.read(LOCAL_OWNER, base_id)  # nobody signs in here
    assert (shown(everything), everything.others_changed) == ([OWN, MINE, THEIRS], 0)
    key = Access(editor.person_id, "key", scopes=frozenset(("read",)), key_id="k")
    assert shown(changes.read(key, base_id)) == [OWN]
    with pytest.raises(Forbidden):
        changes.read(other, base_id)
    with pytest.raises(NotFound):
        changes.read(person(application, "stranger"), base_id)


def test_who_may_not_see_a_document_sees_no_answers(
    application: Application, changes: Changes, base_id: str
) -> None:
    editor = person(application, "editor")
    grant(application, base_id, editor, Role.EDITOR)
    with application.db.write() as session:
        session.add(PathRestriction(base_id=base_id, path="董事会/"))
    for act in (changes.read, changes.measure):
        with pytest.raises(Forbidden):
            act(editor, base_id)
    with pytest.raises(Forbidden):
        changes.accept(editor, base_id, "")


def test_sources_have_the_names_of_documents_that_are_there(
    application: Application, changes: Changes, base_id: str
) -> None:
    document_id = application.add(base_id, "手册.md", "年假十五天。")
    recorded(application, base_id, "是。", **{OWN: None})
    recorded(application, base_id, "不知道。", **{OWN: None})
    with application.db.write() as session:
        for each in session.exec(select(RecordedAnswer)):
            each.documents = [document_id, "gone"]
    found = changes.read(LOCAL_OWNER, base_id)
    assert found.documents == {document_id: "手册.md"}


def test_an_editor_has_answers_recorded_and_accepts_them(
    application: Application, changes: Changes, base_id: str
) -> None:
    empty = changes.read(LOCAL_OWNER, base_id)
    assert (empty.newest, empty.job, empty.compared) == (None, None, None)
    job = changes.measure(LOCAL_OWNER, base_id)
    waits = changes.read(LOCAL_OWNER, base_id).job
    assert waits
    assert (waits.id, waits.state) == (job.id, "queued")
    recorded(application, base_id, "是。", **{OWN: None})
    recorded(application, base_id, "不知道。", **{OWN: None})
    seen = changes.read(LOCAL_OWNER, base_id).newest
    assert seen
    with pytest.raises(Conflict, match="newer"):  # these are not what was looked at
        changes.accept(LOCAL_OWNER, base_id, "an earlier one")
    changes.accept(LOCAL_OWNER, base_id, seen.id)
    accepted = changes.read(LOCAL_OWNER, base_id)
    assert accepted.newest
    assert accepted.newest.accepted_at
    assert accepted.compared is None
    with pytest.raises(Conflict):
        changes.accept(LOCAL_OWNER, base_id, seen.id)
