import json

from app.llm.scripted import ScriptedChatModel
from tests.api.sse import ask
from tests.application import RunningApi


def answered(api: RunningApi, model: ScriptedChatModel) -> tuple[str, str]:
    base_id = api.ingest("人事", {"假期.txt": "年假为每年十五天。"})
    model.enqueue("年假为每年五天。")
    return base_id, ask(api.http, "年假有几天？", base_id)["start"][0]["answer_id"]


def test_feedback_can_be_given_changed_and_taken_back(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    _, message_id = answered(api, model)
    path = f"/api/messages/{message_id}/feedback"
    assert api.http.put(path, json={"rating": "up"}).json()["rating"] == "up"
    down = {"rating": "down", "reason": "wrong", "comment": "差十天", "correction": "十五天。"}
    assert api.http.put(path, json=down).json()["correction"] == "十五天。"
    (item,) = api.http.get("/api/feedback", params={"rating": "down"}).json()["items"]
    assert (item["question"], item["comment"]) == ("年假有几天？", "差十天")
    assert api.http.get("/api/feedback", params={"rating": "up"}).json()["total"] == 0
    assert api.http.get(f"/api/messages/{message_id}").json()["feedback"]["reason"] == "wrong"
    assert api.http.delete(path).status_code == 204
    assert api.http.get(f"/api/messages/{message_id}").json()["feedback"] is None


def test_only_answers_are_rated_and_only_with_known_words(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    _, message_id = answered(api, model)
    path = f"/api/messages/{message_id}/feedback"
    assert api.http.put(path, json={"rating": "sideways"}).status_code == 422
    assert api.http.put(path, json={"rating": "down", "reason": "bored"}).status_code == 422
    conversation = api.http.get("/api/conversations").json()["items"][0]["id"]
    question = api.http.get(f"/api/conversations/{conversation}").json()["messages"][0]["id"]
    put = api.http.put(f"/api/messages/{question}/feedback", json={"rating": "up"})
    assert (put.status_code, put.json()["code"]) == (422, "not_an_answer")


def test_only_supported_answers_are_exported_where_that_is_asked(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    base_id, wrong = answered(api, model)
    model.enqueue("年假为每年十五天。")
    right = ask(api.http, "年假共几天？", base_id)["start"][0]["answer_id"]
    for message_id in (wrong, right):
        api.http.put(f"/api/messages/{message_id}/feedback", json={"rating": "up"})
    asked = {"format": "messages", "supported_only": True}
    (row,) = map(json.loads, api.http.get("/api/export", params=asked).text.splitlines())
    assert row["messages"][-1]["content"] == "年假为每年十五天。"
    (left,) = api.http.get("/api/export/report", params=asked).json()["left_out"]
    assert left["message_id"] == wrong


def test_a_correction_becomes_a_preference_pair(api: RunningApi, model: ScriptedChatModel) -> None:
    base_id, message_id = answered(api, model)
    down = {"rating": "down", "correction": "年假为每年十五天[1]。"}
    api.http.put(f"/api/messages/{message_id}/feedback", json=down)
    exported = api.http.get("/api/export", params={"format": "dpo", "base_id": base_id})
    (row,) = [json.loads(line) for line in exported.text.splitlines()]
    assert row["chosen"] == [{"role": "assistant", "content": "年假为每年十五天[1]。"}]
    assert "五天" in row["rejected"][0]["content"]
    report = api.http.get("/api/export/report", params={"format": "kto", "rating": "up"}).json()
    assert (report["considered"], report["exported"]) == (0, 0)
    naive = {"format": "dpo", "since": "2026-01-01T00:00:00"}
    assert api.http.get("/api/export", params=naive).status_code == 422


def test_conversations_are_found_renamed_and_deleted(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    answered(api, model)

    def titles(query: str) -> list[str]:
        found = api.http.get("/api/conversations", params={"q": query}).json()
        return [c["title"] for c in found["items"]]

    assert titles("五天") == ["年假有几天？"]  # in the answer
    assert titles("100%") == []
    conversation_id = api.http.get("/api/conversations").json()["items"][0]["id"]
    path = f"/api/conversations/{conversation_id}"
    assert api.http.patch(path, json={"title": "休假"}).json()["title"] == "休假"
    assert titles("休假") == ["休假"]
    assert api.http.delete(path).status_code == 204
    assert api.http.get("/api/feedback").json()["total"] == 0
