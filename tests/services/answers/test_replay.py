"""Answers are made again from what is stored with them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.llm.scripted import ScriptedChatModel
from app.llm.servers.fake_engine import FakeEngine
from app.llm.wire.openai_chat import OpenAIChatModel
from app.rag.prompting.prompt import render_chatml
from tests.api.sse import ask
from tests.application import RunningApi, running_api
from tests.serving import serving
from tests.tokens import Characters

SMALLEST = "qwen2.5-coder-0.5b-instruct"
HANDBOOK = "# 员工手册\n\n## 假期\n\n年假为每年十五天，须提前一周申请。\n"


@pytest.fixture
def fake() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def served(fake: FakeEngine, tmp_path: Path) -> Iterator[RunningApi]:
    """A service with the fake engine behind it."""
    with serving(fake.app()) as url:
        model = OpenAIChatModel(
            f"{url}/v1", "fake", Characters(), render=render_chatml, connect_timeout_s=30
        )
        with running_api(tmp_path, model=model) as api:
            yield api


def test_the_same_prompt_is_served_and_the_same_answer_comes(
    served: RunningApi, fake: FakeEngine
) -> None:
    base_id = served.ingest("人事", {"手册.md": HANDBOOK})
    before = ask(served.http, "年假有几天？", base_id)["done"][0]["message"]
    served.ingest("人事", {"别的.md": "# 年假\n\n年假有几天：三天。\n"})  # matters no more

    made = served.http.post(f"/api/messages/{before['id']}/replay").json()

    assert made["same"] is True
    assert made["before"] == made["after"] == before["content"]
    assert made["same_verdicts"] is True
    assert made["checks_before"] == made["checks_after"] == before["checks"] != []
    assert made["notes"] == []
    assert fake.requests[0] == fake.requests[1]
    recipe = made["recipe"]
    own = {"temperature": None, "thinking": None}  # the engine's
    assert recipe["sampling"] == {**own, "max_tokens": 512, "seed": None}
    assert recipe["prompt"].startswith("qa-")
    assert recipe["retrieval"]["top_k"] == 6
    assert list(recipe["bases"]) == [base_id]


def test_tasks_that_ask_several_times_are_done_again_from_the_start(
    served: RunningApi, fake: FakeEngine
) -> None:
    base_id = served.ingest("人事", {"手册.md": HANDBOOK})
    document = served.http.get(f"/api/bases/{base_id}/documents").json()["items"][0]["id"]
    summary = ask(served.http, "", base_id, task="summarise", document_id=document)
    translated = ask(served.http, "一。二。", base_id, task="translate")
    for found in (summary, translated):
        asked = len(fake.requests)
        made = served.http.post(f"/api/messages/{found['start'][0]['answer_id']}/replay").json()
        assert made["same"] is True
        assert made["after"] == found["done"][0]["message"]["content"] != ""
        assert len(fake.requests) > asked
    served.http.delete(f"/api/documents/{document}").raise_for_status()
    gone = served.http.post(f"/api/messages/{summary['start'][0]['answer_id']}/replay")
    assert (gone.status_code, gone.json()["code"]) == (410, "document_gone")


def test_another_answer_is_told_and_why(tmp_path: Path) -> None:
    first, other = ScriptedChatModel(), ScriptedChatModel(name="other")
    with running_api(tmp_path, model=first) as api:
        base_id = api.ingest("人事", {"手册.md": HANDBOOK})
        first.enqueue("年假为每年十五天。")
        before = ask(api.http, "年假有几天？", base_id)["done"][0]["message"]
    with running_api(tmp_path, model=other) as api:
        other.enqueue("十五天年假。")
        made = api.http.post(f"/api/messages/{before['id']}/replay").json()
        kept = api.http.get(f"/api/messages/{before['id']}").json()
    assert (made["same"], made["after"]) == (False, "十五天年假。")
    assert made["same_verdicts"] is False
    assert [check["verdict"] for check in made["checks_before"]] == ["supported"]
    assert made["notes"] == ["Written by scripted; other is running now."]
    assert kept["content"] == before["content"]


def test_what_no_model_wrote_cannot_be_replayed(api: RunningApi) -> None:
    base_id = api.ingest("空", {})
    found = ask(api.http, "年假有几天？", base_id)
    for message_id, status in (
        (found["start"][0]["answer_id"], 409),
        (found["start"][0]["question"]["id"], 422),
        ("x", 404),
    ):
        answer = api.http.post(f"/api/messages/{message_id}/replay")
        assert answer.status_code == status


@pytest.mark.parametrize(("rows", "whole"), [(6, True), (120, False)])
def test_a_table_that_goes_on_in_the_next_chunk_is_not_taken_for_a_whole_one(
    tmp_path: Path, rows: int, whole: bool
) -> None:
    """The rows of a whole one are compared, whatever the smallest model says."""
    model = ScriptedChatModel(name=SMALLEST)
    prices = [f"型号{n}（{'甲类' if n < 6 else '乙类'}）,{900 + n}元" for n in range(rows)]
    with running_api(tmp_path, model=model, chat_model=SMALLEST, chunk_tokens=100) as api:
        base_id = api.ingest("价格", {"甲类.csv": "\n".join(["型号,单价", *prices])})
        model.enqueue("型号0（甲类）")
        before = ask(api.http, "甲类里哪个型号的单价最高？", base_id)["done"][0]["message"]
        assert [passage["ordinal"] for passage in before["passages"]] == [0]
        assert before["content"].startswith("型号5" if whole else "型号0")
        model.enqueue("型号0（甲类）")
        made = api.http.post(f"/api/messages/{before['id']}/replay").json()
    assert made["after"] == before["content"]
