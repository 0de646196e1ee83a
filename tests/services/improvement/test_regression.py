import re
from pathlib import Path

import pytest

from app.db.tables import DocumentText, Job, StoredChunk, StoredFeedback
from app.services.errors import Invalid, NotFound
from app.services.improvement.regression import Expected
from app.services.people.access import LOCAL_OWNER as ME
from tests.application import RunningApi, drain, running_api

LEAVE = "# 年假\n\n年假为每年十五天，须提前一周申请。"
TRAVEL = "# 差旅\n\n出差住宿每晚不超过四百五十元。"


def documents(api: RunningApi) -> tuple[str, dict[str, str]]:
    base_id = api.ingest("规章", {"年假.md": LEAVE, "差旅.md": TRAVEL})
    items = api.http.get(f"/api/bases/{base_id}/documents").json()["items"]
    return base_id, {item["name"]: item["id"] for item in items}


def test_questions_are_added_listed_and_deleted(tmp_path: Path) -> None:
    with running_api(tmp_path) as api:
        base_id, ids = documents(api)
        service = api.application.regression
        first = service.add(ME, base_id, " 年假几天？ ", Expected((ids["年假.md"],)))
        second = service.add(ME, base_id, "住宿多少钱？", Expected(answer="四百五十元"))
        assert [q.question for q in service.questions(ME, base_id)] == [
            "年假几天？",
            "住宿多少钱？",
        ]
        service.delete(ME, first.id)
        assert [q.id for q in service.questions(ME, base_id)] == [second.id]
        with pytest.raises(NotFound):
            service.delete(ME, first.id)


def test_what_cannot_be_measured_is_refused(tmp_path: Path) -> None:
    with running_api(tmp_path) as api:
        base_id, ids = documents(api)
        other = api.ingest("别的", {"别的.md": "别的内容。"})
        service = api.application.regression
        with pytest.raises(Invalid, match="Name an expected source"):
            service.add(ME, base_id, "年假几天？", Expected())
        with pytest.raises(Invalid, match="empty"):
            service.add(ME, base_id, "  ", Expected(answer="x"))
        with pytest.raises(NotFound):
            service.add(ME, other, "年假几天？", Expected((ids["年假.md"],)))
        with pytest.raises(NotFound):
            service.questions(ME, "nowhere")


def test_questions_are_taken_from_ratings_once(tmp_path: Path) -> None:
    with running_api(tmp_path) as api:
        base_id, ids = documents(api)
        passages = api.http.post(
            "/api/search", json={"query": "年假为每年十五天", "base_ids": [base_id], "top_k": 2}
        ).json()["passages"]
        leave = next(p for p in passages if p["document_id"] == ids["年假.md"])
        answers = [_answer(api, base_id, question) for question in ("年假几天？", "住宿？", "谢谢")]
        rate = api.application.feedback.put
        rate(
            ME,
            answers[0],
            StoredFeedback(message_id=answers[0], rating="down", right_chunk_id=leave["chunk_id"]),
        )
        rate(
            ME,
            answers[1],
            StoredFeedback(message_id=answers[1], rating="down", correction="四百五十元"),
        )
        rate(ME, answers[2], StoredFeedback(message_id=answers[2], rating="up"))
        service = api.application.regression

        assert service.collect(ME, base_id) == 2
        taken = {q.question: q for q in service.questions(ME, base_id)}
        assert taken["年假几天？"].document_ids == [ids["年假.md"]]
        assert taken["年假几天？"].source_text == leave["text"]
        assert taken["年假几天？"].origin == "rating"
        assert (taken["住宿？"].answer, taken["住宿？"].origin) == ("四百五十元", "correction")

        rate(
            ME,
            answers[1],
            StoredFeedback(message_id=answers[1], rating="down", correction="每晚四百五十元"),
        )
        assert service.collect(ME, base_id) == 0
        assert {q.answer for q in service.questions(ME, base_id)} == {"", "每晚四百五十元"}


def test_a_right_source_that_was_read_anew_is_known_by_its_text(tmp_path: Path) -> None:
    with running_api(tmp_path) as api:
        base_id, ids = documents(api)
        answer = _answer(api, base_id, "年假几天？")
        shown = api.http.get(f"/api/messages/{answer}").json()["passages"]
        right = next(p for p in shown if p["document_id"] == ids["年假.md"])
        api.application.feedback.put(
            ME,
            answer,
            StoredFeedback(message_id=answer, rating="down", right_chunk_id=right["chunk_id"]),
        )
        # A document that is read otherwise than before gets new chunks.
        with api.application.db.write() as session:
            session.get_one(DocumentText, ids["年假.md"]).text = "read otherwise before"
            session.add(Job(document_id=ids["年假.md"]))
        drain(api.application)
        with api.application.db.read() as session:
            assert session.get(StoredChunk, right["chunk_id"]) is None
        assert api.application.regression.collect(ME, base_id) == 1
        assert api.application.regression.questions(ME, base_id)[0].source_text == right["text"]


def test_deleting_a_base_deletes_its_questions(tmp_path: Path) -> None:
    with running_api(tmp_path) as api:
        base_id, ids = documents(api)
        stored = api.application.regression.add(
            ME, base_id, "年假几天？", Expected((ids["年假.md"],))
        )
        api.http.delete(f"/api/bases/{base_id}").raise_for_status()
        with pytest.raises(NotFound):
            api.application.regression.delete(ME, stored.id)


def _answer(api: RunningApi, base_id: str, question: str) -> str:
    """Asks in a conversation of its own; returns the id of the answer."""
    api.application.model.enqueue("好的。")  # type: ignore[attr-defined]  # the scripted model
    body = {"question": question, "base_ids": [base_id]}
    with api.http.stream("POST", "/api/chat", json=body) as answer:
        text = answer.read().decode()
    found = re.search(r'"answer_id":\s*"(\w+)"', text)
    assert found is not None, text
    return found[1]
