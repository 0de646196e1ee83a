import asyncio
import time
from pathlib import Path

from app.llm.chat_model import EngineStreamBroken
from app.llm.messages import Message
from app.llm.scripted import ScriptedChatModel
from app.rag.prompting.prompt import render_chatml
from app.services.people.access import LOCAL_OWNER as ME
from tests.api.sse import ask, events
from tests.application import RunningApi, running_api
from tests.weights import CHAT_MODEL

HANDBOOK = """# 员工手册

## 假期

年假为每年十五天，须提前一周申请。病假每年十天，需要医院证明。

## 报销

差旅费用在返回后三十天内报销，需要发票原件。
"""


def test_an_answer_streams_with_stages_sources_and_a_citation_that_holds(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})
    model.enqueue("年假为每年", "十五天，须提前一周申请。")

    found = ask(api.http, "年假有几天？", base_id)

    assert [stage["stage"] for stage in found["stage"]] == ["searching", "reading", "writing"]
    message = found["done"][0]["message"]
    assert "".join(delta["text"] for delta in found["delta"]) == message["content"]
    assert message["content"] == "年假为每年十五天，须提前一周申请。"
    (citation,) = message["citations"]
    passage = found["sources"][0]["passages"][citation["marker"] - 1]
    assert passage["document_name"] == "员工手册.md"
    part = api.http.get(
        f"/api/documents/{citation['document_id']}/text",
        params={"start": citation["start"], "end": citation["end"]},
    ).json()
    assert part["text"] == citation["text"] == "年假为每年十五天，须提前一周申请。"


def test_what_was_served_is_what_is_kept(api: RunningApi, model: ScriptedChatModel) -> None:
    base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})
    model.enqueue("十五天。")
    found = ask(api.http, "年假有几天？", base_id)
    message_id = found["start"][0]["answer_id"]
    api.http.put(f"/api/messages/{message_id}/feedback", json={"rating": "up"})

    metrics = api.http.get("/metrics").text
    assert 'zhiwen_answers_total{finish_reason="stop"}' in metrics
    assert 'zhiwen_ratings_total{rating="up"}' in metrics
    exported = api.http.get("/api/export", params={"format": "messages"}).json()

    served = render_chatml(model.history[0])
    prompt = [Message(m["role"], m["content"]) for m in exported["messages"][:-1]]
    assert render_chatml(prompt) == served
    assert exported["messages"][-1]["content"] == found["done"][0]["message"]["content"]


def test_the_first_words_of_an_answer_are_served_and_kept_but_not_taught(tmp_path: Path) -> None:
    """They are in no text that a person has seen or written."""
    model = ScriptedChatModel(CHAT_MODEL)
    with running_api(tmp_path, model=model) as api:
        base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})
        model.enqueue("十五天。")
        found = ask(api.http, "年假有几天？", base_id)
        path = f"/api/messages/{found['start'][0]['answer_id']}"
        api.http.put(f"{path}/feedback", json={"rating": "up"})
        kept = api.application.conversations.message(ME, path.rpartition("/")[2])
        exported = api.http.get("/api/export", params={"format": "messages"}).json()["messages"]

    assert model.history[0][-1] == Message("assistant", "年假有")
    assert kept.message.prompt[-1] == {"role": "assistant", "content": "年假有"}
    assert [m["content"] for m in exported[:-1]] == [m.content for m in model.history[0][:-1]]
    assert exported[-1]["content"] == found["done"][0]["message"]["content"] == "十五天。[1]"


def test_an_empty_base_gives_a_plain_sentence_and_asks_no_model(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    base_id = api.ingest("空", {})
    message = ask(api.http, "How many days?", base_id)["done"][0]["message"]
    assert message["finish_reason"] == "no_sources"
    assert message["content"].startswith("Nothing in the selected knowledge bases")
    assert model.history == []


def test_a_follow_up_carries_the_history_without_old_markers(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})
    model.enqueue("年假为每年十五天。")
    first = ask(api.http, "年假有几天？", base_id)
    model.enqueue("病假每年十天。")
    conversation = first["start"][0]["conversation"]

    ask(api.http, "那病假呢？", base_id, conversation_id=conversation["id"])

    turns = [m.content for m in model.history[1]][1:3]
    assert turns == ["年假有几天？", "年假为每年十五天。"]
    detail = api.http.get(f"/api/conversations/{conversation['id']}").json()
    assert [m["role"] for m in detail["messages"]] == ["user", "assistant"] * 2
    assert detail["title"] == "年假有几天？"


def test_stopping_keeps_the_text_and_frees_the_engine(tmp_path: Path) -> None:
    gate = asyncio.Semaphore(2)
    model = ScriptedChatModel(gate=gate)
    with running_api(tmp_path, model=model) as api:
        base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})
        model.enqueue("年假", "为", "每年十五天。")
        answer_id = ""
        seen = []
        body = {"question": "年假？", "base_ids": [base_id]}
        for name, data in events(api.http, "POST", "/api/chat", json=body):
            seen.append(name)
            if name == "start":
                answer_id = data["answer_id"]
            if seen.count("delta") == 2 and name == "delta":
                assert api.http.post(f"/api/messages/{answer_id}/stop").status_code == 202
        stopped = api.http.get(f"/api/messages/{answer_id}").json()
        assert (stopped["state"], stopped["content"]) == ("stopped", "年假为")
        assert seen[-1] == "done"
        assert model.closed == 1


def test_a_watcher_that_left_can_come_back_to_the_same_events(tmp_path: Path) -> None:
    gate = asyncio.Semaphore(1)
    model = ScriptedChatModel(gate=gate)
    with running_api(tmp_path, model=model) as api:
        base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})
        model.enqueue("年假", "十五天。")
        body = {"question": "年假？", "base_ids": [base_id]}
        answer_id = ""
        for name, data in events(api.http, "POST", "/api/chat", json=body):
            answer_id = data.get("answer_id", answer_id)
            if name == "delta":
                break  # the page is gone, the answer is not
        time.sleep(0.2)
        assert api.http.get(f"/api/messages/{answer_id}").json()["state"] == "streaming"
        gate.release()
        again = list(events(api.http, "GET", f"/api/messages/{answer_id}/events"))
        assert [name for name, _ in again][:2] == ["start", "stage"]
        assert again[-1][0] == "done"
        assert "十五天" in again[-1][1]["message"]["content"]


def test_regenerating_adds_a_variant_and_keeps_the_old_answer(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})
    model.enqueue("年假十五天。")
    first = ask(api.http, "年假有几天？", base_id)["start"][0]
    model.enqueue("每年十五天年假。")
    body = {"regenerate": first["answer_id"]}
    second = dict(events(api.http, "POST", "/api/chat", json=body))
    assert second["done"]["message"]["variant"] == 1
    detail = api.http.get(f"/api/conversations/{first['conversation']['id']}").json()
    assert [m["content"] for m in detail["messages"]][1:] == [
        "年假十五天。",
        "每年十五天年假。",
    ]


def test_an_engine_that_is_down_is_told_and_the_next_question_works(
    api: RunningApi, model: ScriptedChatModel
) -> None:
    base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})
    found = ask(api.http, "年假？", base_id)
    assert found["error"][0]["code"] == "engine_unavailable"
    assert found["error"][0]["status"] == 503
    model.enqueue("年假为每年十五天。")
    conversation_id = found["start"][0]["conversation"]["id"]
    again = ask(api.http, "年假？", base_id, conversation_id=conversation_id)
    assert again["done"][0]["message"]["state"] == "complete"


def test_a_stream_that_breaks_keeps_what_came(api: RunningApi, model: ScriptedChatModel) -> None:
    base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})
    model.enqueue("年假为每年", error=EngineStreamBroken("the engine went away"))
    found = ask(api.http, "年假？", base_id)
    assert found["error"][0]["detail"] == "the engine went away"
    kept = api.http.get(f"/api/messages/{found['start'][0]['answer_id']}").json()
    assert (kept["state"], kept["content"]) == ("failed", "年假为每年")
    assert kept["error_code"] == "engine_stream_broken"


def test_questions_that_cannot_be_asked_are_refused_before_the_stream(api: RunningApi) -> None:
    base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})

    def status(**body: object) -> tuple[int, str]:
        answer = api.http.post("/api/chat", json=body)
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, answer.json()["code"]

    assert status(question="长" * 100_000, base_ids=[base_id]) == (413, "question_too_long")
    assert status(question="  ", base_ids=[base_id]) == (422, "empty_question")
    assert status(question="年假？", base_ids=[]) == (422, "no_base")
    assert status(question="年假？", base_ids=["nowhere"]) == (404, "not_found")
    unknown = {"question": "年假？", "base_ids": [base_id], "conversation_id": "x"}
    assert status(**unknown) == (404, "not_found")
    assert status(question="年假？", bases=[base_id]) == (422, "invalid")
