"""A base's own questions over HTTP, with runs in real processes."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.house import RunningApi, running_api

LEAVE = "# 年假\n\n年假为每年十五天，须提前一周申请。"
TRAVEL = "# 差旅\n\n出差住宿每晚不超过四百五十元。"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[RunningApi]:
    with running_api(tmp_path / "data") as running:
        yield running


@pytest.fixture
def base(api: RunningApi) -> str:
    """The address of a base with two documents and three questions, one of them hopeless."""
    base_id = api.ingest("规章", {"年假.md": LEAVE, "差旅.md": TRAVEL})
    address = f"/api/bases/{base_id}"
    items = api.http.get(f"{address}/documents").json()["items"]
    ids = {item["name"]: item["id"] for item in items}
    for question, name, text in (
        ("年假为每年几天？", "年假.md", "年假为每年十五天，须提前一周申请。"),
        ("出差住宿每晚多少元？", "差旅.md", ""),
        ("年假为每年几天？", "差旅.md", "这里没有的一段话，谁也找不到它。"),
    ):
        body = {"question": question, "document_ids": [ids[name]], "source_text": text}
        api.http.post(f"{address}/questions", json=body).raise_for_status()
    return address


def finished(api: RunningApi, base: str, body: dict[str, Any]) -> dict[str, Any]:
    started = api.http.post(f"{base}/evaluations", json=body)
    assert started.status_code == 202, started.text
    address = f"{base}/evaluations/{started.json()['id']}"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        run: dict[str, Any] = api.http.get(address).json()
        if run["state"] != "running":
            return run
        time.sleep(0.1)
    pytest.fail("the run did not end")


def test_questions_come_and_go(api: RunningApi, base: str) -> None:
    listed = api.http.get(f"{base}/questions").json()
    assert [q["origin"] for q in listed] == ["manual"] * 3
    assert api.http.delete(f"/api/questions/{listed[0]['id']}").status_code == 204
    assert len(api.http.get(f"{base}/questions").json()) == 2
    assert api.http.post(f"{base}/questions/collect").json() == {"added": 0}
    nothing = api.http.post(f"{base}/questions", json={"question": "年假？"})
    assert (nothing.status_code, nothing.json()["code"]) == (422, "nothing_expected")


def test_a_run_before_and_after_a_change(api: RunningApi, base: str) -> None:
    before = finished(api, base, {})
    assert before["state"] == "done", before["error"]
    ranks = [record["details"]["rank"] for record in before["result"]["records"]]
    assert ranks[:2] == [1, 1]
    assert ranks[2] == 0
    assert before["result"]["metrics"]["found.R@1"] == pytest.approx(2 / 3)

    after = finished(api, base, {"changes": {"chunk_tokens": "32", "top_k": "1"}})
    assert after["state"] == "done", after["error"]
    assert after["result"]["settings"]["chunk_tokens"] == 32
    assert after["result"]["metrics"]["found.R@1"] == pytest.approx(2 / 3)

    listed = api.http.get(f"{base}/evaluations").json()
    assert [run["id"] for run in listed] == [after["id"], before["id"]]
    assert "records" not in listed[0]["result"]
    compared = api.http.get(
        f"{base}/evaluations/{after['id']}/compare", params={"before": before["id"]}
    ).json()
    assert compared["leading"] == "found.RR"
    assert compared["better"] == compared["worse"] == []
    assert compared["differences"][0]["questions"] == 3
    page = api.http.get(f"{base}/evaluations/{after['id']}/report")
    assert page.headers["content-type"].startswith("text/html")
    assert "出差住宿每晚多少元？" not in page.text  # only what went wrong is listed
    assert "found.RR" in page.text


def test_a_run_that_fails_says_why(api: RunningApi, base: str) -> None:
    for question in api.http.get(f"{base}/questions").json():
        api.http.delete(f"/api/questions/{question['id']}")
    failed = finished(api, base, {})
    assert failed["state"] == "failed"
    assert "has no questions yet" in failed["error"]


@pytest.mark.parametrize(
    "changes", [{"data_dir": "/x"}, {"engine_url": "http://x"}, {"nothing": "1"}, {"top_k": "many"}]
)
def test_some_settings_are_not_for_trials(
    api: RunningApi, base: str, changes: dict[str, str]
) -> None:
    refused = api.http.post(f"{base}/evaluations", json={"changes": changes})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_setting")


def test_what_is_not_there_is_not_found(api: RunningApi, base: str) -> None:
    for path in (
        f"{base}/evaluations/20260101-000000-abcd",
        f"{base}/evaluations/..%2F..%2Fzhiwen",
        f"{base}/evaluations/20260101-000000-abcd/report",
        "/api/evaluation/report",
    ):
        assert api.http.get(path).status_code == 404
    assert api.http.post("/api/bases/nowhere/evaluations", json={}).status_code == 404


def test_the_report_of_the_public_sets_is_served(api: RunningApi) -> None:
    folder = api.house.settings.data_dir / "evals"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("<!doctype html><p>表", encoding="utf-8")
    assert api.http.get("/api/evaluation/report").text == "<!doctype html><p>表"
