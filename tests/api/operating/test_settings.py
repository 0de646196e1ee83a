"""Settings that administrators change while the service runs."""

from pathlib import Path
from typing import Any

import pytest

from app.llm.scripted import ScriptedChatModel
from app.models.cpu_choice import CpuChoice, read_choice, write_choice
from app.services.operations.samples import NAME, sample_files
from app.wiring.application import build
from ingest.embedding.hashing import HashingEmbedder
from tests.api.people.house import House
from tests.application import RunningApi, running_api


def setting(settings: Any, name: str) -> Any:
    return next(each for each in settings["settings"] if each["name"] == name)


def test_a_limit_counts_at_once_and_in_other_processes_soon(house: House) -> None:
    boss = house.person("boss", admin=True)
    base_id = boss.post("/api/bases", json={"name": "一"}).json()["id"]
    search = {"query": "年假", "base_ids": [base_id]}
    assert boss.post("/api/search", json=search).status_code == 200
    changed = boss.patch("/api/settings", json={"daily_requests": 1}).json()
    assert setting(changed, "daily_requests")["value"] == 1
    assert boss.post("/api/search", json=search).status_code == 429
    assert boss.get("/api/usage").json()["limits"]["requests"] == 1

    here = house.api.application
    other = build(here.settings, embedder=HashingEmbedder(), model=ScriptedChatModel())
    assert other.usage.limits.requests == 0
    other.run_time.refresh()
    assert other.usage.limits.requests == 1

    boss.patch("/api/settings", json={"daily_requests": None}).raise_for_status()
    assert boss.post("/api/search", json=search).status_code == 200
    entries = boss.get("/api/audit", params={"action": "setting.change"}).json()["entries"]
    assert [(e["object_id"], e["detail"]) for e in entries] == [
        ("daily_requests", {"value": None}),
        ("daily_requests", {"value": 1}),
    ]


def test_a_restart_keeps_what_was_changed(tmp_path: Path) -> None:
    with running_api(tmp_path) as api:
        days = {"keep_conversations_days": 30}
        api.http.patch("/api/settings", json=days).raise_for_status()
        assert api.application.retention.conversations_days == 30
    with running_api(tmp_path) as api:
        assert api.application.retention.conversations_days == 30


def test_what_the_operator_has_set_comes_first(tmp_path: Path) -> None:
    with running_api(tmp_path, daily_tokens=500) as api:
        found = setting(api.http.get("/api/settings").json(), "daily_tokens")
        assert (found["value"], found["fixed"]) == (500, True)
        assert found["variable"] == "ZHIWEN_DAILY_TOKENS"
        both = {"daily_requests": 5, "daily_tokens": 9}
        answer = api.http.patch("/api/settings", json=both)
        assert (answer.status_code, answer.json()["code"]) == (422, "setting_fixed")
        assert setting(api.http.get("/api/settings").json(), "daily_requests")["value"] == 0


@pytest.fixture
def api(tmp_path: Path) -> Any:
    with running_api(tmp_path) as running:
        yield running


@pytest.mark.parametrize(
    "changes",
    [
        {"keep_conversations_days": 36_501},
        {"keep_conversations_days": -1},
        {"keep_conversations_days": "x"},
        {"keep_audit_days": 1},  # the audit is about administrators too
        {"data_dir": 1},
        {"daily_tokens": 10**12 + 1},
    ],
)
def test_what_is_not_valid_changes_nothing(api: RunningApi, changes: dict[str, Any]) -> None:
    before = api.http.get("/api/settings").json()
    assert api.http.patch("/api/settings", json=changes).status_code == 422
    assert api.http.get("/api/settings").json() == before


def test_the_sample_base_is_loaded_once(api: RunningApi) -> None:
    for _ in range(2):
        loaded = api.http.post("/api/settings/sample-base").json()
        assert (loaded["name"], loaded["document_count"]) == (NAME, len(sample_files()))
    assert [base["name"] for base in api.http.get("/api/bases").json()] == [NAME]


def test_an_embedder_without_weights_needs_no_calibration(api: RunningApi) -> None:
    assert api.http.get("/api/settings").json()["calibration"]["source"] == "nowhere"
    assert api.http.post("/api/settings/calibration").status_code == 409


def test_a_preset_is_chosen_where_its_model_is_here(tmp_path: Path) -> None:
    models = tmp_path / "models"
    with running_api(tmp_path / "data", models_dir=models) as api:
        write_choice(tmp_path / "data", CpuChoice((200.0,)))
        fast, better = api.http.get("/api/settings").json()["presets"]
        assert (fast["chosen"], fast["here"], better["chosen"]) == (True, False, False)
        assert better["first_token_s"] == pytest.approx(2 * fast["first_token_s"], abs=0.1)
        refused = api.http.put("/api/settings/model", json={"name": "better"})
        assert (refused.status_code, refused.json()["code"]) == (409, "offline")
        (models / better["model"]).mkdir(parents=True)
        found = api.http.put("/api/settings/model", json={"name": "better"}).json()
        assert [preset["chosen"] for preset in found["presets"]] == [False, True]
    assert read_choice(tmp_path / "data") == CpuChoice((200.0,), better["model"])


def test_a_model_that_the_operator_has_chosen_is_no_choice(tmp_path: Path) -> None:
    with running_api(tmp_path, chat_model="qwen2.5-coder-0.5b-instruct") as api:
        assert api.http.get("/api/settings").json()["presets"] == []
        refused = api.http.put("/api/settings/model", json={"name": "fast"})
        assert (refused.status_code, refused.json()["code"]) == (409, "setting_fixed")
