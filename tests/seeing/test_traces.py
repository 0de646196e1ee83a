"""One trace id in header, answer, rating and log; spans only where they are wanted."""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app import tracing
from app.api.main import create_app
from app.llm.chat_model import EngineUnavailable
from app.llm.scripted import ScriptedChatModel
from app.logs import JsonFormatter, TextFormatter
from app.telemetry import instrument
from app.wiring.application import build
from ingest.embedding.hashing import HashingEmbedder
from tests import application as applications
from tests.api.sse import ask
from tests.application import RunningApi, drain, running_api

HANDBOOK = "# 年假\n\n员工入职满三年，年假为每年十五天。\n"
QUESTION = "年假有几天？"
CALLER = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = {"traceparent": f"00-{CALLER}-00f067aa0ba902b7-01"}


class Lines(logging.Handler):
    """Keeps what a formatter makes of each record."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def lines() -> Iterator[Lines]:
    """All lines of the application, as JSON."""
    handler = Lines(JsonFormatter())
    root = logging.getLogger("app")
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


def test_answer_header_rating_and_log_share_one_id(
    api: RunningApi, model: ScriptedChatModel, lines: Lines
) -> None:
    base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})
    model.enqueue("年假为每年十五天。")
    response = api.http.post("/api/chat", json={"question": QUESTION, "base_ids": [base_id]})
    trace_id = response.headers["x-trace-id"]
    assert re.fullmatch("[0-9a-f]{32}", trace_id)
    conversation = api.http.get("/api/conversations").json()["items"][0]["id"]
    answer = api.http.get(f"/api/conversations/{conversation}").json()["messages"][1]
    assert answer["trace_id"] == trace_id
    rating = api.http.put(f"/api/messages/{answer['id']}/feedback", json={"rating": "down"})
    assert rating.json()["trace_id"] == trace_id
    found = [json.loads(line) for line in lines.lines]
    (answered,) = [line for line in found if line["logger"] == "app.answers"]
    assert answered["trace_id"] == trace_id
    assert answered["answer_id"] == answer["id"]
    assert answered["cached_from"] is None
    (rated,) = [line for line in found if line.get("rating")]
    assert rated["answer_trace_id"] == trace_id
    assert rated["trace_id"] == rating.headers["x-trace-id"] != trace_id


def test_an_answer_that_is_given_again_has_a_line_of_its_own(
    api: RunningApi, model: ScriptedChatModel, lines: Lines
) -> None:
    base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})
    model.enqueue("年假为每年十五天。")
    first, again = (ask(api.http, QUESTION, base_id)["done"][0]["message"] for _ in range(2))
    found = [json.loads(line) for line in lines.lines]
    answered = [line for line in found if line["logger"] == "app.answers"]
    assert [line["answer_id"] for line in answered] == [first["id"], again["id"]]
    assert [line["cached_from"] for line in answered] == [None, first["id"]]
    assert answered[1]["trace_id"] == again["trace_id"] != first["trace_id"]


def test_a_callers_trace_goes_on(api: RunningApi, model: ScriptedChatModel) -> None:
    api.ingest("人事", {"员工手册.md": HANDBOOK})
    model.enqueue("十五天。")
    body = {"model": "zhiwen", "messages": [{"role": "user", "content": QUESTION}]}
    answer = api.http.post("/v1/chat/completions", json=body, headers=TRACEPARENT)
    assert answer.json()["trace_id"] == answer.headers["x-trace-id"] == CALLER
    forged = api.http.get("/healthz", headers={"traceparent": "00-" + "0" * 32 + "-x-01"})
    assert forged.headers["x-trace-id"] not in {CALLER, "0" * 32}


@pytest.mark.parametrize("prompts", [False, True])
def test_texts_are_logged_only_when_asked_for(tmp_path: Path, lines: Lines, prompts: bool) -> None:
    model = ScriptedChatModel()
    with running_api(tmp_path / "data", model=model, log_prompts=prompts) as api:
        base_id = api.ingest("人事", {"员工手册.md": HANDBOOK})
        model.enqueue("年假为每年十五天。")
        ask(api.http, QUESTION, base_id)
        model.enqueue("年假", error=EngineUnavailable("gone"))
        ask(api.http, QUESTION, base_id, fresh=True)
        api.http.post("/api/search", json={"query": QUESTION, "base_ids": [base_id]})
    logged = "\n".join(lines.lines)
    for text in (QUESTION, "员工入职满三年", "年假为每年十五天"):
        assert (text in logged) is prompts


def test_lines_for_people_end_with_the_trace() -> None:
    record = logging.LogRecord("app.x", logging.INFO, "", 0, "read %d", (3,), None)
    token = tracing.TRACE_ID.set(CALLER)
    try:
        assert TextFormatter().format(record).endswith(f"INFO app.x: read 3 trace={CALLER}")
    finally:
        tracing.TRACE_ID.reset(token)
    assert TextFormatter().format(record).endswith("read 3")


@pytest.fixture
def spans(tmp_path: Path) -> Iterator[list[ReadableSpan]]:
    """The spans of an upload, an answer that was written, and one whose engine was gone."""
    model = ScriptedChatModel()
    settings = applications.test_settings(
        tmp_path / "data", embedder="hashing", max_answer_tokens=99
    )
    application = build(settings, embedder=HashingEmbedder(), model=model)
    app = create_app(application)
    exporter = InMemorySpanExporter()
    provider = instrument(app, exporter)
    try:
        with TestClient(app, base_url="http://127.0.0.1") as http:
            base_id = http.post("/api/bases", json={"name": "人事"}).json()["id"]
            upload = {"file": ("员工手册.md", HANDBOOK.encode())}
            http.post(f"/api/bases/{base_id}/documents", files=upload)
            drain(application)
            body = {"question": QUESTION, "base_ids": [base_id]}
            model.enqueue("年假为每年", "十五天。")
            assert "event: done" in http.post("/api/chat", json=body, headers=TRACEPARENT).text
            model.enqueue(error=EngineUnavailable("gone"))
            again = {**body, "fresh": True}
            assert "event: error" in http.post("/api/chat", json=again).text
            model.enqueue("你好。")
            chat = {"question": QUESTION, "base_ids": [], "task": "chat"}
            assert "event: done" in http.post("/api/chat", json=chat).text
        provider.force_flush()
        yield list(exporter.get_finished_spans())
    finally:
        tracing.use(None)
        provider.shutdown()


def test_a_question_is_one_trace_with_its_stages(spans: list[ReadableSpan]) -> None:
    found = {s.name: s for s in spans if f"{s.context.trace_id:032x}" == CALLER}
    stages = {"embed", "dense", "lexical", "fuse", "hydrate", "prompt", "chat scripted"}
    assert stages | {"POST /api/chat"} <= set(found)
    root = found["POST /api/chat"]
    for name in stages:
        parent = found[name].parent
        assert parent is not None
        assert parent.span_id == root.context.span_id
    attributes = dict(found["chat scripted"].attributes or {})
    assert attributes["gen_ai.operation.name"] == "chat"
    assert attributes["gen_ai.request.model"] == "scripted"
    assert attributes["gen_ai.request.max_tokens"] == 99
    assert attributes["gen_ai.usage.output_tokens"] == len("年假为每年十五天。")
    assert attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert isinstance(attributes["gen_ai.response.time_to_first_chunk"], float)


def test_every_call_of_a_model_is_a_span_that_tells_of_failures(spans: list[ReadableSpan]) -> None:
    calls = [span for span in spans if span.name == "chat scripted"]
    assert [(s.attributes or {}).get("error.type") for s in calls] == [
        None,
        "EngineUnavailable",
        None,  # of the task `chat`
    ]
    assert [span.status.is_ok for span in calls] == [True, False, True]


def test_spans_hold_no_text_and_streams_one_span(spans: list[ReadableSpan]) -> None:
    told = "".join(span.to_json() for span in spans)
    for text in (QUESTION, "十五天", "员工入职"):
        assert text not in told
        assert json.dumps(text)[1:-1] not in told
    assert not [span.name for span in spans if "http send" in span.name]


def test_without_an_endpoint_no_sdk_is_imported() -> None:
    code = (
        "import sys, app.api.main, app.api.__main__, app.worker.watch; "
        "print([m for m in sys.modules if m.startswith(('opentelemetry.sdk', "
        "'opentelemetry.instrumentation', 'opentelemetry.exporter', 'app.telemetry'))])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, timeout=240
    )
    assert ended.stdout.strip() == b"[]"
