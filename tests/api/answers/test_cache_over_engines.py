"""An answer is given again to whoever asks for the same engine, and only what that one wrote."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.llm.servers.fake_engine import FakeEngine
from evals.speed.processes import free_ports
from tests.api.answers.test_engines import SENTENCE, api_over, engine_status
from tests.api.sse import ask
from tests.application import RunningApi
from tests.processes.zhiwen_up import eventually
from tests.serving import serving


@pytest.fixture
def url() -> Iterator[str]:
    with serving(FakeEngine().app()) as address:
        yield f"{address}/v1"


def answered(api: RunningApi, base_id: str, **more: Any) -> dict[str, Any]:
    message: dict[str, Any] = ask(api.http, "年假有几天？", base_id, **more)["done"][0]["message"]
    return message


def test_each_choice_has_its_own_and_it_still_says_who_wrote(tmp_path: Path, url: str) -> None:
    engines: list[dict[str, object]] = [
        {"name": "大", "base_url": url, "model": "fake"},
        {"name": "小", "base_url": url, "model": "fake:ok", "size": "small"},
    ]
    with api_over(tmp_path, engines) as api:
        base_id = api.ingest("人事", {"员工手册.txt": SENTENCE})
        wrote = {"auto": "小", "大": "大", "小": "小"}
        first = {model: answered(api, base_id, model=model) for model in wrote}
        assert {model: m["cached_from"] for model, m in first.items()} == dict.fromkeys(wrote)
        for model, engine in wrote.items():
            again = answered(api, base_id, model=model)
            assert again["cached_from"] == first[model]["id"]
            assert again["served"] == first[model]["served"]
            assert (again["served"]["wanted"], again["model"]) == (model, engine)
            stored = api.http.get(f"/api/messages/{again['id']}").json()
            assert stored["served"] == again["served"]


def test_what_a_fallback_wrote_is_not_given_again(tmp_path: Path, url: str) -> None:
    (port,) = free_ports(1)
    engines: list[dict[str, object]] = [
        {"name": "first", "base_url": f"http://127.0.0.1:{port}/v1", "model": "fake"},
        {"name": "second", "base_url": url, "model": "fake"},
    ]
    with api_over(tmp_path, engines) as api:
        base_id = api.ingest("人事", {"员工手册.txt": SENTENCE})
        for _ in range(2):
            message = answered(api, base_id)
            assert (message["served"]["engine"], message["cached_from"]) == ("second", None)
            assert message["citations"]
        with serving(FakeEngine().app(), port):
            eventually(lambda: engine_status(api)["first"]["ok"])
            own = answered(api, base_id)
            assert (own["served"]["engine"], own["cached_from"]) == ("first", None)
        # Down again, but what it wrote itself is there.
        assert answered(api, base_id)["cached_from"] == own["id"]
        # Nor does a worse one hide it.
        other = answered(api, base_id, fresh=True)
        assert (other["served"]["engine"], other["cached_from"]) == ("second", None)
        assert answered(api, base_id)["cached_from"] == own["id"]


def test_other_engines_in_the_settings_write_anew(tmp_path: Path, url: str) -> None:
    def engine(model: str, **fields: object) -> list[dict[str, object]]:
        return [{"name": "only", "base_url": url, "model": model, **fields}]

    with api_over(tmp_path, engine("fake")) as api:
        base_id = api.ingest("人事", {"员工手册.txt": SENTENCE})
        assert answered(api, base_id)["cached_from"] is None
    with api_over(tmp_path, engine("fake", good_for="一切", max_waiting=9)) as api:
        assert answered(api, base_id)["cached_from"]
    with api_over(tmp_path, engine("fake:ok")) as api:
        assert answered(api, base_id)["cached_from"] is None
