"""A challenger among people, over HTTP: who answers what, and what nobody sees."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.llm.adapters import BARE, AdapterFiles
from app.llm.servers.fake_engine import FakeEngine
from app.services.improvement.serving import Hosted
from tests.api.answers.test_engines import SENTENCE, api_over
from tests.api.sse import ask
from tests.application import RunningApi
from tests.processes.zhiwen_up import eventually
from tests.services.improvement.test_adapters import PASSED, add
from tests.serving import serving

MODEL = "fake"
OLD, NEW = "lora-old", "lora-new"


class Ready:
    """An engine that has every adapter at once."""

    async def bring(self, wanted: Sequence[AdapterFiles]) -> Mapping[str, Mapping[str, Any]]:
        return {BARE: {}, **{each.name: {"lora": each.name} for each in wanted}}


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def api(tmp_path: Path, engine: FakeEngine) -> Iterator[RunningApi]:
    with serving(engine.app()) as url:
        engines: list[dict[str, object]] = [
            {"name": "one", "base_url": f"{url}/v1", "model": MODEL}
        ]
        with api_over(tmp_path, engines) as api:
            serves = api.application.serving
            hosted = serves.engines["one"]
            serves.engines["one"] = Hosted(MODEL, hosted.model, Ready())  # type: ignore[index]  # a dict
            for name in (OLD, NEW):
                add(serves.adapters, name, PASSED, base_model=MODEL)
            yield api


def canary(api: RunningApi, **body: object) -> None:
    api.http.post(f"/api/adapters/{NEW}/canary", json=body).raise_for_status()
    trials = api.application.serving.trials
    eventually(lambda: "one" in trials and trials["one"].share == body.get("share", 0))


def answer(api: RunningApi, base_id: str, **more: Any) -> dict[str, Any]:
    message: dict[str, Any] = ask(api.http, "年假有几天？", base_id, **more)["done"][0]["message"]
    return message


def test_a_conversation_stays_with_who_answered_it(api: RunningApi, engine: FakeEngine) -> None:
    base_id = api.ingest("人事", {"员工手册.txt": SENTENCE})
    api.http.post(f"/api/adapters/{OLD}/promote", json={}).raise_for_status()
    canary(api, share=50)
    first = [answer(api, base_id) for _ in range(16)]
    by = {each["conversation_id"]: each["served"]["adapter"] for each in first}
    assert set(by.values()) == {OLD, NEW}
    wrote = [body["lora"] for body in engine.requests]
    assert sorted(wrote) == [NEW, OLD]  # the others were given again, each what its own one wrote
    canary(api, share=80)
    for conversation_id, adapter in by.items():
        said = answer(api, base_id, conversation_id=conversation_id)
        if adapter == NEW:  # a greater share takes none away
            assert said["served"]["adapter"] == NEW
    watched = api.http.get("/api/adapters/canary", params={"model": MODEL}).json()["watched"]
    challenger = next(each for each in watched if each["alias"] == "challenger")
    assert (challenger["name"], challenger["before"], challenger["share"]) == (NEW, OLD, 80)
    back = api.http.post("/api/adapters/rollback", json={"model": MODEL}).json()
    assert (back["champion"], back["challenger"]) == (OLD, None)


def test_in_the_shadow_it_answers_and_nobody_sees_it(api: RunningApi, engine: FakeEngine) -> None:
    base_id = api.ingest("人事", {"员工手册.txt": SENTENCE})
    canary(api, shadow=True)
    shown = answer(api, base_id)
    assert shown["served"]["adapter"] == BARE

    def counted() -> dict[str, Any]:
        found = api.http.get("/api/adapters/canary", params={"model": MODEL}).json()
        measures: dict[str, Any] = found["watched"][0]["measures"]
        return measures

    eventually(lambda: counted()["refused"]["after"]["of"] == 1)
    assert counted()["unsupported"]["after"] == {"bad": 0, "of": 1}
    asked, along = engine.requests
    assert along == {**asked, "lora": NEW}
