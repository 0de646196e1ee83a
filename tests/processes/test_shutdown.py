"""`zhiwen up` is told to stop while an answer is being written."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.sse import events
from tests.patience import PATIENCE_S
from tests.processes.zhiwen_up import Engine, ZhiwenUp, eventually, lives, zhiwen_up

SENTENCE = "年假为每年十五天，须提前一周申请。"


@pytest.fixture
def zhiwen(tmp_path: Path) -> Iterator[ZhiwenUp]:
    """With an engine that takes some seconds for an answer."""
    engine = Engine(delay_ms=300)
    engine.start()
    try:
        with zhiwen_up(tmp_path, engine) as running:
            yield running
    finally:
        engine.kill()


def half_an_answer(zhiwen: ZhiwenUp) -> str:
    """The id of an answer that is being written, and that nobody watches any more."""
    base_id = zhiwen.base("人事")
    zhiwen.until_ready(zhiwen.upload(base_id, "手册.md", SENTENCE))
    answer_id = ""
    body = {"question": "年假有几天？", "base_ids": [base_id]}
    for name, data in events(zhiwen.http, "POST", "/api/chat", json=body):
        answer_id = data.get("answer_id", answer_id)
        if name == "delta":
            return answer_id
    pytest.fail("there was no answer")


def kept(zhiwen: ZhiwenUp, answer_id: str) -> dict[str, Any]:
    """The answer as the next start has it, once it is not being written any more."""
    zhiwen.start()

    def ended() -> dict[str, Any] | None:
        message: dict[str, Any] = zhiwen.get(f"/api/messages/{answer_id}")
        return message if message["state"] != "streaming" else None

    return eventually(ended)


def test_a_running_answer_is_written_to_its_end(zhiwen: ZhiwenUp) -> None:
    answer_id = half_an_answer(zhiwen)
    pids = zhiwen.stop()
    assert [pid for pid in pids if lives(pid)] == []
    assert kept(zhiwen, answer_id)["state"] == "complete"


def test_ctrl_c_again_stops_at_once(zhiwen: ZhiwenUp) -> None:
    answer_id = half_an_answer(zhiwen)
    pids = zhiwen.all_pids()
    worker, ui = zhiwen.pid("app.worker"), zhiwen.pid("streamlit")
    zhiwen.process.send_signal(signal.SIGINT)
    eventually(lambda: not lives(worker))
    assert lives(ui), "who watches the answer should see its end"
    zhiwen.process.send_signal(signal.SIGINT)
    assert zhiwen.process.wait(PATIENCE_S) == 0
    assert [pid for pid in pids if lives(pid)] == []
    assert kept(zhiwen, answer_id)["state"] == "interrupted"
