"""Files attached to a conversation, over HTTP: who is answered from them, and for how long."""

from typing import Any

from app.llm.scripted import ScriptedChatModel
from tests.api.sse import ask, events
from tests.application import RunningApi, drain

RULES = "# 值班规定\n\n设备科的内线电话是 4417。\n"
QUESTION = "设备科的内线电话是多少？"


def attach(api: RunningApi) -> str:
    base_id = str(api.http.post("/api/bases/attached").json()["id"])
    files = {"file": ("规定.md", RULES.encode())}
    api.http.post(f"/api/bases/{base_id}/documents", files=files).raise_for_status()
    drain(api.application)
    return base_id


def conversation_id(found: dict[str, list[Any]]) -> str:
    return str(found["start"][0]["conversation"]["id"])


def test_they_answer_their_conversation_and_no_list_has_them(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    shown, attached = api.ingest("库", {"年假.md": "年假为每年十五天。"}), attach(api)
    model.enqueue("内线 4417。")
    found = ask(api.http, QUESTION, "", base_ids=[shown, attached])
    assert found["sources"][0]["passages"][0]["document_name"] == "规定.md"
    opened = api.http.get(f"/api/conversations/{conversation_id(found)}").json()
    assert opened["attached_id"] == attached
    assert [base["id"] for base in api.http.get("/api/bases").json()] == [shown]
    models = [each["id"] for each in api.http.get("/v1/models").json()["data"]]
    assert not [each for each in models if attached in each]


def test_programs_that_ask_all_bases_are_not_answered_from_them(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    api.ingest("库", {"年假.md": "年假为每年十五天。"})
    attach(api)
    model.enqueue("十五天。")
    body = {"model": "zhiwen", "messages": [{"role": "user", "content": QUESTION}]}
    api.http.post("/v1/chat/completions", json=body).raise_for_status()
    assert not any("4417" in str(prompt) for prompt in model.history)


def test_they_stay_with_a_conversation_whose_next_question_is_about_something_else(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    shown, attached = api.ingest("库", {"年假.md": "年假为每年十五天。"}), attach(api)
    model.enqueue("内线 4417。")
    first = conversation_id(ask(api.http, QUESTION, attached))
    model.enqueue("十五天。")
    body = {"question": "年假几天？", "base_ids": [shown], "conversation_id": first}
    list(events(api.http, "POST", "/api/chat", json=body))
    assert api.http.get(f"/api/conversations/{first}").json()["attached_id"] == attached
    api.http.delete(f"/api/conversations/{first}").raise_for_status()
    assert api.http.get(f"/api/bases/{attached}").status_code == 404


def test_an_answer_is_written_again_from_what_is_left_of_its_bases(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    shown, attached = api.ingest("库", {"年假.md": "年假为每年十五天。"}), attach(api)
    model.enqueue("十五天。")
    found = ask(api.http, "年假几天？", "", base_ids=[shown, attached])
    api.http.delete(f"/api/bases/{attached}").raise_for_status()
    opened = api.http.get(f"/api/conversations/{conversation_id(found)}").json()
    assert opened["attached_id"] is None
    model.enqueue("十五天。")
    again = dict(
        events(api.http, "POST", "/api/chat", json={"regenerate": opened["messages"][1]["id"]})
    )
    assert again["done"]["message"]["content"] == "十五天。"
