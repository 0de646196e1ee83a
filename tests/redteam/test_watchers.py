"""What the attacks look for would be seen: each watcher is shown what it must report."""

import socket
from collections.abc import Iterator

import pytest

from tests.redteam.attacks.browsers import leads_away
from tests.redteam.attacks.markup import lets_out, rendered, runs
from tests.redteam.world import SECRET, World, attacked


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with attacked(tmp_path_factory.mktemp("watchers")) as found:
        yield found


@pytest.mark.parametrize("base", ["base_id", "shared_id"])
def test_the_owner_sees_what_nobody_else_may(world: World, base: str) -> None:
    since = len(world.model.history)
    body = {"question": "并购计划的价格是多少？", "base_ids": [world.ids[base]], "fresh": True}
    answer = world.send("keeper", "POST", "/api/chat", json=body)
    assert SECRET in world.model.prompts(since)
    assert world.told(answer.text)


def test_injected_orders_reach_the_model(world: World) -> None:
    """Otherwise nothing would be tried on it."""
    for who, base in (("stranger", "own_id"), ("reader", "shared_id")):
        since = len(world.model.history)
        body = {"question": "年假？上班时间？", "base_ids": [world.ids[base]], "fresh": True}
        world.send(who, "POST", "/api/chat", json=body)
        assert "年假？上班时间？" in world.model.prompts(since)


def test_connections_errors_and_lines_are_noticed(world: World) -> None:
    host, port = world.canary.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.recv(1)  # until the other side has closed
    assert world.canary.connections == 1
    world.send("ui nobody", "POST", "/login", data={"name": "x", "password": "x"})
    assert "a sign-in from" in world.logged()


@pytest.mark.parametrize(
    "text", ["![x](https://evil.example)", "<b onclick=x>", "[x](javascript:x)", "<script>"]
)
def test_markup_that_runs_is_seen(text: str) -> None:
    assert runs(rendered(text))


@pytest.mark.parametrize(
    ("directive", "policy"),
    [
        ("script-src", "script-src 'self' data:"),
        ("script-src", "default-src 'none'; script-src 'self' 'unsafe-inline'"),
        ("script-src", "default-src 'self' https:"),
        ("img-src", "img-src 'self' https://evil.example"),
        ("frame-src", "default-src 'none'; frame-src data:"),
        ("style-src", "default-src 'none'; style-src 'self' data:"),
        ("connect-src", "script-src 'self'"),
        ("form-action", "default-src 'none'"),
        ("base-uri", ""),
    ],
)
def test_a_policy_that_lets_something_out_or_in_is_seen(directive: str, policy: str) -> None:
    assert lets_out([policy], directive)
    assert not lets_out([policy, f"{directive} 'self'"], directive)


@pytest.mark.parametrize("where", ["//evil.example", "/\\evil.example", "/\t/evil.example", "x:y"])
def test_a_way_out_is_seen(world: World, where: str) -> None:
    assert leads_away(world, where)
