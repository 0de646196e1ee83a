"""A recording asks what the accepted one asked, and one that nothing waits for any more goes."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.db.tables import OWNER_ID, Conversation, RecordedAnswer, StoredMessage, utc_now
from app.services.improvement.changes.recordings import ASKED, Recordings
from app.services.people.access import LOCAL_OWNER as ME
from tests.services.conftest import Application


@pytest.fixture
def recordings(application: Application) -> Recordings:
    return Recordings(application.db)


@pytest.fixture
def base_id(application: Application) -> str:
    return application.base()


def ask(recordings: Recordings, base_id: str, texts: Sequence[str], after_s: int = 0) -> None:
    """Each in a conversation of its own, one after the other."""
    with recordings.db.write() as session:
        for seconds, text in enumerate(texts, after_s):
            talk = Conversation(owner_id=OWNER_ID, base_ids=[base_id])
            session.add(talk)
            session.flush()
            at = utc_now() + timedelta(seconds=seconds)
            session.add(
                StoredMessage(
                    conversation_id=talk.id, position=0, role="user", content=text, created_at=at
                )
            )


def recorded(
    application: Application, recordings: Recordings, base_id: str, state: str, cites: bool = True
) -> None:
    """All questions answered in this state of the installation."""
    recordings.start(base_id)
    claim = application.jobs.claim("worker-a", "record")
    assert claim is not None
    answers = [
        RecordedAnswer(
            number=n, message_id=q.message_id, question=q.question, answer="甲", cites=cites
        )
        for n, q in enumerate(recordings.questions(base_id))
    ]
    recordings.finish(claim, {"zhiwen": state}, answers)


def test_accepted_questions_are_asked_again_however_many_came_after_them(
    application: Application, recordings: Recordings, base_id: str
) -> None:
    early, late = ([f"{when}{n}？" for n in range(ASKED)] for when in ("早", "晚"))
    ask(recordings, base_id, early)
    recorded(application, recordings, base_id, "1")
    recordings.accept(ME, base_id)
    ask(recordings, base_id, [*late, "早０？"], ASKED)  # the last one again, in other characters
    recorded(application, recordings, base_id, "2", cites=False)
    found = recordings.compared(base_id)
    assert found is not None
    assert (found.asked, len(found.worse)) == (ASKED, ASKED)

    recordings.accept(ME, base_id)
    asked = {each.question for each in recordings.questions(base_id)}
    assert asked == {*late[1:], "早０？"}  # they don't pile up


def test_a_state_that_was_left_again_waits_for_nobody(
    application: Application, recordings: Recordings, base_id: str
) -> None:
    ask(recordings, base_id, ["几天？"])
    recorded(application, recordings, base_id, "1")
    recordings.accept(ME, base_id)
    recorded(application, recordings, base_id, "1", cites=False)  # the documents are others
    assert recordings.start_where_changed({"zhiwen": "1"}) == []
    assert [each.worse for each in recordings.held(ME)] == [1]
    recorded(application, recordings, base_id, "2", cites=False)
    assert [each.worse for each in recordings.held(ME)] == [1]
    assert recordings.start_where_changed({"zhiwen": "1"}) == []
    assert recordings.held(ME) == []
    assert recordings.compared(base_id) is None
