"""The API keeps nothing but the database: two processes on one PostgreSQL serve the same."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx

from app.config import Settings
from app.llm.scripted import ScriptedChatModel
from app.wiring.application import build
from evals.local import add_documents
from evals.speed.processes import free_ports, running
from tests.api.sse import ask, events
from tests.patience import PATIENCE_S
from tests.postgres import fresh_database
from tests.weights import CHAT_MODEL, store_with

HANDBOOK = "员工入职满三年，年假为每年十五天。病假须交医院证明。\n"


def test_two_api_processes_serve_the_same_conversations(
    tmp_path: Path, postgres_server: str
) -> None:
    ports = free_ports(3)
    engine = ("app.llm.servers.fake_engine", "--port", str(ports[2]), "--delay-ms", "200")
    engine_url = f"http://127.0.0.1:{ports[2]}/v1"

    with fresh_database(postgres_server) as url:
        # Each has a folder of its own for its indexes, as a pod would; the files are shared.
        folders = [tmp_path / "one", tmp_path / "two"]
        (tmp_path / "files").mkdir()
        changes = []
        for port, folder in zip(ports, folders, strict=False):
            folder.mkdir()
            (folder / "files").symlink_to(tmp_path / "files")
            changes.append(
                {
                    "data_dir": folder,
                    "models_dir": store_with(CHAT_MODEL).models_dir.absolute(),
                    "database_url": url,
                    "api_port": port,
                    "engine_url": engine_url,
                    "chat_model": "fake:ok",
                    "tokenizer": CHAT_MODEL,
                    "embedder": "hashing",
                    "sample_base": False,
                }
            )
        application = build(Settings.model_validate(changes[0]), model=ScriptedChatModel())
        application.prepare()
        base_id, _ = add_documents(application, "人事", {"员工手册.md": HANDBOOK.encode()})
        application.db.dispose()
        addresses = [f"http://127.0.0.1:{port}" for port in ports[:2]]
        with (
            running(engine, f"{engine_url}/models", {}),
            running(("app.api",), f"{addresses[0]}/readyz", changes[0]) as process,
            running(("app.api",), f"{addresses[1]}/readyz", changes[1]),
            httpx.Client(base_url=addresses[0], timeout=120, trust_env=False) as one,
            httpx.Client(base_url=addresses[1], timeout=120, trust_env=False) as two,
        ):
            _conversation_goes_on_elsewhere(one, two, base_id)
            _answer_is_watched_from_elsewhere(one, two, base_id)
            _answer_is_stopped_from_elsewhere(one, two, base_id)
            _answer_is_reused_elsewhere(one, two, base_id)
            _process_that_is_told_to_end_finishes_its_answer(process, one, two, base_id)


def _conversation_goes_on_elsewhere(one: httpx.Client, two: httpx.Client, base_id: str) -> None:
    first = ask(one, "年假有几天？", base_id)
    conversation_id = first["start"][0]["conversation"]["id"]
    second = ask(two, "病假要交什么？", base_id, conversation_id=conversation_id)
    assert second["done"][0]["message"]["state"] == "complete"
    read = [c.get(f"/api/conversations/{conversation_id}").json() for c in (one, two)]
    assert read[0] == read[1]
    contents = [message["content"] for message in read[0]["messages"]]
    assert len(contents) == 4
    assert contents[1] == first["done"][0]["message"]["content"]
    assert contents[3].startswith("员工入职满三年")
    rated = two.put(
        f"/api/messages/{first['done'][0]['message']['id']}/feedback", json={"rating": "up"}
    )
    assert rated.status_code == 200
    assert one.get("/api/feedback").json()["total"] == 1


def _answer_is_watched_from_elsewhere(one: httpx.Client, two: httpx.Client, base_id: str) -> None:
    """While one process writes an answer, the other refuses a second and waits for the first."""
    body = {"question": "年假有几天？", "base_ids": [base_id], "fresh": True}
    running_events = events(one, "POST", "/api/chat", json=body)
    name, start = next(running_events)
    assert name == "start"
    again = {**body, "conversation_id": start["conversation"]["id"]}
    assert two.post("/api/chat", json=again).status_code == 409
    path = f"/api/messages/{start['answer_id']}/events"
    ((name, ended),) = list(events(two, "GET", path))
    written = dict(running_events)["done"]["message"]
    assert name == "done"
    assert ended["message"]["content"] == written["content"]


def _answer_is_stopped_from_elsewhere(one: httpx.Client, two: httpx.Client, base_id: str) -> None:
    running_events = _begun(one, base_id)
    answer_id, text = next(running_events)
    assert two.post(f"/api/messages/{answer_id}/stop").status_code == 202
    *_, (_, whole) = running_events
    stopped = two.get(f"/api/messages/{answer_id}").json()
    assert stopped["state"] == "stopped"
    assert stopped["content"].startswith(text)
    assert stopped["content"] == whole


def _answer_is_reused_elsewhere(one: httpx.Client, two: httpx.Client, base_id: str) -> None:
    first = ask(one, "病假要交什么？", base_id)["done"][0]["message"]
    again = ask(two, "病假要交什么？", base_id)["done"][0]["message"]
    assert again["cached_from"] == first["id"]


def _process_that_is_told_to_end_finishes_its_answer(
    process: subprocess.Popen[bytes], one: httpx.Client, two: httpx.Client, base_id: str
) -> None:
    running_events = _begun(one, base_id)
    answer_id, _ = next(running_events)
    process.send_signal(signal.SIGTERM)
    *_, (_, whole) = running_events
    process.wait(PATIENCE_S)
    kept = two.get(f"/api/messages/{answer_id}").json()
    assert (kept["state"], kept["content"]) == ("complete", whole)


def _begun(http: httpx.Client, base_id: str) -> Iterator[tuple[str, str]]:
    """Id and text so far of an answer, from its first words on; the last text is what was kept."""
    answer_id, text = "", ""
    body = {"question": "年假有几天？", "base_ids": [base_id], "fresh": True}
    for name, data in events(http, "POST", "/api/chat", json=body):
        answer_id = data.get("answer_id", answer_id)
        text += data["text"] if name == "delta" else ""
        if text:
            yield answer_id, data["message"]["content"] if name == "done" else text
