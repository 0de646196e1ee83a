"""Data sets, trainings and adapters over HTTP."""

from app.llm.scripted import ScriptedChatModel
from tests.api.sse import ask
from tests.application import RunningApi
from tests.services.improvement.test_adapters import FAILED, PASSED, add
from tests.tuning.test_dataset import TRAINED

MODEL = "qwen"


def rated(api: RunningApi, model: ScriptedChatModel) -> None:
    base_id = api.ingest("手册", {TRAINED[0]: "# 假期\n\n年假为每年十五天，须提前一周申请。\n"})
    model.enqueue("年假为每年十天[1]。")
    answer = ask(api.http, "年假有几天？", base_id)["done"][0]["message"]
    body = {"rating": "down", "correction": "年假为每年十五天[1]。"}
    api.http.put(f"/api/messages/{answer['id']}/feedback", json=body).raise_for_status()


def test_from_a_correction_to_a_queued_training(api: RunningApi, model: ScriptedChatModel) -> None:
    nothing = api.http.post("/api/datasets", json={"style": "answer"})
    assert (nothing.status_code, nothing.json()["code"]) == (422, "no_rows")
    rated(api, model)
    made = api.http.post("/api/datasets", json={"style": "answer"}).json()
    assert made["rows"] == {"train": 1, "held_out": 0}
    assert made["origins"] == {"correction": 1}
    assert made["left_out"] == {"no_other_source": 1}
    assert api.http.get("/api/datasets").json() == [made]
    path = f"/api/datasets/{made['name']}"
    assert api.http.get(path).json() == made
    changes = api.http.get(f"{path}/changes", params={"to": made["name"]}).json()
    assert changes == {"added": [], "removed": [], "moved": []}

    asked = {"dataset": made["name"], "model": MODEL, "settings": {"rank": 8}}
    job = api.http.post("/api/trainings", json=asked)
    assert (job.status_code, job.json()["kind"], job.json()["state"]) == (202, "train", "queued")
    assert api.http.get(f"/api/trainings/{job.json()['id']}/curve").json() == []
    again = api.http.post("/api/trainings", json=asked)
    assert (again.status_code, again.json()["code"]) == (409, "training")
    api.http.post(f"/api/jobs/{job.json()['id']}/cancel").raise_for_status()
    for wrong in ({"rank": 99}, {"speed": 1}):
        refused = api.http.post("/api/trainings", json={**asked, "settings": wrong})
        assert (refused.status_code, refused.json()["code"]) == (422, "settings")


def test_promotion_needs_the_gate_and_rollback_undoes_it(api: RunningApi) -> None:
    adapters = api.application.serving.adapters
    add(adapters, "lora-1", PASSED)
    add(adapters, "lora-2", FAILED)
    refused = api.http.post("/api/adapters/lora-2/promote", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "gate_not_passed")
    promoted = api.http.post("/api/adapters/lora-1/promote", json={"reason": "better"}).json()
    assert promoted["aliases"] == ["champion"]
    served = api.http.get("/api/adapters/served", params={"model": MODEL}).json()
    assert (served["champion"], served["challenger"]) == ("lora-1", None)
    forced = api.http.post("/api/adapters/lora-2/promote", json={"force": True}).json()
    assert forced["verdict"]["reasons"][0]["code"] == "not_better"
    back = api.http.post("/api/adapters/rollback", json={"model": MODEL, "reason": "short"})
    assert back.json()["champion"] == "lora-1"
    history = api.http.get("/api/adapters/history", params={"model": MODEL}).json()
    assert [move["reason"] for move in history] == ["short", "promoted against the gate", "better"]
    assert {each["name"] for each in api.http.get("/api/adapters").json()} == {"lora-1", "lora-2"}
    assert api.http.get("/api/adapters/lora-3").status_code == 404
