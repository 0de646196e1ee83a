"""The same question on the same content is answered once."""

from pathlib import Path
from typing import Any

import pytest

from app.llm.chat_model import EngineStreamBroken
from app.llm.scripted import ScriptedChatModel
from tests.api.sse import ask, events
from tests.application import RunningApi, drain, running_api

HANDBOOK = "# 员工手册\n\n## 假期\n\n年假为每年十五天，须提前一周申请。\n"
QUESTION = "年假有几天？"
SENTENCE = "年假为每年十五天，须提前一周申请。"


@pytest.fixture
def base_id(api: RunningApi) -> str:
    return api.ingest("人事", {"手册.md": HANDBOOK})


def answered(api: RunningApi, base_id: str, question: str = QUESTION, **more: Any) -> Any:
    return ask(api.http, question, base_id, **more)["done"][0]["message"]


@pytest.mark.parametrize("question", [QUESTION, " 年假有几天? \n", "年假有几天"])
def test_it_is_given_again_with_its_sources_and_no_model_is_asked(
    api: RunningApi, model: ScriptedChatModel, base_id: str, question: str
) -> None:
    model.enqueue(SENTENCE)
    first = answered(api, base_id)

    again = ask(api.http, question, base_id)
    message = again["done"][0]["message"]

    assert len(model.history) == 1
    assert message["cached_from"] == first["id"] != message["id"]
    for same in ("content", "citations", "passages", "model", "prompt_id", "finish_reason"):
        assert message[same] == first[same]
    assert again["sources"][0]["passages"] == first["passages"]
    assert [delta["text"] for delta in again["delta"]] == [first["content"]]
    stored = api.http.get(f"/api/messages/{message['id']}").json()
    assert (stored["state"], stored["content"]) == ("complete", first["content"])
    assert 'zhiwen_answer_cache_total{outcome="hit"}' in api.http.get("/metrics").text


def test_what_is_uploaded_or_deleted_has_the_question_answered_anew(
    api: RunningApi, model: ScriptedChatModel, base_id: str
) -> None:
    def not_cached(sentence: str = SENTENCE) -> None:
        asked = len(model.history)
        model.enqueue(sentence)
        assert answered(api, base_id)["cached_from"] is None
        assert len(model.history) == asked + 1
        assert answered(api, base_id)["cached_from"] is not None

    not_cached()
    api.ingest("人事", {"补充.md": "# 补充\n\n司龄满十年者，年假为二十天。\n"})
    not_cached()
    documents = api.http.get(f"/api/bases/{base_id}/documents").json()["items"]
    added = next(d["id"] for d in documents if d["name"] == "补充.md")
    api.http.delete(f"/api/documents/{added}").raise_for_status()
    not_cached()
    api.ingest("人事", {"手册.md": HANDBOOK.replace("十五", "十六")})  # a new version
    not_cached(SENTENCE.replace("十五", "十六"))


def test_it_can_be_asked_anew(api: RunningApi, model: ScriptedChatModel, base_id: str) -> None:
    model.enqueue(SENTENCE)
    answered(api, base_id)
    model.enqueue("年假为每年十五天。")
    fresh = answered(api, base_id, fresh=True)
    assert (fresh["cached_from"], fresh["content"]) == (None, "年假为每年十五天。")

    again = answered(api, base_id)
    assert again["cached_from"] == fresh["id"]  # the newest one counts
    model.enqueue("年假十五天。")
    (done,) = [
        data["message"]
        for name, data in events(api.http, "POST", "/api/chat", json={"regenerate": again["id"]})
        if name == "done"
    ]
    assert (done["cached_from"], done["content"]) == (None, "年假十五天。")
    model.enqueue("年假十五天。")
    replayed = api.http.post(f"/api/messages/{done['id']}/replay").json()
    assert replayed["recipe"]["sampling"]["temperature"] is None  # as it would be written now


def test_what_is_not_a_good_answer_is_not_given_again(
    api: RunningApi, model: ScriptedChatModel, base_id: str
) -> None:
    def cached(question: str) -> bool:
        found = ask(api.http, question, base_id)
        return bool(found["done"][0]["message"]["cached_from"]) if "done" in found else False

    nothing = api.ingest("空", {})
    for _ in range(2):  # nothing was found
        message = answered(api, nothing)
        assert (message["finish_reason"], message["cached_from"]) == ("no_sources", None)

    model.enqueue("资料中没有找到答案。")  # the model found nothing
    assert not cached(QUESTION)
    model.enqueue("年假为", error=EngineStreamBroken("gone"))
    assert not cached(QUESTION)
    model.enqueue("年假为每年十五天，须", finish_reason="length")
    assert not cached(QUESTION)
    model.enqueue(SENTENCE)
    bad = answered(api, base_id)
    assert bad["cached_from"] is None
    api.http.put(f"/api/messages/{bad['id']}/feedback", json={"rating": "down"})
    model.enqueue(SENTENCE)
    assert not cached(QUESTION)
    assert cached(QUESTION)


def test_a_question_within_a_conversation_is_answered_anew(
    api: RunningApi, model: ScriptedChatModel, base_id: str
) -> None:
    model.enqueue(SENTENCE)
    conversation = answered(api, base_id)["conversation_id"]
    model.enqueue(SENTENCE)
    assert answered(api, base_id, conversation_id=conversation)["cached_from"] is None
    assert len(model.history) == 2


def test_clients_that_keep_their_own_conversations_are_always_answered_anew(
    api: RunningApi, model: ScriptedChatModel, base_id: str
) -> None:
    """Evaluations ask on this way."""
    for _ in range(2):
        model.enqueue(SENTENCE)
        body = {"model": "zhiwen", "messages": [{"role": "user", "content": QUESTION}]}
        api.http.post("/v1/chat/completions", json=body).raise_for_status()
    assert len(model.history) == 2
    assert base_id


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    model = ScriptedChatModel()
    with running_api(tmp_path, model=model, answer_cache=False) as api:
        base_id = api.ingest("人事", {"手册.md": HANDBOOK})
        for _ in range(2):
            model.enqueue(SENTENCE)
            assert answered(api, base_id)["cached_from"] is None
    assert len(model.history) == 2


def test_two_processes_share_it_and_settings_divide_it(tmp_path: Path) -> None:
    first, second, third = (ScriptedChatModel() for _ in range(3))
    with running_api(tmp_path, model=first) as api:
        base_id = api.ingest("人事", {"手册.md": HANDBOOK})
        first.enqueue(SENTENCE)
        answered(api, base_id)
        with running_api(tmp_path, model=second) as other:
            assert answered(other, base_id)["cached_from"]
            drain(other.application)
        third.enqueue(SENTENCE)
        with running_api(tmp_path, model=third, top_k=2) as changed:
            assert answered(changed, base_id)["cached_from"] is None
    assert second.history == []
