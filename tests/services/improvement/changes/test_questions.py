"""Which of a base's own questions are recorded, of however many that were asked."""

import tracemalloc
from datetime import timedelta

from app.db.tables import OWNER_ID, Conversation, StoredMessage, utc_now
from app.services.improvement.changes.recordings import ASKED, Recordings
from tests.services.conftest import Application

LONG = "年假有几天？" * 2_000
OTHERS = 600


def test_the_last_ones_to_the_base_alone_however_many_came_before(
    application: Application,
) -> None:
    base_id, other = application.base(), application.base("other")
    now = utc_now()
    asked = [(f"{LONG}{number}", [other]) for number in range(OTHERS)]
    asked += [(f"问题{number}", [base_id]) for number in range(ASKED + 5)]
    with application.db.write() as session:
        for minutes_ago, (question, base_ids) in enumerate([("两处？", [base_id, other]), *asked]):
            conversation = Conversation(owner_id=OWNER_ID, base_ids=base_ids)
            session.add(conversation)
            session.add(
                StoredMessage(
                    conversation_id=conversation.id,
                    position=0,
                    role="user",
                    content=question,
                    created_at=now - timedelta(minutes=minutes_ago),
                )
            )
    recordings = Recordings(application.db)
    tracemalloc.start()
    found = recordings.questions(base_id)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [each.question for each in found] == [f"问题{number}" for number in range(ASKED)]
    assert most < OTHERS * len(LONG), "half of the others at once: two bytes are a character"


def test_what_was_asked_of_another_base_before_is_not_recorded(application: Application) -> None:
    base_id, other = application.base(), application.base("other")
    with application.db.write() as session:
        conversation = Conversation(owner_id=OWNER_ID, base_ids=[base_id])  # the last question's
        session.add(conversation)
        for content, bases in (("工资条？", [base_id, other]), ("年假？", [base_id])):
            session.add(
                StoredMessage(
                    conversation_id=conversation.id,
                    position=0,
                    role="user",
                    content=content,
                    base_ids=bases,
                )
            )
    (found,) = Recordings(application.db).questions(base_id)
    assert found.question == "年假？"
