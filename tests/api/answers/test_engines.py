"""Several engines behind the API: chosen, routed, killed in the middle of an answer, full."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest

from app.llm.servers.fake_engine import FakeEngine
from tests.api.sse import ask, events
from tests.application import RunningApi, running_api
from tests.processes.zhiwen_up import Engine, eventually
from tests.weights import CHAT_MODEL, store_with

SENTENCE = "年假为每年十五天，须提前一周申请。"
CITED = f"{SENTENCE[:-1]}[1]。"


@contextmanager
def api_over(
    folder: Path, engines: list[dict[str, object]], **settings: object
) -> Iterator[RunningApi]:
    """An application with those engines in its file."""
    text = ""
    for fields in engines:
        rows = (f"{name} = {_toml(value)}" for name, value in fields.items())
        text += "\n".join(("[[engine]]", *rows, ""))
    path = folder / "engines.toml"
    path.write_text(text, "utf-8")
    store = store_with(CHAT_MODEL)  # for its tokenizer
    with running_api(
        folder / "data",
        engines=path,
        models_dir=store.models_dir.absolute(),
        offline=True,
        chat_model=CHAT_MODEL,
        **settings,
    ) as api:
        yield api


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | int) else f'"{value}"'


def engine_status(api: RunningApi) -> dict[str, dict[str, Any]]:
    return {engine["name"]: engine for engine in api.http.get("/api/status").json()["engines"]}


def component(api: RunningApi, name: str) -> dict[str, Any]:
    parts = api.http.get("/api/status").json()["components"]
    return next(part for part in parts if part["name"] == name)


@pytest.fixture
def two(tmp_path: Path, fake_url: str) -> Iterator[RunningApi]:
    """A large and a small model, and one outside that only a name reaches."""
    engines: list[dict[str, object]] = [
        {"name": "大", "base_url": fake_url, "model": "fake", "good_for": "长问题"},
        {"name": "小", "base_url": fake_url, "model": "fake:ok", "size": "small"},
        {"name": "外", "base_url": fake_url, "model": "fake:split", "only_by_name": True},
    ]
    with api_over(tmp_path, engines) as api:
        yield api


def test_an_engine_is_killed_in_the_middle_of_an_answer(tmp_path: Path) -> None:
    first, second = Engine(delay_ms=100), Engine()
    engines: list[dict[str, object]] = [
        {"name": "first", "base_url": f"http://127.0.0.1:{first.port}/v1"},
        {"name": "second", "base_url": f"http://127.0.0.1:{second.port}/v1"},
    ]
    first.start()
    second.start()
    try:
        with api_over(tmp_path, engines) as api:
            _kill_in_the_middle(api, first)
    finally:
        first.kill()
        second.kill()


def _kill_in_the_middle(api: RunningApi, first: Engine) -> None:
    base_id = api.ingest("人事", {"员工手册.txt": SENTENCE})
    assert all(engine["ok"] for engine in engine_status(api).values())
    body = {"question": "年假有几天？", "base_ids": [base_id]}
    heard, text, start = "", "", {}
    for name, data in events(api.http, "POST", "/api/chat", json=body):
        heard = data["code"] if name == "error" else heard
        start = data if name == "start" else start
        text += data["text"] if name == "delta" else ""
        if len(text) >= 4:
            first.kill()

    assert heard == "engine_stream_broken"
    kept = api.http.get(f"/api/messages/{start['answer_id']}").json()
    assert (kept["state"], kept["model"], kept["served"]["engine"]) == ("failed", "first", "first")
    assert 4 <= len(kept["content"]) < len(CITED)
    assert kept["content"].startswith(text) and CITED.startswith(kept["content"])

    down = engine_status(api)["first"]
    assert (down["ok"], down["ready"], down["state"]) == (False, False, "open")
    assert down["last_error"] and down["since"] and down["running"] == 0
    assert "Start it" in down["todo"]
    part = component(api, "engine")
    assert (part["ok"], part["detail"]) == (True, "second (without first)")

    more = {"conversation_id": start["conversation"]["id"]}
    message = ask(api.http, "年假有几天？", base_id, **more)["done"][0]["message"]
    assert (message["state"], message["content"]) == ("complete", CITED)
    assert message["model"] == message["served"]["engine"] == "second"
    assert [(t["engine"], t["reason"]) for t in message["served"]["tried"]] == [("first", "open")]

    first.start()
    back = eventually(lambda: (engine := engine_status(api)["first"])["ok"] and engine)
    assert (back["state"], back["failures"], back["todo"]) == ("closed", 0, "")
    assert component(api, "engine")["detail"] == "first, second"
    message = ask(api.http, "年假有几天？", base_id, **more)["done"][0]["message"]
    assert (message["served"]["engine"], message["served"]["tried"]) == ("first", [])


def test_auto_routes_and_says_why_and_a_choice_stays_with_the_conversation(
    two: RunningApi,
) -> None:
    base_id = two.ingest("人事", {"员工手册.txt": SENTENCE})
    models = two.http.get("/api/models").json()
    assert [(m["name"], m["size"], m["only_by_name"]) for m in models] == [
        ("大", "large", False),
        ("小", "small", False),
        ("外", "large", True),
    ]

    def served(question: str, **more: object) -> tuple[str, str, str]:
        found = ask(two.http, question, base_id, **more)["done"][0]["message"]["served"]
        return found["engine"], found["wanted"], found["reason"]

    assert served("年假有几天？") == ("小", "auto", "simple")
    assert served("年假和病假的区别？") == ("大", "auto", "comparison")
    first = ask(two.http, "年假有几天？", base_id, model="外")["start"][0]["conversation"]
    assert first["model"] == "外"
    more = {"conversation_id": first["id"]}
    assert served("年假有几天？", **more) == ("外", "外", "named")
    assert served("年假有几天？", model="auto", **more) == ("小", "auto", "simple")
    body = {"question": "年假？", "base_ids": [base_id], "model": "没有"}
    assert two.http.post("/api/chat", json=body).status_code == 404


def test_v1_chooses_an_engine_by_model(two: RunningApi) -> None:
    two.ingest("人事", {"员工手册.txt": SENTENCE})
    client = openai.OpenAI(base_url=f"{two.url}/v1", api_key="none", max_retries=0)
    names = [model.id for model in client.models.list()]
    assert names == ["zhiwen", "zhiwen/人事", "auto", "大", "小", "外"]

    def served(model: str) -> str:
        answer = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "年假有几天？"}]
        )
        assert answer.choices[0].message.content == CITED
        assert answer.model_extra is not None
        return str(answer.model_extra["served"]["engine"])

    wanted = ["zhiwen", "auto", "外", "zhiwen/人事@大", "zhiwen@外"]
    assert [served(model) for model in wanted] == ["小", "小", "外", "大", "外"]
    with pytest.raises(openai.NotFoundError):
        served("zhiwen/人事@没有")


def test_beyond_the_queue_it_is_429_and_when_to_come_again(tmp_path: Path, fake_url: str) -> None:
    limits: dict[str, object] = {"max_running": 1, "max_waiting": 0}
    engines = [{"name": "only", "base_url": fake_url, "model": "fake:stall_middle", **limits}]
    with api_over(tmp_path, engines) as api:
        base_id = api.ingest("人事", {"员工手册.txt": SENTENCE})
        body = {"question": "年假有几天？", "base_ids": [base_id]}
        for name, data in events(api.http, "POST", "/api/chat", json=body):
            if name == "start":
                answer_id = data["answer_id"]
            if name == "delta":
                break  # the page leaves, the answer goes on

        plain = {"model": "zhiwen", "messages": [{"role": "user", "content": "年假？"}]}
        for path, sent in (
            ("/api/chat", body),
            ("/v1/chat/completions", plain),
            ("/v1/chat/completions", {**plain, "stream": True}),
        ):
            refused = api.http.post(path, json=sent)
            assert refused.status_code == 429, refused.text
            assert int(refused.headers["retry-after"]) >= 1
        assert api.http.get("/api/conversations").json()["total"] == 1

        api.http.post(f"/api/messages/{answer_id}/stop").raise_for_status()
        eventually(lambda: engine_status(api)["only"]["running"] == 0)
        # the engine is free a moment before the end of the answer is written down
        kept = eventually(
            lambda: (
                (found := api.http.get(f"/api/messages/{answer_id}").json())["state"] != "streaming"
                and found
            )
        )
        assert (kept["state"], kept["content"]) == ("stopped", CITED[: len(kept["content"])])
        body = {"question": "年假有几天？", "base_ids": [base_id]}
        events_again = events(api.http, "POST", "/api/chat", json=body)
        assert next(events_again)[0] == "start"


@pytest.mark.parametrize(
    ("mode", "stream"),
    [
        ("stall_middle", True),
        ("stall_first", True),
        ("stall_headers", True),
        ("stall_first", False),
    ],
)
def test_a_client_that_leaves_v1_frees_its_place(
    tmp_path: Path, fake_url: str, fake_engine: FakeEngine, mode: str, stream: bool
) -> None:
    engines: list[dict[str, object]] = [
        {"name": "only", "base_url": fake_url, "model": f"fake:{mode}"}
    ]
    with api_over(tmp_path, engines) as api:
        api.ingest("人事", {"员工手册.txt": SENTENCE})
        question = [{"role": "user", "content": "年假有几天？"}]
        body = {"model": "zhiwen", "stream": stream, "messages": question}
        asked = api.http.build_request("POST", "/v1/chat/completions", json=body)
        head = f"POST {asked.url.path} HTTP/1.1\r\nHost: {asked.url.host}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(asked.content)}\r\n\r\n"
        with socket.create_connection((asked.url.host, asked.url.port or 80)) as client:
            client.sendall(head.encode() + asked.content)
            eventually(lambda: len(fake_engine.requests) == 1)
        eventually(lambda: engine_status(api)["only"]["running"] == 0)
        assert engine_status(api)["only"]["failures"] == 0
