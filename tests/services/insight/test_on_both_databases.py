"""What is noted, counted, checked and set, on SQLite and on PostgreSQL."""

from datetime import UTC, timedelta

import pytest

from app.config import Settings
from app.db.tables import (
    OWNER_ID,
    Conversation,
    Job,
    StoredDocument,
    StoredFeedback,
    StoredMessage,
    utc_now,
)
from app.services.checkup.check_ups import CheckUps
from app.services.checkup.examine import examine
from app.services.insight.figures import Counts, Figures
from app.services.insight.gaps import Gaps
from app.services.insight.noting import Noting
from app.services.insight.period import Period
from app.services.library.removal import remove_document
from app.services.operations.run_time import RunTimeSettings, Values
from app.services.people.access import LOCAL_OWNER as ME
from tests.services.conftest import Application, DisturbedEmbedder

MONTH = Period(30, UTC)


@pytest.fixture
def noting(application: Application) -> Noting:
    return Noting(application.db, application.embedder)


def answered(
    application: Application,
    base_id: str,
    question: str,
    *,
    days_ago: float = 0.0,
    **answer: object,
) -> str:
    """A question with its answer; the answer's id."""
    at = utc_now() - timedelta(days=days_ago)
    with application.db.write() as session:
        conversation = Conversation(owner_id=OWNER_ID, base_ids=[base_id])
        session.add(conversation)
        session.flush()
        common = {"conversation_id": conversation.id, "created_at": at, "base_ids": [base_id]}
        asked = StoredMessage(**common, position=0, role="user", content=question)  # type: ignore[arg-type]  # values of columns
        session.add(asked)
        given = {"finish_reason": "stop", "parent_id": asked.id, **answer}
        message = StoredMessage(**common, position=1, role="assistant", **given)  # type: ignore[arg-type]
        session.add(message)
        return message.id


def test_figures_and_gaps(application: Application, noting: Noting) -> None:
    base_id = application.base()
    document = application.add(base_id, "手册.md", "# 手册\n\n年假为每年十五天。\n")
    application.drain()
    cited = [{"document_id": document, "text": "年假"}]
    up = answered(application, base_id, "年假几天？", citations=cited)
    answered(application, base_id, "年假几天？", citations=cited, days_ago=3)
    answered(application, base_id, "年假几天？", citations=cited, days_ago=300)
    for _ in range(2):
        answered(application, base_id, "班车几点？", finish_reason="no_sources")
    answered(application, base_id, "班车 几点", finish_reason="not_stated", days_ago=40)
    answered(application, base_id, "坏了", state="failed")
    answered(application, base_id, "你好", finish_reason="greeting")
    answered(application, base_id, "还在写", state="streaming")
    with application.db.write() as session:
        session.add(StoredFeedback(message_id=up, rating="up"))

    page = Figures(application.db, noting).page(ME, MONTH, base_id)
    assert page.total == Counts(asked=5, not_found=2, failed=1, up=1)
    assert dict(page.days)[(utc_now() - timedelta(days=3)).date()].asked == 1
    assert [(d.name, d.answers) for d in page.documents] == [("手册.md", 2)]
    assert noting.catch_up() == 0

    gaps = Gaps(application.db, noting, lambda _question, _scope: None)
    (gap,) = gaps.page(ME, MONTH).gaps
    assert (gap.question, gap.times, gap.people) == ("班车几点？", 2, 1)
    gaps.settle(ME, MONTH, gap.id)
    assert gaps.page(ME, MONTH).gaps == []


def test_an_answer_that_ends_later_is_noted_then(application: Application, noting: Noting) -> None:
    base_id = application.base()
    late = answered(application, base_id, "慢", state="streaming", days_ago=0.5)
    answered(application, base_id, "快")
    assert noting.catch_up() == 1
    with application.db.write() as session:
        session.get_one(StoredMessage, late).state = "complete"
    assert noting.catch_up() == 1


def test_a_backlog_is_noted_in_parts(
    application: Application, noting: Noting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.insight.noting._BATCH", 2)
    monkeypatch.setattr("app.services.insight.noting._AT_ONCE", 4)
    base_id = application.base()
    for days_ago in range(9):
        answered(application, base_id, f"问题{days_ago}", days_ago=days_ago)
    assert [noting.catch_up() for _ in range(4)] == [4, 4, 1, 0]


def test_answers_beside_one_that_is_deleted_at_this_moment_are_noted_later(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not skipped for those that were asked long after them."""
    monkeypatch.setattr("app.services.insight.noting._BATCH", 2)
    base_id = application.base()
    deleted = answered(application, base_id, "班车？", finish_reason="no_sources", days_ago=9)
    answered(application, base_id, "年假？", days_ago=8)
    answered(application, base_id, "病假？", days_ago=1)

    def delete_one() -> None:
        with application.db.write() as session:
            if (answer := session.get(StoredMessage, deleted)) is not None:
                session.delete(session.get_one(Conversation, answer.conversation_id))

    noting = Noting(application.db, DisturbedEmbedder(delete_one))
    assert noting.catch_up() == 0, "its rows refer to an answer that is gone"
    assert noting.catch_up() == 2


def test_a_check_up_is_kept_with_what_it_found(application: Application) -> None:
    base_id = application.base()
    for year, days in ((2023, 10), (2024, 15)):
        application.add(base_id, f"手册{year}版.md", f"# 手册\n\n年假为每年{days}天。\n")
    application.drain()
    check_ups = CheckUps(application.db)
    check_ups.start(ME, base_id)
    claim = application.jobs.claim("w", "check_up")
    assert claim is not None
    stages: list[str] = []
    result = examine(
        application.db, base_id, None, lambda stage, _done, _total: stages.append(stage)
    )
    check_ups.finish(claim, result)
    view = check_ups.view(ME, base_id)
    assert [finding["kind"] for finding in view.findings] == ["superseded"]
    assert stages == ["reading", "comparing"]
    assert set(view.left_out) == {"headings", "unused"}
    with application.db.read() as session:
        assert session.get_one(Job, claim.job_id).state == "done"


def test_a_removed_document_is_in_no_finding_while_its_rows_are_still_there(
    application: Application,
) -> None:
    base_id = application.base()
    for year, about in ((2023, "年假"), (2024, "病假")):
        application.add(
            base_id, f"手册{year}版.md", f"# 手册\n\n## {about}的规定\n\n{about}十天。\n"
        )
    application.drain()
    result = examine(application.db, base_id, lambda _question: [], lambda *_: None)
    found = [(each["kind"], each["places"][0]["name"]) for each in result["findings"]]
    assert ("not_findable", "手册2023版.md") in found, "searching finds nothing at all"
    check_ups = CheckUps(application.db)
    check_ups.start(ME, base_id)
    claim = application.jobs.claim("w", "check_up")
    assert claim is not None
    check_ups.finish(claim, result)
    old = result["findings"][0]["places"][0]["document_id"]

    with application.db.write() as session:  # and no purge
        remove_document(session, session.get_one(StoredDocument, old))

    for findings in (
        check_ups.view(ME, base_id).findings,
        examine(application.db, base_id, lambda _question: [], lambda *_: None)["findings"],
    ):
        left = {place["name"] for each in findings for place in each["places"]}
        assert left == {"手册2024版.md"}


def test_settings_are_stored_and_read_by_others(application: Application) -> None:
    seen: list[Values] = []
    one = RunTimeSettings(application.db, Settings(data_dir=application.folder), seen.append)
    one.change(ME, {"daily_requests": 7})
    one.change(ME, {"daily_requests": 8, "keep_conversations_days": 9})
    other = RunTimeSettings(application.db, Settings(data_dir=application.folder), seen.append)
    other.refresh()
    assert seen[-1]["daily_requests"] == 8
    assert seen[-1]["keep_conversations_days"] == 9
    one.change(ME, {"daily_requests": None})
    assert {each.name: each.value for each in other.all()}["daily_requests"] == 0
