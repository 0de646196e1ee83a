"""A base's own questions over HTTP, with runs in real processes."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from app.services.jobs.queue import MAX_ATTEMPTS
from app.worker.evaluator import Evaluator
from tests.application import RunningApi, evaluating, running_api
from tests.patience import PATIENCE_S

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


Found = TypeVar("Found")


def eventually(look: Callable[[], Found]) -> Found:
    """What `look` finds once that is true."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return found


def start(api: RunningApi, base: str, body: dict[str, Any]) -> str:
    """The address of a run that waits."""
    started = api.http.post(f"{base}/evaluations", json=body)
    assert started.status_code == 202, started.text
    assert started.json()["state"] == "queued"
    return f"{base}/evaluations/{started.json()['id']}"


def ended(api: RunningApi, address: str) -> dict[str, Any]:
    """The run, once it has ended."""

    def look() -> dict[str, Any]:
        run: dict[str, Any] = api.http.get(address).json()
        return run if run["state"] not in ("queued", "running") else {}

    return eventually(look)


def finished(api: RunningApi, base: str, body: dict[str, Any]) -> dict[str, Any]:
    """A run from its start to its end."""
    address = start(api, base, body)
    with evaluating(api.application):
        return ended(api, address)


def slow_start(api: RunningApi, base: str) -> str:
    """A run that takes long enough to be caught: it reads the files again."""
    return start(api, base, {"changes": {"chunk_tokens": "32"}})


def process_of(evaluator: Evaluator) -> int:
    """The pid of the process that measures, once there is one."""
    return eventually(lambda: evaluator.run.process.pid if evaluator.run else 0)


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


def test_a_second_api_process_sees_a_run_as_it_is(api: RunningApi, base: str) -> None:
    """It used to say that the run had failed."""
    first, second = slow_start(api, base), start(api, base, {})
    with running_api(api.application.settings.data_dir) as other:
        states = [run["state"] for run in other.http.get(f"{base}/evaluations").json()]
        assert states == ["queued", "queued"]
        assert [other.http.get(run).json()["jobs_before"] for run in (first, second)] == [0, 1]
        with evaluating(api.application):
            assert eventually(lambda: other.http.get(first).json()["state"] == "running")
            assert other.http.get(second).json()["state"] == "queued"
            assert ended(other, first)["state"] == "done"
            run = ended(other, second)
        assert (run["state"], run["stage"], run["jobs_before"]) == ("done", "done", None)
        assert run == api.http.get(second).json()
        assert "found.RR" in other.http.get(f"{second}/report").text


def test_progress_is_seen_while_it_measures(api: RunningApi, base: str) -> None:
    address = slow_start(api, base)
    seen = set()
    with evaluating(api.application):
        while (run := api.http.get(address).json())["state"] in ("queued", "running"):
            seen.add((run["stage"], run["total"]))
    assert run["state"] == "done", run["error"]
    assert seen & {("documents_read", 2), ("questions_searched", 3)}


@pytest.mark.parametrize("running", [False, True])
def test_a_run_is_cancelled(api: RunningApi, base: str, running: bool) -> None:
    address = slow_start(api, base)
    cancel = f"/api/jobs/{address.rpartition('/')[2]}/cancel"
    with evaluating(api.application) as evaluator:
        if running:
            pid = process_of(evaluator)
        assert api.http.post(cancel).json()["state"] == "cancelled"
        assert api.http.get(address).json()["state"] == "cancelled"
        assert eventually(lambda: evaluator.run is None)
        if running:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
        again = ended(api, start(api, base, {}))
    assert again["state"] == "done"
    assert api.http.get(address).json()["state"] == "cancelled"
    assert api.http.post(cancel).status_code == 409
    assert api.http.post("/api/jobs/none/cancel").status_code == 404


def test_a_process_that_is_killed_fails_its_run_with_a_reason(api: RunningApi, base: str) -> None:
    address = slow_start(api, base)
    with evaluating(api.application) as evaluator:
        os.kill(process_of(evaluator), signal.SIGKILL)
        run = ended(api, address)
    assert run["state"] == "failed"
    assert "SIGKILL" in run["error"]


def test_a_worker_that_is_told_to_stop_queues_its_run_again(api: RunningApi, base: str) -> None:
    address = slow_start(api, base)
    with evaluating(api.application) as evaluator:
        process_of(evaluator)
    assert api.http.get(address).json()["state"] == "queued"
    job = api.http.get(f"/api/jobs/{address.rpartition('/')[2]}").json()
    assert job["attempts"] == 0
    with evaluating(api.application):
        assert ended(api, address)["state"] == "done"


def test_a_run_that_keeps_ending_its_worker_fails_with_a_reason(api: RunningApi, base: str) -> None:
    address = start(api, base, {})
    for _ in range(MAX_ATTEMPTS):
        assert api.application.jobs.claim("dead", "evaluate") is not None
        api.application.jobs.release("dead")
    with evaluating(api.application):
        run = ended(api, address)
    assert run["state"] == "failed"
    assert f"ended {MAX_ATTEMPTS} times" in run["error"]


def test_runs_that_were_kept_in_files_move_into_the_database(api: RunningApi, base: str) -> None:
    done = finished(api, base, {"changes": {"top_k": "1"}})
    report = api.http.get(f"{base}/evaluations/{done['id']}/report").text
    folder = api.application.settings.data_dir / "evals" / "own" / base.rpartition("/")[2]
    folder.mkdir(parents=True)
    about = {"started_at": "2026-11-01T08:00:00+00:00", "changes": {"top_k": "1"}, "answers": False}
    for run_id in ("20261101-080000-abcd", "20261101-090000-ef01"):
        (folder / f"{run_id}.start.json").write_text(json.dumps(about))
        (folder / f"{run_id}.log").write_text("No model is there.")
    (folder / "20261101-080000-abcd.json").write_text(json.dumps(done["result"]))
    (folder / "20261101-080000-abcd.html").write_text(report)

    for _ in range(2):  # the next start finds nothing to do
        api.application.evaluations.move_files()

    moved, failed = (
        api.http.get(f"{base}/evaluations/{run_id}").json()
        for run_id in ("20261101-080000-abcd", "20261101-090000-ef01")
    )
    assert (moved["state"], moved["result"]) == ("done", done["result"])
    assert (moved["changes"], moved["started_at"]) == ({"top_k": "1"}, "2026-11-01T08:00:00Z")
    assert api.http.get(f"{base}/evaluations/{moved['id']}/report").text == report
    assert (failed["state"], failed["error"]) == ("failed", "No model is there.")
    assert not folder.exists()
    compared = api.http.get(
        f"{base}/evaluations/{done['id']}/compare", params={"before": moved["id"]}
    )
    assert compared.json()["worse"] == []


@pytest.mark.parametrize(
    "changes",
    [
        *({"data_dir": "/x"}, {"engine_url": "http://x"}, {"nothing": "1"}, {"top_k": "many"}),
        *({"engines": "/x"}, {"otlp_endpoint": "http://x"}, {"auth": "none"}, {"reranker": "/x"}),
    ],
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
    folder = api.application.settings.data_dir / "evals"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("<!doctype html><p>表", encoding="utf-8")
    assert api.http.get("/api/evaluation/report").text == "<!doctype html><p>表"


def test_each_preset_of_the_interface_can_be_started(api: RunningApi, base: str) -> None:
    from ui.parts.evaluation.start import PRESETS

    for changes in PRESETS.values():
        start(api, base, {"changes": changes})
