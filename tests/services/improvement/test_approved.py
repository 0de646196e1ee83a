"""Approved answers, through the service: given, watched, scoped and withdrawn."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.llm.scripted import ScriptedChatModel
from ingest.embedding.embedder import TextKind, Vectors
from ingest.embedding.hashing import HashingEmbedder
from tests.api.sse import ask
from tests.application import RunningApi, running_api

RULES = "# 休假\n\n年假为每年十五天，须提前一周申请。\n\n病假每年十天。\n"
OTHER = "# 食堂\n\n食堂十一点半开门，周末关闭。\n"
QUESTION = "年假有几天？"
CORRECTION = "年假为每年十五天。"


class Alike(HashingEmbedder):
    """To which all questions are alike, so that only their words tell them apart."""

    def embed(self, texts: Sequence[str], *, kind: TextKind) -> Vectors:
        return super().embed(["年假"] * len(texts) if kind == "query" else texts, kind=kind)


@pytest.fixture
def api(tmp_path: Path, model: ScriptedChatModel) -> Iterator[RunningApi]:
    with running_api(tmp_path, embedder=Alike(), model=model) as running:
        yield running


@pytest.fixture
def base_id(api: RunningApi) -> str:
    return api.ingest("制度", {"leave.md": RULES, "canteen.md": OTHER})


def answered(api: RunningApi, question: str, base_id: str, **more: Any) -> Any:
    return ask(api.http, question, base_id, **more)["done"][0]["message"]


def corrected(api: RunningApi, model: ScriptedChatModel, base_id: str) -> Any:
    """A wrong answer, rated down, with the right one written below it."""
    model.enqueue("年假二十天。")
    wrong = answered(api, QUESTION, base_id)
    given = {"rating": "down", "reason": "wrong", "correction": CORRECTION}
    api.http.put(f"/api/messages/{wrong['id']}/feedback", json=given).raise_for_status()
    return wrong


def approve(api: RunningApi, **body: Any) -> Any:
    answer = api.http.post("/api/approved", json=body)
    answer.raise_for_status()
    return answer.json()


def test_an_approved_correction_answers_the_same_question_with_its_source(
    api: RunningApi, model: ScriptedChatModel, base_id: str
) -> None:
    wrong = corrected(api, model, base_id)
    approved = approve(api, message_id=wrong["id"])
    assert (approved["standing"], approved["document_names"]) == ("current", ["leave.md"])
    asked = len(model.history)

    for question in (QUESTION, "请问一下，年假一共有多少天？"):
        found = answered(api, question, base_id)
        assert (found["content"], found["finish_reason"]) == (CORRECTION, "approved")
        assert (found["approved_id"], found["model"]) == (approved["id"], None)
        assert "十五天" in found["citations"][0]["text"]
        assert [p["document_name"] for p in found["passages"]] == ["leave.md"]
    assert len(model.history) == asked

    body = {"model": "zhiwen", "messages": [{"role": "user", "content": QUESTION}]}
    said = api.http.post("/v1/chat/completions", json=body).json()
    assert said["choices"][0]["message"]["content"].startswith(CORRECTION)
    assert len(model.history) == asked
    assert 'zhiwen_answers_total{finish_reason="approved"}' in api.http.get("/metrics").text


@pytest.mark.parametrize("question", ["病假有几天？", "2024年年假有几天？", "年假没有几天？"])
def test_another_question_is_answered_as_ever(
    api: RunningApi, model: ScriptedChatModel, base_id: str, question: str
) -> None:
    approve(api, question=QUESTION, answer=CORRECTION, base_ids=[base_id])
    model.enqueue("十天。")
    assert answered(api, question, base_id)["approved_id"] is None


def test_one_can_ask_the_model_all_the_same(
    api: RunningApi, model: ScriptedChatModel, base_id: str
) -> None:
    approve(api, question=QUESTION, answer=CORRECTION, base_ids=[base_id])
    given = answered(api, QUESTION, base_id)
    model.enqueue("年假十五天。")
    again = ask(api.http, "", base_id, regenerate=given["id"])["done"][0]["message"]
    assert (again["content"], again["approved_id"]) == ("年假十五天。", None)
    model.enqueue("年假为十五天。")
    assert answered(api, QUESTION, base_id, fresh=True)["approved_id"] is None


@pytest.mark.parametrize(
    ("change", "standing"), [("replace", "changed"), ("remove", "removed"), ("other", "current")]
)
def test_it_is_given_only_while_what_it_rests_on_stands(
    api: RunningApi, model: ScriptedChatModel, base_id: str, change: str, standing: str
) -> None:
    approve(api, question=QUESTION, answer=CORRECTION, base_ids=[base_id])
    documents = api.http.get(f"/api/bases/{base_id}/documents").json()["items"]
    if change == "replace":
        api.ingest("制度", {"leave.md": RULES.replace("十五天", "二十天")})
    elif change == "other":
        api.ingest("制度", {"canteen.md": OTHER.replace("周末", "周日")})
    else:
        leave = next(each for each in documents if each["name"] == "leave.md")
        api.http.delete(f"/api/documents/{leave['id']}").raise_for_status()
    (listed,) = api.http.get("/api/approved").json()
    assert listed["standing"] == standing
    model.enqueue("年假二十天。")
    given = answered(api, QUESTION, base_id)["approved_id"] is not None
    assert given == (standing == "current")


def test_what_no_words_support_is_watched_by_the_passage_the_reviewer_chose(
    api: RunningApi, model: ScriptedChatModel, base_id: str
) -> None:
    model.enqueue("没有规定。")
    wrong = answered(api, "食堂周末吃什么？", base_id)
    chosen = next(p for p in wrong["passages"] if p["document_name"] == "canteen.md")
    given = {"rating": "down", "correction": "自己带饭。", "right_chunk_id": chosen["chunk_id"]}
    api.http.put(f"/api/messages/{wrong['id']}/feedback", json=given).raise_for_status()
    approved = approve(api, message_id=wrong["id"])
    assert (approved["document_names"], approved["standing"]) == (["canteen.md"], "current")
    found = answered(api, "食堂周末吃什么？", base_id)
    assert [p["document_name"] for p in found["passages"]] == ["canteen.md"]
    api.ingest("制度", {"canteen.md": OTHER.replace("周末", "周日")})
    assert api.http.get("/api/approved").json()[0]["standing"] == "changed"


def test_it_belongs_to_its_bases(api: RunningApi, model: ScriptedChatModel, base_id: str) -> None:
    other = api.ingest("另一个", {"leave.md": RULES})
    approve(api, question=QUESTION, answer=CORRECTION, base_ids=[base_id])
    model.enqueue("年假十五天。")
    assert answered(api, QUESTION, other)["approved_id"] is None
    both = ask(api.http, QUESTION, base_id, base_ids=[base_id, other])["done"][0]["message"]
    assert both["approved_id"]
    assert len(api.http.get("/api/approved", params={"base_id": base_id}).json()) == 1
    assert api.http.get("/api/approved", params={"base_id": other}).json() == []


def test_withdrawn_it_is_not_given_and_does_not_come_back_from_the_cache(
    api: RunningApi, model: ScriptedChatModel, base_id: str
) -> None:
    approved = approve(api, question=QUESTION, answer=CORRECTION, base_ids=[base_id])
    assert answered(api, QUESTION, base_id)["approved_id"] == approved["id"]
    assert api.http.delete(f"/api/approved/{approved['id']}").status_code == 204
    assert api.http.delete(f"/api/approved/{approved['id']}").status_code == 404
    model.enqueue("年假为十五天。")
    assert answered(api, QUESTION, base_id)["content"] == "年假为十五天。"


def test_a_new_approval_takes_the_place_of_the_old_one(api: RunningApi, base_id: str) -> None:
    approve(api, question=QUESTION, answer="十五天。", base_ids=[base_id])
    approve(api, question="年假有几天", answer=CORRECTION, base_ids=[base_id])
    (only,) = api.http.get("/api/approved").json()
    assert only["answer"] == CORRECTION


def test_a_follow_up_is_no_question_of_its_own(
    api: RunningApi, model: ScriptedChatModel, base_id: str
) -> None:
    approve(api, question="那病假呢？", answer="十天。", base_ids=[base_id])
    model.enqueue("年假十五天。", "[1]")
    first = answered(api, "年假是多少天？", base_id)
    model.enqueue("病假每年十天。")
    more = {"conversation_id": first["conversation_id"]}
    assert answered(api, "那病假呢？", base_id, **more)["approved_id"] is None


def test_what_a_person_wrote_is_not_exported_as_a_models_answer(
    api: RunningApi, base_id: str
) -> None:
    approve(api, question=QUESTION, answer=CORRECTION, base_ids=[base_id])
    given = answered(api, QUESTION, base_id)
    api.http.put(f"/api/messages/{given['id']}/feedback", json={"rating": "up"}).raise_for_status()
    assert api.http.get("/api/export", params={"format": "messages"}).text.strip() == ""


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"question": "", "answer": "x", "base_ids": ["b"]}, "incomplete"),
        ({"question": "x", "answer": "x", "base_ids": []}, "incomplete"),
        ({"question": "x", "answer": "x", "base_ids": ["nowhere"]}, "not_found"),
        ({"message_id": "nowhere"}, "not_found"),
        ({"message_id": "m", "question": "x"}, "ambiguous"),
    ],
)
def test_what_cannot_be_approved_is_refused(
    api: RunningApi, body: dict[str, Any], code: str
) -> None:
    assert api.http.post("/api/approved", json=body).json()["code"] == code


def test_an_answer_without_a_correction_is_approved_only_if_it_was_rated_up(
    api: RunningApi, model: ScriptedChatModel, base_id: str
) -> None:
    model.enqueue("年假为每年十五天。")
    good = answered(api, QUESTION, base_id)
    assert api.http.post("/api/approved", json={"message_id": good["id"]}).json()["code"] == (
        "not_rated"
    )
    path = f"/api/messages/{good['id']}/feedback"
    api.http.put(path, json={"rating": "down"}).raise_for_status()
    assert api.http.post("/api/approved", json={"message_id": good["id"]}).json()["code"] == (
        "no_correction"
    )
    api.http.put(path, json={"rating": "up"}).raise_for_status()
    assert approve(api, message_id=good["id"])["answer"] == "年假为每年十五天。"
