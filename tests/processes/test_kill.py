"""kill -9 of any process at any moment: what was acknowledged is there, and goes on by itself."""

import os
import signal
from collections.abc import Iterator

import httpx
import pytest

from tests.api.sse import ask, events
from tests.processes.zhiwen_up import Engine, ZhiwenUp, eventually, lives, zhiwen_up

SENTENCE = "年假为每年十五天，须提前一周申请。"
HANDBOOK = f"{SENTENCE}病假每年十天，需要医院证明。"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Slow enough to be caught in the middle of an answer."""
    engine = Engine(delay_ms=150)
    engine.start()
    yield engine
    engine.kill()


@pytest.fixture(scope="module")
def zhiwen(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[ZhiwenUp]:
    with zhiwen_up(tmp_path_factory.mktemp("zhiwen"), engine) as running:
        yield running


def long_text(number: int) -> str:
    rows = (f"第{number}份文件第{row}条：设备每{row}天检查一次。" for row in range(4000))
    return f"# 规程 {number}\n\n" + "\n\n".join(rows)


def read_once(zhiwen: ZhiwenUp, document_id: str) -> None:
    """The document has all its chunks, each once, by one job."""
    document = zhiwen.until_ready(document_id)
    chunks = []
    while page := zhiwen.get(f"/api/documents/{document_id}/chunks", limit=500, offset=len(chunks)):
        chunks += page
    assert [chunk["ordinal"] for chunk in chunks] == list(range(document["chunk_count"]))
    jobs = zhiwen.get("/api/jobs", limit=500)
    assert [job["state"] for job in jobs if job["document_id"] == document_id] == ["done"]


@pytest.mark.parametrize("killed", ["worker", "reader", "both"])
def test_the_worker_dies_in_the_middle_of_a_queue(zhiwen: ZhiwenUp, killed: str) -> None:
    base_id = zhiwen.base(f"规程 {killed}")
    documents = [zhiwen.upload(base_id, f"{n}.md", long_text(n)) for n in range(5)]
    eventually(lambda: zhiwen.get(f"/api/documents/{documents[0]}")["state"] == "ready")
    worker, reader = zhiwen.pid("app.worker"), zhiwen.drain_pid()
    for pid in {"worker": [worker], "reader": [reader], "both": [worker, reader]}[killed]:
        os.kill(pid, signal.SIGKILL)
    left = zhiwen.get(f"/api/bases/{base_id}/documents", state="ready")["total"]
    assert left < len(documents), "the queue was empty before anything was killed"

    for document_id in documents:
        read_once(zhiwen, document_id)
    body = {"query": "第4份文件第77条", "base_ids": [base_id], "top_k": 50}
    found = zhiwen.http.post("/api/search", json=body).json()["passages"]
    assert len({passage["chunk_id"] for passage in found}) == len(found) > 0


def test_the_worker_dies_in_the_middle_of_an_evaluation(zhiwen: ZhiwenUp) -> None:
    base_id = zhiwen.base("评测")
    document_id = zhiwen.upload(base_id, "员工手册.txt", HANDBOOK)
    zhiwen.until_ready(document_id)
    question = {"question": "年假有几天？", "document_ids": [document_id]}
    zhiwen.http.post(f"/api/bases/{base_id}/questions", json=question).raise_for_status()
    body = {"changes": {"chunk_tokens": "32"}}  # it reads the file again, which takes seconds
    started = zhiwen.http.post(f"/api/bases/{base_id}/evaluations", json=body).json()
    job = f"/api/jobs/{started['id']}"
    worker = zhiwen.pid("app.worker")
    measuring = eventually(lambda: zhiwen.child_of(worker, "evals.cli"))

    os.kill(worker, signal.SIGKILL)

    eventually(lambda: not lives(measuring))
    ended = eventually(lambda: (j := zhiwen.get(job))["state"] not in ("queued", "running") and j)
    assert (ended["state"], ended["attempts"]) == ("done", 2)
    run = zhiwen.get(f"/api/bases/{base_id}/evaluations/{started['id']}")
    assert run["result"]["metrics"]["found.R@1"] == 1


def test_the_api_dies_right_after_an_upload_was_acknowledged(zhiwen: ZhiwenUp) -> None:
    base_id = zhiwen.base("人事")
    first = zhiwen.upload(base_id, "员工手册.txt", HANDBOOK)
    zhiwen.until_ready(first)
    message = ask(zhiwen.http, "年假有几天？", base_id)["done"][0]["message"]
    feedback = {"rating": "down", "reason": "wrong", "correction": "十五天[1]。"}
    answer = zhiwen.http.put(f"/api/messages/{message['id']}/feedback", json=feedback)
    assert answer.status_code == 200

    late = zhiwen.upload(base_id, "late.txt", "The office is closed on Fridays.")
    zhiwen.kill("app.api")

    read_once(zhiwen, late)
    read_once(zhiwen, first)
    kept = zhiwen.get(f"/api/messages/{message['id']}")
    assert kept["content"] == message["content"] == f"{SENTENCE[:-1]}[1]。"
    assert kept["citations"] == message["citations"]
    assert kept["feedback"]["correction"] == "十五天[1]。"
    assert zhiwen.get("/api/export/report", format="dpo")["exported"] == 1
    answer = ask(zhiwen.http, "When is the office closed?", base_id)
    assert answer["done"][0]["message"]["state"] == "complete"


def test_the_api_dies_in_the_middle_of_an_answer(zhiwen: ZhiwenUp) -> None:
    base_id = zhiwen.base("半句")
    zhiwen.until_ready(zhiwen.upload(base_id, "员工手册.txt", HANDBOOK))
    answer_id, text = "", ""
    body = {"question": "年假有几天？", "base_ids": [base_id]}
    with pytest.raises(httpx.TransportError):
        for name, data in events(zhiwen.http, "POST", "/api/chat", json=body):
            answer_id = data.get("answer_id", answer_id)
            text += data["text"] if name == "delta" else ""
            if len(text) >= 8 and zhiwen.get(f"/api/messages/{answer_id}")["content"]:
                zhiwen.kill("app.api")
    assert len(text) >= 8

    kept = eventually(
        lambda: (m := zhiwen.get(f"/api/messages/{answer_id}"))["state"] == "interrupted" and m
    )

    # Half a second may be lost: at 150 ms a character that is four of them.
    assert kept["content"]
    assert text.startswith(kept["content"])
    conversation = zhiwen.get(f"/api/conversations/{kept['conversation_id']}")
    assert [m["content"] for m in conversation["messages"]] == ["年假有几天？", kept["content"]]
    again = list(events(zhiwen.http, "POST", "/api/chat", json={"regenerate": answer_id}))
    assert again[-1][1]["message"]["state"] == "complete"


def test_the_interface_dies_and_comes_back(zhiwen: ZhiwenUp) -> None:
    before = zhiwen.pid("streamlit")
    zhiwen.kill("streamlit")
    address = f"http://127.0.0.1:{zhiwen.ui_port}/_stcore/health"

    def healthy() -> bool:
        try:
            return httpx.get(address, trust_env=False).is_success
        except httpx.TransportError:
            return False

    eventually(lambda: zhiwen.pid("streamlit") != before and healthy())
