"""What /metrics says of a service that did something, and what is drawn and alerted from it."""

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # ships no types
from prometheus_client.parser import text_string_to_metric_families

from app.llm.breaker import CircuitBreaker
from app.llm.chat_model import EngineUnavailable
from app.llm.gateway import alone
from app.llm.scripted import ScriptedChatModel
from app.services.operations.engine_gauges import EngineGauges
from tests.api.sse import ask
from tests.application import RunningApi, running_api
from tests.llm.test_breaker import Clock

DOCKER = Path(__file__).parents[2] / "docker"
ALERTS = DOCKER / "prometheus/alerts.yml"
DASHBOARD = DOCKER / "grafana/dashboards/zhiwen.json"
HANDBOOK = "# 年假\n\n员工入职满三年，年假为每年十五天。\n"

# What vLLM exposes, by its documentation of metrics; of a histogram the name without a suffix.
VLLM = {
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "vllm:kv_cache_usage_perc",
    "vllm:prefix_cache_queries_total",
    "vllm:prefix_cache_hits_total",
    "vllm:prompt_tokens_total",
    "vllm:generation_tokens_total",
    "vllm:time_to_first_token_seconds",
    "vllm:inter_token_latency_seconds",
    "vllm:e2e_request_latency_seconds",
    "vllm:request_queue_time_seconds",
}
_NAME = re.compile(r"\b(?:zhiwen_|vllm:|process_)\w+")
_BUCKET = re.compile(r"_(?:bucket|sum|count)$")


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApi]:
    """A service that has read, found, answered, answered again, failed, and been rated."""
    model = ScriptedChatModel()
    with running_api(tmp_path_factory.mktemp("metrics") / "data", model=model) as api:
        base_id = api.ingest("人事", {"员工手册.md": HANDBOOK, "broken.pdf": b"%PDF-1.7 nothing"})
        model.enqueue("年假为每年", "十五天。")
        message = ask(api.http, "年假有几天？", base_id)["done"][0]["message"]
        api.http.put(f"/api/messages/{message['id']}/feedback", json={"rating": "up"})
        assert ask(api.http, "年假有几天？", base_id)["done"][0]["message"]["cached_from"]
        model.enqueue("年", error=EngineUnavailable("gone"))
        assert "error" in ask(api.http, "年假有几天？", base_id, fresh=True)
        api.http.post("/api/search", json={"query": "年假", "base_ids": [base_id]})
        api.http.get("/api/bases/nothing")
        api.http.request("PROPFIND", "/coffee")
        yield api


def samples(api: RunningApi) -> dict[str, dict[tuple[str, ...], float]]:
    """Values by name and label values, in the order of the labels' names."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(api.http.get("/metrics").text):
        for sample in family.samples:
            labels = tuple(value for _, value in sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_answers_searches_and_errors_are_counted(used: RunningApi) -> None:
    found = samples(used)
    assert found["zhiwen_answers_total"][("stop",)] >= 1
    assert found["zhiwen_answers_total"][("error",)] >= 1
    assert found["zhiwen_answers_total"][("cached",)] >= 1
    assert found["zhiwen_answer_cache_total"][("hit",)] >= 1
    assert found["zhiwen_errors_total"][("engine_unavailable", "answer")] >= 1
    assert found["zhiwen_errors_total"][("not_found", "http")] >= 1
    assert found["zhiwen_answers_running"][()] == 0
    assert found["zhiwen_tokens_total"][("completion",)] > 0
    assert found["zhiwen_ratings_total"][("up",)] >= 1
    stages = {labels[0] for labels in found["zhiwen_retrieval_stage_duration_seconds_count"]}
    assert {"embed", "dense", "lexical", "fuse", "hydrate"} <= stages
    for name in ("zhiwen_time_to_first_token_seconds", "zhiwen_answer_duration_seconds"):
        assert found[f"{name}_count"][()] >= 1


def test_what_is_stored_is_counted_in_the_database(used: RunningApi) -> None:
    found = samples(used)
    assert found["zhiwen_documents"][("ready",)] == 1
    assert found["zhiwen_documents"][("failed",)] == 1
    assert sum(found["zhiwen_documents_failed"].values()) == 1
    assert found["zhiwen_jobs"][("queued",)] == 0
    assert found["zhiwen_chunks"][()] >= 1
    assert found["zhiwen_knowledge_bases"][()] == 1
    used.http.post(
        f"/api/bases/{used.http.get('/api/bases').json()[0]['id']}/documents",
        files={"file": ("b.md", "再来一份。".encode())},
    )
    found = samples(used)
    assert found["zhiwen_jobs"][("queued",)] == 1
    assert found["zhiwen_job_oldest_queued_age_seconds"][()] > 0


def test_labels_do_not_grow_with_what_clients_send(used: RunningApi) -> None:
    requests = samples(used)["zhiwen_http_requests_total"]
    assert ("other", "none", "404") in requests
    assert not [labels for labels in requests if {"PROPFIND", "/coffee"} & {*labels}]
    assert not [labels for labels in requests if "nothing" in labels[1]]


def test_engines_are_read_as_they_are_now(used: RunningApi) -> None:
    found = samples(used)
    assert found["zhiwen_engine_requests"] == {
        ("scripted", "running"): 0,
        ("scripted", "waiting"): 0,
    }
    assert found["zhiwen_engine_up"] == {("scripted",): 1}


async def test_an_engine_that_runs_is_full_and_is_left_alone() -> None:
    gateway = alone(ScriptedChatModel(), max_running=1)
    engine = gateway.engines["scripted"]
    clock = Clock()
    engine.breaker = CircuitBreaker(clock=clock)

    def values() -> list[float]:
        families = EngineGauges(gateway).collect()
        return [sample.value for family in families for sample in family.samples]

    assert values() == [0, 0, 1]
    async with engine.queue.slot():
        waiting = asyncio.create_task(engine.queue.slot().__aenter__())
        await asyncio.sleep(0)
        assert values() == [1, 1, 1]
        waiting.cancel()
        engine.breaker.failed(at_once=True)
    assert values()[2] == 0
    clock.now += engine.breaker.open_s
    assert (engine.breaker.state, values()[2]) == ("half_open", 0)  # nobody has tried it yet
    engine.breaker.succeeded()
    assert values()[2] == 1


def named_in(expressions: list[str]) -> set[str]:
    return {_BUCKET.sub("", name) for text in expressions for name in _NAME.findall(text)}


def alert_expressions() -> list[str]:
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    return [rule["expr"] for group in groups for rule in group["rules"]]


def dashboard_expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


@pytest.mark.parametrize("expressions", [alert_expressions(), dashboard_expressions()])
def test_names_that_are_used_are_exposed(used: RunningApi, expressions: list[str]) -> None:
    exposed = {_BUCKET.sub("", name) for name in samples(used)}
    named = named_in(expressions)
    assert {name for name in named if name.startswith("vllm:")} <= VLLM
    assert named - VLLM <= exposed
    assert len(named) >= 8


def test_the_dashboard_draws_all_that_is_exposed(used: RunningApi) -> None:
    exposed = {_BUCKET.sub("", name) for name in samples(used) if name.startswith("zhiwen_")}
    drawn = named_in(dashboard_expressions())
    assert {name for name in exposed if not name.endswith("_created")} <= drawn
    assert drawn >= VLLM


@pytest.mark.parametrize("command", [("rules", "alerts.yml"), ("config", "prometheus.yml")])
def test_promtool_finds_nothing_wrong(command: tuple[str, str]) -> None:
    promtool("check", *command)


def test_alerts_come_when_they_should() -> None:
    promtool("test", "rules", "alerts_test.yml")


def promtool(*arguments: str) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    ended = subprocess.run(
        ["promtool", *arguments],
        cwd=DOCKER / "prometheus",
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, (ended.stdout + ended.stderr).decode()
