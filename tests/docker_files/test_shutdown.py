"""Chart, supervisor and server give running answers the same time at shutdown."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.api.__main__ import config
from app.config import Settings
from app.shutdown import ANSWERS_S, API_STOP_S, CLOSING_S, REST_STOP_S
from tests.docker_files.chart import pods, rendered
from tests.docker_files.compose import load


def seconds(duration: str) -> int:
    assert duration.endswith("s")
    return int(duration.removesuffix("s"))


def pre_stop_s(pod: Any) -> int:
    """How long the pod's container waits before it is told to stop."""
    (container,) = pod["containers"]
    match container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command"):
        case ["sleep", duration]:
            return int(duration)
        case None:
            return 0
    pytest.fail(f"unknown preStop of {container['name']}")


def test_the_server_waits_for_running_answers() -> None:
    assert config(FastAPI(), Settings()).timeout_graceful_shutdown == ANSWERS_S == 60
    assert API_STOP_S == ANSWERS_S + CLOSING_S


def test_kubernetes_kills_no_pod_that_still_answers() -> None:
    api = pods(rendered())["zhiwen-api"]["spec"]
    assert api["terminationGracePeriodSeconds"] == pre_stop_s(api) + API_STOP_S
    for name in ("router", "vllm"):  # what an answer of the API comes from
        pod = pods(rendered())[f"zhiwen-{name}"]["spec"]
        assert pod["terminationGracePeriodSeconds"] - pre_stop_s(pod) >= ANSWERS_S


@pytest.mark.parametrize(
    ("file", "service", "needed_s"),
    [
        ("docker/compose.yml", "zhiwen", API_STOP_S + REST_STOP_S),
        ("docker/compose.gpu.yml", "api", API_STOP_S),
    ],
)
def test_compose_kills_no_container_that_still_answers(
    file: str, service: str, needed_s: int
) -> None:
    assert seconds(load(file)["services"][service]["stop_grace_period"]) >= needed_s
