"""Greetings are replied to; what only begins like one is a question."""

import pytest

from app.llm.scripted import ScriptedChatModel
from app.tasks.greeting import greeting_in
from tests.api.sse import ask
from tests.application import RunningApi


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("你好", "hello"),
        ("您好！", "hello"),
        ("嗨～", "hello"),
        ("早上好！☀️", "hello"),
        ("你好，知问", "hello"),
        ("在吗？", "hello"),
        ("谢谢！😊", "thanks"),
        ("好的，谢谢你", "thanks"),
        ("非常感谢您的帮助。", "thanks"),
        ("再见", "goodbye"),
        ("好的", "agreed"),
        ("hi", "hello"),
        ("Hello there!!", "hello"),
        ("Good morning", "hello"),
        ("thank you so much!", "thanks"),
        ("OK, thanks a lot 👍", "thanks"),
        ("Great, many thanks for your help.", "thanks"),
        ("bye", "goodbye"),
        ("hello 你好", "hello"),
    ],
)
def test_a_greeting_is_known_with_marks_and_emoji(text: str, kind: str) -> None:
    assert greeting_in(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "你好，年假有几天？",
        "谢谢，那病假呢？",
        "hi, how many days of leave are there?",
        "Good morning shift starts when?",
        "Thanksgiving holiday",
        "hello world 怎么写",
        "早退怎么处理",
        "晚安排班",
        "感谢信怎么写",
        "再见习期多长",
        "行李",
        "麻烦了解一下年假",
        "high",
        "2024",
        "谢谢 2024",
        "知问",
        "？！",
        "",
    ],
)
def test_what_only_begins_like_a_greeting_is_none(text: str) -> None:
    assert greeting_in(text) is None


@pytest.mark.parametrize(("text", "words"), [("谢谢！", "不客气"), ("thank you", "welcome")])
def test_the_reply_is_in_the_language_of_the_greeting_and_asks_nobody(
    api: RunningApi, model: ScriptedChatModel, text: str, words: str
) -> None:
    base_id = api.ingest("手册", {"leave.md": "# 年假\n\n年假十天。谢谢。thank you."})
    answer = ask(api.http, text, base_id)["done"][0]["message"]
    assert words in answer["content"]
    assert (answer["finish_reason"], answer["state"]) == ("greeting", "complete")
    assert answer["passages"] == answer["citations"] == []
    assert model.history == []


def test_a_greeting_is_no_part_of_what_a_follow_up_refers_to(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    base_id = api.ingest("手册", {"leave.md": "# 年假\n\n年假十天。"})
    first = ask(api.http, "你好", base_id)["done"][0]["message"]
    model.enqueue("年假十天[1]。")
    ask(api.http, "年假有几天？", base_id, conversation_id=first["conversation_id"])
    assert all(message.content != "你好" for message in model.history[0])


def test_clients_of_v1_are_greeted_too(api: RunningApi, model: ScriptedChatModel) -> None:
    api.ingest("手册", {"leave.md": "# 年假\n\n年假十天。"})
    body = {"model": "zhiwen", "messages": [{"role": "user", "content": "你好！"}]}
    said = api.http.post("/v1/chat/completions", json=body).json()["choices"][0]
    assert "直接提问" in said["message"]["content"] and said["finish_reason"] == "stop"
    assert model.history == []
