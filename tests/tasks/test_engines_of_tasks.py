"""Tasks and tools ask the engine that was chosen for the conversation, and keep who wrote."""

from pathlib import Path
from typing import Any

import pytest

from app.llm.servers.fake_engine import FakeEngine
from tests.api.answers.test_engines import api_over
from tests.api.sse import ask
from tests.application import RunningApi
from tests.llm.test_openai_chat import CLOSED_PORT

# The fake engine quotes what follows a source's first line, and so a document that has one.
HANDBOOK = '员工手册 ="1" >\n\n年假为每年十五天，须提前一周申请。\n\n病假每年十天，需要医院证明。\n'
TASKS = ("chat", "translate", "summarise")


def request_of(api: RunningApi, task: str) -> dict[str, Any]:
    """What `ask` needs for that task."""
    base_id = api.ingest("人事", {"手册.txt": HANDBOOK})
    if task != "summarise":
        return {"question": "年假有几天？", "base_id": base_id, "task": task}
    document = api.http.get(f"/api/bases/{base_id}/documents").json()["items"][0]["id"]
    return {"question": "", "base_id": base_id, "task": task, "document_id": document}


def answered(api: RunningApi, **request: Any) -> dict[str, Any]:
    message: dict[str, Any] = ask(api.http, **request)["done"][0]["message"]
    assert api.http.get(f"/api/messages/{message['id']}").json()["served"] == message["served"]
    return message


@pytest.mark.parametrize("task", TASKS)
def test_the_engine_of_the_conversation_does_the_task_and_the_replay(
    tmp_path: Path, fake_url: str, fake_engine: FakeEngine, task: str
) -> None:
    engines: list[dict[str, object]] = [
        {"name": "大", "base_url": fake_url, "model": "fake:ok"},
        {"name": "小", "base_url": fake_url, "model": "fake:joined", "size": "small"},
        {"name": "外", "base_url": fake_url, "model": "fake:split", "only_by_name": True},
    ]
    with api_over(tmp_path, engines) as api:
        request = request_of(api, task)
        named = answered(api, **request, model="外")
        again = answered(api, **request, conversation_id=named["conversation_id"])
        asked = [body["model"] for body in fake_engine.requests]
        replayed = api.http.post(f"/api/messages/{named['id']}/replay").json()
        auto = answered(api, **request)
    served = {"engine": "外", "wanted": "外", "reason": "named", "tried": [], "adapter": ""}
    assert named["served"] == again["served"] == served
    assert {*asked} == {"fake:split"}
    assert (replayed["same"], replayed["model"], replayed["notes"]) == (True, "外", [])
    assert fake_engine.requests[len(asked)]["model"] == "fake:split"
    assert (auto["served"]["wanted"], auto["served"]["engine"]) == ("auto", "小")


@pytest.mark.parametrize("task", TASKS)
def test_a_fallback_is_named_and_what_it_wrote_is_not_given_again(
    tmp_path: Path, fake_url: str, task: str
) -> None:
    engines: list[dict[str, object]] = [
        {"name": "first", "base_url": CLOSED_PORT},
        {"name": "second", "base_url": fake_url, "model": "fake"},
    ]
    with api_over(tmp_path, engines) as api:
        request = request_of(api, task)
        for reason in ("unavailable", "open"):
            message = answered(api, **request)
            assert message["model"] == message["served"]["engine"] == "second"
            assert [t["reason"] for t in message["served"]["tried"]] == [reason]
            assert message["cached_from"] is None
    assert task != "summarise" or message["citations"]  # good enough, had the first one written it


def test_tools_are_called_by_the_engine_that_was_chosen(
    tmp_path: Path, fake_url: str, fake_engine: FakeEngine
) -> None:
    engines: list[dict[str, object]] = [
        {"name": "大", "base_url": fake_url, "model": "fake:ok", "protocol": "chat"},
        {"name": "外", "base_url": fake_url, "model": "x:tool", "protocol": "chat"},
    ]
    question = 'search_knowledge {"query": "年假有几天"}'
    with api_over(tmp_path, engines, tool_steps=2, engine_protocol="chat") as api:
        base_id = api.ingest("人事", {"手册.txt": HANDBOOK})
        message = answered(api, question=question, base_id=base_id, model="外")
    assert [body["model"] for body in fake_engine.requests] == ["x:tool", "x:tool"]
    assert message["model"] == message["served"]["engine"] == "外"
    assert message["citations"]
