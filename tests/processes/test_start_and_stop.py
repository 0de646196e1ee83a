"""How `zhiwen up` begins and ends, and what it says meanwhile."""

import fcntl
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.speed.processes import environment
from tests.api.sse import ask
from tests.patience import PATIENCE_S
from tests.processes.zhiwen_up import UP, Engine, ZhiwenUp, eventually, lives, zhiwen_up
from tests.serving import listening_socket


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.start()
    yield engine
    engine.kill()


def port_is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def assert_all_is_gone(zhiwen: ZhiwenUp, pids: list[int]) -> None:
    """At once, but for a parser: it looks for its parent every second."""
    eventually(lambda: not any(lives(pid) for pid in pids))
    assert port_is_free(zhiwen.api_port)
    assert port_is_free(zhiwen.ui_port)


def assert_plain_steps(said: str, documents: int) -> None:
    """Numbered lines in their order, and nothing that only a terminal would understand."""
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f━─]", said)
    ends = (
        "1/3 models: none needed",
        "2/3 services: API, worker, interface",
        f"3/3 documents: {documents} ready",
        "知问 Zhiwen is ready: http://",
    )
    found = [said.find(end) for end in ends]
    assert -1 not in found, said
    assert found == sorted(found)


def test_ctrl_c_ends_everything_and_the_next_start_does_nothing_twice(
    tmp_path: Path, engine: Engine
) -> None:
    with zhiwen_up(tmp_path, engine, sample_base=True) as zhiwen:
        (sample,) = zhiwen.get("/api/bases")
        assert sample["ready_count"] == sample["document_count"] > 0  # before it said "ready"
        jobs = zhiwen.get("/api/jobs")

        pids = zhiwen.stop()

        assert len(pids) >= 4  # supervisor, API, worker, interface
        assert_all_is_gone(zhiwen, pids)
        assert zhiwen.process.returncode == 0
        assert zhiwen.said().count("stopped") == 1
        assert "\n\n\n" not in zhiwen.said()
        assert_plain_steps(zhiwen.said(), documents=sample["ready_count"])

        zhiwen.start()

        assert zhiwen.get("/api/jobs") == jobs
        assert zhiwen.get("/api/bases") == [sample]
        assert "downloading" not in zhiwen.said()
        message = ask(zhiwen.http, "年假", sample["id"])["done"][0]["message"]
        assert message["state"] == "complete"


def test_stopping_in_the_middle_of_a_document_costs_no_attempt(
    tmp_path: Path, engine: Engine
) -> None:
    with zhiwen_up(tmp_path, engine) as zhiwen:
        text = "\n\n".join(f"第{row}条：设备每{row}天检查一次。" for row in range(30000))
        document_id = zhiwen.upload(zhiwen.base("规程"), "long.md", text)
        eventually(lambda: zhiwen.get("/api/jobs", state="running"))
        assert_all_is_gone(zhiwen, zhiwen.stop())
        zhiwen.start()
        zhiwen.until_ready(document_id)
        (job,) = zhiwen.get("/api/jobs")
        assert (job["state"], job["attempts"]) == ("done", 1)


def test_the_supervisor_is_killed_and_all_its_processes_end(tmp_path: Path, engine: Engine) -> None:
    with zhiwen_up(tmp_path, engine) as zhiwen:
        base_id = zhiwen.base("人事")
        document_id = zhiwen.upload(base_id, "手册.md", "年假为每年十五天。")
        pids = zhiwen.all_pids()

        os.kill(zhiwen.process.pid, signal.SIGKILL)
        zhiwen.process.wait()
        assert_all_is_gone(zhiwen, pids)

        zhiwen.start()
        zhiwen.until_ready(document_id)
        message = ask(zhiwen.http, "年假有几天？", base_id)["done"][0]["message"]
        assert message["content"] == "年假为每年十五天[1]。"


def test_an_engine_that_is_down_is_told_and_comes_back_by_itself(tmp_path: Path) -> None:
    engine = Engine()
    with zhiwen_up(tmp_path, engine) as zhiwen:
        base_id = zhiwen.base("人事")
        zhiwen.until_ready(zhiwen.upload(base_id, "手册.md", "年假为每年十五天。"))

        down = zhiwen.component("engine")
        assert not down["ok"]
        assert "No engine responds" in down["detail"]
        problem = ask(zhiwen.http, "年假有几天？", base_id)["error"][0]
        assert (problem["code"], problem["status"]) == ("engine_unavailable", 503)
        body = {"query": "年假", "base_ids": [base_id]}
        assert zhiwen.http.post("/api/search", json=body).json()["passages"]
        assert zhiwen.component("engine")["since"] == down["since"] is not None

        try:
            engine.start()
            up = eventually(lambda: (c := zhiwen.component("engine"))["ok"] and c)
            assert up["since"] is None
            answer = ask(zhiwen.http, "年假有几天？", base_id)
            assert answer["done"][0]["message"]["content"] == "年假为每年十五天[1]。"
            engine.kill()
            eventually(lambda: not zhiwen.component("engine")["ok"])
        finally:
            engine.kill()


@pytest.mark.parametrize("name", ["api_port", "ui_port"])
def test_a_taken_port_is_named_before_anything_starts(
    tmp_path: Path, engine: Engine, name: str
) -> None:
    with listening_socket() as listener:
        listener.listen()
        port = listener.getsockname()[1]
        zhiwen = ZhiwenUp(tmp_path, engine, **{name: port})
        zhiwen.launch()
        assert zhiwen.process.wait(PATIENCE_S) == 1
    said = zhiwen.said()
    assert f"127.0.0.1:{port}" in said
    assert f"ZHIWEN_{name.upper()}=" in said
    assert "Traceback" not in said
    assert not (tmp_path / "data").exists()


def test_a_process_that_dies_at_its_start_leaves_its_last_words(
    tmp_path: Path, engine: Engine
) -> None:
    zhiwen = ZhiwenUp(tmp_path, engine, database_url="mysql://somewhere/zhiwen")
    zhiwen.launch()
    assert zhiwen.process.wait(PATIENCE_S) == 1
    said = zhiwen.said()
    assert "api ended with code 1" in said
    assert "mysql is not supported" in said
    assert_all_is_gone(zhiwen, [zhiwen.process.pid])


def test_a_start_can_be_broken_off(tmp_path: Path, engine: Engine) -> None:
    zhiwen = ZhiwenUp(tmp_path, engine)
    zhiwen.launch()
    eventually(lambda: len(zhiwen.all_pids()) > 1)
    pids = zhiwen.stop()
    assert_all_is_gone(zhiwen, pids)
    assert zhiwen.process.returncode == 0
    assert "is ready" not in zhiwen.said()
    assert zhiwen.said().count("stopped") == 1


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_ctrl_c_under_make_is_a_success(tmp_path: Path, engine: Engine) -> None:
    """The terminal sends it to make as well, which would report an interrupt."""
    zhiwen = ZhiwenUp(tmp_path, engine)
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"up:\n\t@{shlex.join(UP)} >{zhiwen.output}\n")
    terminal, ours = os.openpty()
    try:
        make = subprocess.Popen(
            ["make", "-f", makefile, "up"],
            stdin=ours,
            stdout=ours,
            stderr=ours,
            env=environment(zhiwen.settings),
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  # no threads
        )
        eventually(lambda: zhiwen.output.exists() and "is ready" in zhiwen.said())
        os.write(terminal, b"\x03")
        assert make.wait(PATIENCE_S) == 0
        assert b"make: ***" not in os.read(terminal, 65536)
    finally:
        os.close(terminal)
        os.close(ours)
    assert zhiwen.said().count("stopped") == 1
    assert_all_is_gone(zhiwen, [])
