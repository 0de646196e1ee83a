"""From a change of the settings to a person who accepts what it does to the answers."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlmodel import select

from app.config import Settings
from app.db.tables import RecordedAnswer
from app.llm.servers.fake_engine import FakeEngine
from app.services.errors import Conflict, NotFound
from app.services.improvement.regression import Expected
from app.services.people.access import LOCAL_OWNER as ME
from app.wiring.changes import build_recordings, fingerprint
from app.worker.recorder import Recorder
from tests.api.answers.test_engines import api_over
from tests.api.sse import ask
from tests.application import RunningApi
from tests.cli.shell import Shell, shell
from tests.patience import PATIENCE_S
from tests.serving import serving

ASKED = "年假有几天？"
SENTENCE = "年假为每年十五天，须提前一周向部门主管书面申请，经批准后方可休假。"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[RunningApi]:
    with serving(FakeEngine().app()) as url:
        engines: list[dict[str, object]] = [
            {"name": "one", "base_url": f"{url}/v1", "model": "fake"}
        ]
        with api_over(tmp_path, engines, answer_cache=False) as api:
            yield api


@contextmanager
def recording(settings: Settings, api: RunningApi) -> Iterator[None]:
    """A worker with these settings does the recordings that wait."""
    recorder = Recorder(settings, api.application.jobs, "worker-a", build_recordings(settings))
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.05):
            recorder.look()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        recorder.stop()


def test_a_change_for_the_worse_is_said_until_a_person_accepts_it(
    api: RunningApi,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base_id = api.ingest("人事", {"员工手册.txt": SENTENCE})
    before = api.application.settings
    ask(api.http, ASKED, base_id)
    conversation = ask(api.http, ASKED + " ", base_id)["done"][0]["message"]["conversation_id"]
    api.application.regression.add(ME, base_id, "年假几天", Expected(answer=SENTENCE))
    recordings = api.application.changes.recordings
    assert [each.question for each in recordings.questions(base_id)] == ["年假几天", ASKED + " "]

    with pytest.raises(NotFound):
        recordings.accept(ME, base_id)
    monkeypatch.setenv("ZHIWEN_DATA_DIR", str(before.data_dir.absolute()))
    zhiwen: Shell = shell(capsys, monkeypatch)
    assert recordings.start(base_id).id == recordings.start(base_id).id
    with recording(before, api):
        ran = zhiwen("gate", "--kb", "人事")
    assert (ran.code, "nothing was accepted yet" in ran.out) == (1, True)
    assert "Nothing could be compared" in ran.err
    assert recordings.compared(base_id) is None
    assert recordings.start_where_changed({"zhiwen": "next"}) == []  # nothing was accepted
    recordings.accept(ME, base_id)
    with pytest.raises(Conflict):
        recordings.accept(ME, base_id)
    assert recordings.start_where_changed(fingerprint(before)) == []

    short = before.model_copy(update={"max_answer_tokens": 16})
    assert recordings.start_where_changed(fingerprint(short)) == [base_id]
    with recording(short, api):
        ran = zhiwen("gate", "--kb", "人事")
    assert ran.code == 1
    assert "人事: max_answer_tokens 512 → 16" in ran.out
    assert f"before:   {SENTENCE.removesuffix('。')}[1]。" in ran.out
    assert recordings.start_where_changed(fingerprint(short)) == []  # it is known
    found = recordings.compared(base_id)
    assert found is not None
    assert found.settings == {"max_answer_tokens": (512, 16)}
    assert {each.question: each.worse for each in found.worse}["年假几天"] == ("further",)
    told = api.http.get(f"/api/bases/{base_id}/changes").json()
    assert (told["asked"], told["accepted"], told["job"]["state"]) == (2, False, "done")
    assert told["settings"] == [{"name": "max_answer_tokens", "before": 512, "after": 16}]
    (own,) = (each for each in told["changed"] if each["question"] == "年假几天")
    assert (own["verdict"], own["reasons"][0], own["expected"]) == ("worse", "further", SENTENCE)
    assert [each["name"] for each in own["sources_before"]] == ["员工手册.txt"]
    (held,) = api.http.get("/api/status").json()["held"]
    assert (held["base_name"], held["worse"]) == ("人事", len(found.worse))

    assert "accepted the answers of 人事" in zhiwen("gate", "accept").out
    assert api.http.get("/api/status").json()["held"] == []
    assert "Nothing waits" in zhiwen("gate", "accept").err

    api.http.delete(f"/api/conversations/{conversation}").raise_for_status()
    with api.application.db.read() as session:
        left = session.exec(select(RecordedAnswer.question)).all()
    assert left == ["年假几天"]  # what was asked went with its conversation

    for asked in api.application.regression.questions(ME, base_id):
        api.application.regression.delete(ME, asked.id)
    with recording(short, api):
        ran = zhiwen("gate")
    assert (ran.code, "none of the accepted questions" in ran.out) == (1, True)
    assert "Nothing could be compared" in ran.err


def test_a_recording_needs_no_secrets_of_bots(api: RunningApi) -> None:
    """They may be in the environment of the API alone."""
    base_id = api.ingest("人事", {"员工手册.txt": SENTENCE})
    api.application.regression.add(ME, base_id, "年假几天", Expected(answer=SENTENCE))
    settings = api.application.settings
    (settings.data_dir / "bots.toml").write_text(
        '[[bot]]\nname = "one"\nplatform = "dingtalk"\ncompany_id = "c"\nsecret_env = "NOT_HERE"\n',
        "utf-8",
    )
    job_id = api.application.changes.recordings.start(base_id).id
    with recording(settings, api):
        ends = time.monotonic() + PATIENCE_S
        while (job := api.application.jobs.get(ME, job_id)).state in ("queued", "running"):
            assert time.monotonic() < ends
            time.sleep(0.1)
    assert (job.state, job.error_detail) == ("done", None)
