"""Thoughts over the API: streamed, stored, left out where they do not belong."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from app.llm.sampling import Sampling, Thinking
from app.llm.scripted import ScriptedChatModel
from app.llm.servers.fake_engine import FakeEngine
from app.llm.servers.fake_thoughts import THOUGHT
from app.llm.thinking import EMPTY_THOUGHT
from app.llm.wire.openai_chat import OpenAIChatModel
from app.rag.prompting.prompt import render_chatml
from app.tuning import to_chatml_text
from tests.api.answers.test_engines import api_over
from tests.api.sse import ask, events
from tests.application import RunningApi, running_api
from tests.patience import PATIENCE_S
from tests.tokens import Characters

SENTENCE = "年假为每年十五天，须提前一周申请。"
CITED = f"{SENTENCE[:-1]}[1]。"
THINKING = ("资料[1]", "说了。")


def handbook(api: RunningApi) -> str:
    return api.ingest("人事", {"手册.txt": SENTENCE})


def test_a_thought_is_streamed_by_its_own_event_and_kept(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    base_id = handbook(api)
    model.enqueue(SENTENCE, thought=THINKING)
    found = ask(api.http, "年假有几天？", base_id, thinking=True)
    assert found["thought"] == [{"text": piece} for piece in THINKING]
    assert [delta["text"] for delta in found["delta"]] == [SENTENCE]
    message = found["done"][0]["message"]
    assert (message["thought"], message["content"]) == ("资料[1]说了。", SENTENCE)
    assert message["thought_tokens"] == len(message["thought"])
    assert message["timings_ms"]["thinking"] >= 0
    assert model.asked_to_think == [True]
    assert len(message["checks"]) == 1
    assert "zhiwen_thought_tokens_total 8.0" in api.http.get("/metrics").text


def test_the_next_question_and_the_training_file_do_without_it(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    base_id = handbook(api)
    model.enqueue(SENTENCE, thought=THINKING)
    first = ask(api.http, "年假有几天？", base_id)
    model.enqueue(thought=("没想完",), finish_reason="length")
    conversation_id = first["start"][0]["conversation"]["id"]
    second = ask(api.http, "要申请吗？", base_id, conversation_id=conversation_id)
    cut = second["done"][0]["message"]
    assert (cut["finish_reason"], cut["content"], cut["thought"]) == ("length", "", "没想完")
    model.enqueue(SENTENCE)
    ask(api.http, "提前多久？", base_id, conversation_id=conversation_id)
    history = "".join(message.content for message in model.history[-1])
    assert SENTENCE in history
    assert "说了" not in history and "没想完" not in history and "要申请吗" not in history

    for answer in (first, second):
        path = f"/api/messages/{answer['start'][0]['answer_id']}/feedback"
        api.http.put(path, json={"rating": "up"})
    exported = api.http.get("/api/export", params={"format": "messages"})
    assert len(exported.text.splitlines()) == 1
    assert "说了" not in exported.text
    report = api.http.get("/api/export/report", params={"format": "messages"}).json()
    assert [left["reason"] for left in report["left_out"]] == ["The answer is incomplete."]


def test_stopping_while_it_thinks_keeps_the_thought(tmp_path: Path) -> None:
    model = ScriptedChatModel(gate=asyncio.Semaphore(1))
    with running_api(tmp_path, model=model) as api:
        base_id = handbook(api)
        model.enqueue(SENTENCE, thought=THINKING)
        answer_id, seen = "", []
        body = {"question": "年假？", "base_ids": [base_id]}
        for name, data in events(api.http, "POST", "/api/chat", json=body):
            seen.append(name)
            answer_id = data.get("answer_id", answer_id)
            if name == "thought":
                api.http.post(f"/api/messages/{answer_id}/stop")
        stopped = api.http.get(f"/api/messages/{answer_id}").json()
        assert (stopped["state"], stopped["content"]) == ("stopped", "")
        assert stopped["thought"] == THINKING[0]
        assert seen[-1] == "done"
        assert model.closed == 1


def test_whoever_comes_back_hears_the_thought_from_the_start(tmp_path: Path) -> None:
    gate = asyncio.Semaphore(1)
    model = ScriptedChatModel(gate=gate)
    with running_api(tmp_path, model=model) as api:
        base_id = handbook(api)
        model.enqueue(SENTENCE, thought=THINKING)
        body = {"question": "年假？", "base_ids": [base_id]}
        answer_id = ""
        for name, data in events(api.http, "POST", "/api/chat", json=body):
            answer_id = data.get("answer_id", answer_id)
            if name == "thought":
                break
        deadline = time.monotonic() + PATIENCE_S
        while not (kept := api.http.get(f"/api/messages/{answer_id}").json())["thought"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert (kept["state"], kept["thought"]) == ("streaming", THINKING[0])
        gate.release()
        gate.release()
        again = list(events(api.http, "GET", f"/api/messages/{answer_id}/events"))
        assert [data["text"] for name, data in again if name == "thought"] == list(THINKING)
        assert again[-1][1]["message"]["thought"] == "".join(THINKING)


def test_a_cached_answer_comes_with_its_thought(api: RunningApi, model: ScriptedChatModel) -> None:
    base_id = handbook(api)
    model.enqueue(SENTENCE, thought=THINKING)
    ask(api.http, "年假有几天？", base_id, thinking=True)
    cached = ask(api.http, "年假有几天？", base_id, thinking=True)
    message = cached["done"][0]["message"]
    assert message["cached_from"]
    assert cached["thought"] == [{"text": "资料[1]说了。"}]
    assert (message["thought"], message["thought_tokens"]) == ("资料[1]说了。", 0)
    model.enqueue(SENTENCE)
    other = ask(api.http, "年假有几天？", base_id, thinking=False)["done"][0]["message"]
    assert (other["cached_from"], other["thought"]) == (None, "")


def test_regenerating_thinks_as_before_unless_it_is_told(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    base_id = handbook(api)
    for _ in range(3):
        model.enqueue(SENTENCE)
    first = ask(api.http, "年假有几天？", base_id, thinking=True)["start"][0]["answer_id"]
    list(events(api.http, "POST", "/api/chat", json={"regenerate": first}))
    list(events(api.http, "POST", "/api/chat", json={"regenerate": first, "thinking": False}))
    assert model.asked_to_think == [True, True, False]


def test_openai_clients_get_it_as_reasoning_content(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    handbook(api)
    client = openai.OpenAI(base_url=f"{api.url}/v1", api_key="none", max_retries=0)
    model.enqueue(SENTENCE, thought=THINKING)
    asked: dict[str, object] = {
        "model": "zhiwen",
        "messages": [{"role": "user", "content": "年假有几天？"}],
        "extra_body": {"chat_template_kwargs": {"enable_thinking": True}},
    }
    answer = client.chat.completions.create(**asked)  # type: ignore[call-overload]  # plain dicts are fine
    message = answer.choices[0].message
    assert (message.reasoning_content, message.content) == ("资料[1]说了。", SENTENCE)
    model.enqueue(SENTENCE, thought=THINKING)
    chunks = list(client.chat.completions.create(stream=True, **asked))  # type: ignore[call-overload]  # plain dicts are fine
    deltas = [chunk.choices[0].delta for chunk in chunks]
    assert "".join(getattr(d, "reasoning_content", None) or "" for d in deltas) == "资料[1]说了。"
    assert "".join(d.content or "" for d in deltas) == SENTENCE
    assert deltas[0].role == "assistant"
    assert model.asked_to_think == [True, True]


@pytest.fixture
def fake() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def thinker(tmp_path: Path, fake: FakeEngine) -> Iterator[RunningApi]:
    """A service whose model has the switch, and thinks as Qwen3 does."""
    from tests.serving import serving

    with serving(fake.app()) as url:
        model = OpenAIChatModel(
            f"{url}/v1",
            "fake:think",
            Characters(),
            render=render_chatml,
            context_tokens=8192,
            thinking=Thinking("template"),
            sampling_thinking=Sampling(temperature=0.6),
        )
        with running_api(tmp_path, model=model) as api:
            yield api


def test_a_replay_thinks_as_the_answer_did(thinker: RunningApi, fake: FakeEngine) -> None:
    base_id = handbook(thinker)
    for thinking in (True, False):
        before = ask(thinker.http, "年假有几天？", base_id, thinking=thinking)["done"][0]["message"]
        assert before["thought"] == (THOUGHT if thinking else "")
        made = thinker.http.post(f"/api/messages/{before['id']}/replay").json()
        assert (made["same"], made["after"]) == (True, CITED)
        assert fake.requests[-1] == fake.requests[-2]
    assert fake.requests[0]["temperature"] == 0.6


def test_what_is_exported_is_rendered_as_it_was_served(
    thinker: RunningApi, fake: FakeEngine
) -> None:
    base_id = handbook(thinker)
    found = ask(thinker.http, "年假有几天？", base_id)
    path = f"/api/messages/{found['start'][0]['answer_id']}/feedback"
    thinker.http.put(path, json={"rating": "up"})
    row = thinker.http.get("/api/export", params={"format": "messages"}).json()
    text = to_chatml_text(row, render_chatml, thought=EMPTY_THOUGHT)
    assert text["prompt"] == fake.requests[-1]["prompt"]
    assert text["completion"] == f"{CITED}<|im_end|>"


def test_engines_say_whether_they_can_be_told_to_think(tmp_path: Path, fake_url: str) -> None:
    plain = {"name": "plain", "base_url": fake_url, "model": "fake"}
    able = {**plain, "name": "able", "model": "fake:think_apart", "protocol": "chat"}
    able |= {"thinking": "template", "thinks_by_default": True}
    with api_over(tmp_path, [plain, able]) as api:
        models = {model["name"]: model for model in api.http.get("/api/models").json()}
        assert models["plain"]["thinking"] == "no"
        assert (models["able"]["thinking"], models["able"]["thinks_by_default"]) == (
            "template",
            True,
        )
        base_id = handbook(api)
        for thinking, thought in ((None, THOUGHT), (False, ""), (True, THOUGHT)):
            found = ask(api.http, "年假有几天？", base_id, model="able", thinking=thinking)
            message = found["done"][0]["message"]
            assert (message["thought"], message["content"]) == (thought, CITED)
        found = ask(api.http, "年假有几天？", base_id, model="plain", thinking=True)
        assert found["done"][0]["message"]["thought"] == ""
