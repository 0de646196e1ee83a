"""What is counted on whose account, written down, and told to whom."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.llm.scripted import ScriptedChatModel
from tests.api.people.house import PASSWORD, House
from tests.api.sse import ask
from tests.application import drain, running_api
from tests.passwords import cheap_passwords
from tests.processes.zhiwen_up import eventually


@pytest.fixture
def model() -> ScriptedChatModel:
    return ScriptedChatModel()


@pytest.fixture
def limited(tmp_path: Path, model: ScriptedChatModel) -> Iterator[House]:
    """Fourteen requests a day for each."""
    settings: dict[str, Any] = {"auth": "password", "daily_requests": 14}
    with running_api(
        tmp_path / "data", model=model, passwords=cheap_passwords(), **settings
    ) as api:
        yield House(api)


def base_of(house: House, browser: httpx.Client, name: str = "手册") -> str:
    """Of a document that is read."""
    base_id = str(browser.post("/api/bases", json={"name": name}).json()["id"])
    files = {"file": ("假期.md", "# 假期\n\n年假为每年十五天。".encode())}
    browser.post(f"/api/bases/{base_id}/documents", files=files).raise_for_status()
    drain(house.api.application)
    return base_id


def used(browser: httpx.Client) -> tuple[int, int]:
    (today,) = browser.get("/api/me/usage").json()["items"]
    return today["requests"], today["tokens"]


def actions(house: House, admin: httpx.Client) -> list[tuple[str, str]]:
    entries = admin.get("/api/audit").json()["entries"]
    return [(e["action"], e["object_kind"]) for e in reversed(entries)]


def test_a_replay_costs_as_much_as_the_answer(limited: House, model: ScriptedChatModel) -> None:
    ada = limited.person("ada")
    base_id = base_of(limited, ada)
    model.enqueue("年假为每年十五天。")
    answer = ask(ada, "年假有几天？", base_id)["done"][0]["message"]
    once = answer["prompt_tokens"] + answer["completion_tokens"]
    model.enqueue("年假为每年十五天。")
    ada.post(f"/api/messages/{answer['id']}/replay").raise_for_status()
    assert once > 0
    eventually(lambda: used(ada) == (2, 2 * once))  # they may be on their way to the database


def test_runs_count_and_only_so_many_wait(limited: House) -> None:
    ada = limited.person("ada")
    base_id = base_of(limited, ada)
    path, app = f"/api/bases/{base_id}", limited.api.application
    for _ in range(10):
        ada.post(f"{path}/evaluations", json={"answers": True}).raise_for_status()
    refused = ada.post(f"{path}/evaluations", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_runs")
    claim = app.jobs.claim("worker", "evaluate")
    assert claim is not None
    details = [{"prompt_tokens": 100, "completion_tokens": 20}, {"rank": 1}]
    result = {"metrics": {}, "records": [{"details": each} for each in details]}
    app.evaluations.finish(claim, json.dumps(result), "")
    ada.post(f"{path}/changes").raise_for_status()
    assert used(ada) == (12, 120)
    claim = app.jobs.claim("worker", "record")
    assert claim is not None
    app.changes.recordings.finish(claim, {}, [], tokens=30)
    assert used(ada)[1] == 150
    for _ in range(2):
        ada.post(f"{path}/evaluations", json={})
    for asked in ("evaluations", "changes"):
        assert ada.post(f"{path}/{asked}", json={}).json()["code"] == "daily_limit"


@pytest.mark.parametrize("task", ["chat", "translate", "summarise"])
def test_no_task_is_about_a_base_that_one_may_not_see(house: House, task: str) -> None:
    keeper, mallory = house.person("keeper"), house.person("mallory")
    theirs, own = base_of(house, keeper), base_of(house, mallory)
    documents = mallory.get(f"/api/bases/{own}/documents").json()["items"]
    about = {"document_id": documents[0]["id"]} if task == "summarise" else {}
    body = {"question": "坏", "base_ids": [own, theirs], "task": task, **about}
    assert mallory.post("/api/chat", json=body).status_code == 404
    assert mallory.get("/api/conversations").json()["total"] == 0


def test_a_talk_goes_on_when_a_base_is_closed(limited: House, model: ScriptedChatModel) -> None:
    keeper, ada = limited.person("keeper"), limited.person("ada")
    base_id = base_of(limited, keeper)
    grants = f"/api/bases/{base_id}/grants"
    everyone = {"subject_kind": "everyone", "role": "reader"}
    keeper.put(grants, json=everyone).raise_for_status()
    model.enqueue("你好。")
    answer_id = ask(ada, "说点什么", base_id, task="chat")["start"][0]["answer_id"]
    keeper.delete(f"{grants}/everyone/-").raise_for_status()
    model.enqueue("您好。")
    again = ask(ada, "", base_id, regenerate=answer_id)
    assert again["done"][0]["message"]["content"] == "您好。"


def test_exports_approvals_and_withdrawals_are_written_down(
    limited: House, model: ScriptedChatModel
) -> None:
    root, ada = limited.person("root", admin=True), limited.person("ada")
    base_id = base_of(limited, ada)
    model.enqueue("年假为每年十五天。")
    answer_id = ask(ada, "年假有几天？", base_id)["start"][0]["answer_id"]
    ada.put(f"/api/messages/{answer_id}/feedback", json={"rating": "up"}).raise_for_status()
    before = len(actions(limited, root))
    pair = {"question": "几点上班？", "answer": "九点。", "base_ids": [base_id]}
    approved_id = ada.post("/api/approved", json=pair).raise_for_status().json()["id"]
    ada.delete(f"/api/approved/{approved_id}").raise_for_status()
    for path in ("/api/export/report", "/api/export"):
        ada.get(path, params={"format": "messages", "base_id": base_id}).raise_for_status()
    assert actions(limited, root)[before:] == [
        ("approved.approve", "approved"),
        ("approved.withdraw", "approved"),
        ("feedback.export", "base"),
    ]
    entry = root.get("/api/audit").json()["entries"][0]
    assert entry["detail"] == {"format": "messages", "rows": 1}
    assert "年假" not in str(root.get("/api/audit").json())


def test_where_engines_are_is_told_to_administrators(
    limited: House, model: ScriptedChatModel
) -> None:
    root, ada = limited.person("root", admin=True), limited.person("ada")
    body = {"name": "k", "scopes": ["read"], "password": PASSWORD}
    token = root.post("/api/keys", json=body).json()["token"]
    program = limited.browser(Authorization=f"Bearer {token}")
    app = limited.api.application
    model.is_ready = False
    (engine,) = app.gateway.engines.values()
    engine.spec = engine.spec.model_copy(update={"base_url": "http://10.0.0.7:8000/v1"})
    engine.last_error = "http://10.0.0.7:8000 refused the connection"
    told = {"address", "last_error", "todo"}
    for browser, whole in ((root, True), (ada, False), (program, False)):
        status = browser.get("/api/status").json()
        (found,) = status["engines"]
        assert not found["ok"]
        assert {name for name in told if found[name]} == (told if whole else set())
        down = [each["detail"] for each in status["components"] if not each["ok"]]
        assert any(down) == whole
        assert whole or "10.0.0.7" not in str(status)
