"""The registry: lineage, aliases that move, and the way back."""

import asyncio
from pathlib import Path

import pytest

from app.db.tables import StoredAdapter, StoredDataSet
from app.llm.adapters import BARE, AdapterFiles, VllmAdapters, Ways
from app.llm.breaker import CircuitBreaker
from app.llm.chat_model import EngineUnavailable
from app.llm.engines import EngineSpec
from app.llm.gateway import Engine, Gateway, alone
from app.llm.request_queue import RequestQueue
from app.llm.scripted import ScriptedChatModel
from app.llm.wire.openai_chat import OpenAIChatModel
from app.services.errors import Conflict, NotFound
from app.services.improvement.adapters import Adapters, Consent
from app.services.improvement.serving import Hosted, Serving
from app.services.people.access import LOCAL_OWNER as ME
from app.worker.recording import bring
from tests.patience import PATIENCE_S
from tests.services.conftest import Application
from tests.tokens import Characters

MODEL = "qwen"
PASSED = {"passed": True, "reasons": []}
FAILED = {"passed": False, "reasons": [{"code": "not_better", "text": "Not better."}]}


@pytest.fixture
def adapters(application: Application, tmp_path: Path) -> Adapters:
    return Adapters(application.db, tmp_path / "adapters", bot_bases=list)


def add(
    adapters: Adapters,
    name: str,
    verdict: dict[str, object] | None = None,
    base_model: str = MODEL,
) -> None:
    with adapters.db.write() as session:
        if session.get(StoredDataSet, "sft-1") is None:
            session.add(
                StoredDataSet(
                    name="sft-1", person_id="owner", method="sft", style="a", sha256="", card={}
                )
            )
            session.flush()
        session.add(
            StoredAdapter(
                name=name, base_model=base_model, base_sha256="b", dataset_name="sft-1", sha256="s",
                settings={}, verdict=verdict,
            )
        )  # fmt: skip
    folder = adapters.path(name)
    folder.mkdir(parents=True)
    (folder / "adapter.gguf").write_bytes(b"GGUF")


def back(adapters: Adapters, **about: str) -> str | None:
    """The champion after it."""
    return adapters.rollback(ME, MODEL, "champion", **about)[1]


def test_only_what_passed_becomes_champion_unless_a_person_says_so(adapters: Adapters) -> None:
    add(adapters, "lora-new")
    add(adapters, "lora-bad", FAILED)
    add(adapters, "lora-good", PASSED)
    with pytest.raises(Conflict, match="not measured"):
        adapters.promote(ME, "lora-new")
    with pytest.raises(Conflict, match="Not better"):
        adapters.promote(ME, "lora-bad")
    assert adapters.promote(ME, "lora-new", "challenger").aliases == ("challenger",)
    assert adapters.promote(ME, "lora-good").aliases == ("champion",)
    assert adapters.promote(ME, "lora-bad", consent=Consent(force=True)).aliases == ("champion",)
    assert adapters.history(MODEL)[0].reason == "promoted against the gate"
    with pytest.raises(NotFound):
        adapters.promote(ME, "lora-none")


def test_back_goes_one_further_each_time(adapters: Adapters) -> None:
    for name in ("lora-1", "lora-2", "lora-3"):
        add(adapters, name, PASSED)
        adapters.promote(ME, name)
    assert back(adapters) == "lora-2"
    assert back(adapters, reason="slower") == "lora-1"
    assert adapters.served(MODEL) == {"champion": "lora-1"}
    assert adapters.history(MODEL)[0].reason == "slower"
    adapters.promote(ME, "lora-3")
    assert back(adapters) == "lora-1"
    assert back(adapters) is None
    assert adapters.served(MODEL) == {}
    with pytest.raises(Conflict):
        back(adapters)


def test_a_challenger_that_is_promoted_is_no_challenger_any_more(adapters: Adapters) -> None:
    add(adapters, "lora-1", PASSED)
    adapters.promote(ME, "lora-1", "challenger")
    assert adapters.promote(ME, "lora-1").aliases == ("champion",)


def test_an_adapter_without_its_files_is_not_served(adapters: Adapters) -> None:
    add(adapters, "lora-1", PASSED)
    (adapters.path("lora-1") / "adapter.gguf").unlink()
    with pytest.raises(Conflict, match="gone"):
        adapters.promote(ME, "lora-1")


class Slow:
    """An engine that loads what it was asked for the time before, except what it `refuses`."""

    def __init__(self, refuses: str = "") -> None:
        self.loaded: set[str] = set()
        self.asked = 0
        self.refuses = refuses

    async def bring(self, wanted: list[AdapterFiles]) -> Ways:
        self.asked += 1
        here = set(self.loaded)
        self.loaded |= {each.name for each in wanted} - {self.refuses}
        return {BARE: {}, **{name: {"model": name} for name in here}}


async def test_engines_are_brought_to_the_registry_step_by_step(adapters: Adapters) -> None:
    host = Slow()
    model = OpenAIChatModel("http://127.0.0.1:9/v1", MODEL, Characters())
    serving = Serving(adapters, {"gpu": Hosted(MODEL, model, host)})  # type: ignore[arg-type]  # a list is a sequence
    await serving.bring_all()
    assert host.asked == 0  # no adapter was ever promoted
    for name in ("lora-1", "lora-2"):
        add(adapters, name, PASSED)
    adapters.promote(ME, "lora-1")
    await serving.bring_all()
    assert serving.state == {"gpu": BARE}
    await serving.bring_all()
    assert serving.state == {"gpu": "lora-1"}
    adapters.promote(ME, "lora-2")
    await serving.bring_all()
    assert serving.state == {"gpu": "lora-1"}  # until the new one is there
    await serving.bring_all()
    assert serving.state == {"gpu": "lora-2"}
    host.loaded.clear()  # started again, by others
    await serving.bring_all()
    assert serving.state == {"gpu": BARE}
    await serving.bring_all()
    assert serving.state == {"gpu": "lora-2"}
    while adapters.served(MODEL):
        back(adapters)
    await serving.bring_all()
    assert serving.state == {"gpu": BARE}
    await model.close()


async def test_an_engine_that_has_what_it_shall_have_is_left_alone(adapters: Adapters) -> None:
    host = Slow()
    model = OpenAIChatModel("http://127.0.0.1:9/v1", MODEL, Characters())
    serving = Serving(adapters, {"gpu": Hosted(MODEL, model, host)})  # type: ignore[arg-type]  # a list is a sequence
    add(adapters, "lora-1", PASSED)
    for _ in range(3):
        await serving.look()
    assert host.asked == 0  # nothing was ever served
    adapters.promote(ME, "lora-1")
    for _ in range(5):
        await serving.look()
    assert (host.asked, serving.state) == (2, {"gpu": "lora-1"})  # once more until it was loaded
    back(adapters)
    await serving.look()
    assert (host.asked, serving.state) == (3, {"gpu": BARE})
    await model.close()


async def test_a_recording_waits_for_the_champion_alone(adapters: Adapters) -> None:
    for name in ("lora-1", "lora-2"):
        add(adapters, name, PASSED)
    adapters.promote(ME, "lora-1")
    adapters.try_out(ME, "lora-2", share=10)
    model = OpenAIChatModel("http://127.0.0.1:9/v1", MODEL, Characters())
    gateway = alone(ScriptedChatModel())

    serving = Serving(adapters, {"scripted": Hosted(MODEL, model, Slow(refuses="lora-2"))})  # type: ignore[arg-type]  # as above
    await asyncio.wait_for(bring(gateway, serving), PATIENCE_S)
    assert (serving.state, serving.trials) == ({"scripted": "lora-1"}, {})

    serving = Serving(adapters, {"scripted": Hosted(MODEL, model, Slow(refuses="lora-1"))})  # type: ignore[arg-type]  # as above
    with pytest.raises(EngineUnavailable, match="champion"):
        await bring(gateway, serving, within_s=0.6)
    await model.close()


async def test_a_recording_needs_no_champion_on_an_engine_that_is_off(adapters: Adapters) -> None:
    add(adapters, "lora-1", PASSED)
    adapters.promote(ME, "lora-1")
    first, second = ScriptedChatModel(), ScriptedChatModel(is_ready=False)
    gateway = Gateway(
        [
            Engine(EngineSpec(name=name), model, CircuitBreaker(), RequestQueue(1, 1))
            for name, model in (("first", first), ("second", second))
        ]
    )
    client = OpenAIChatModel("http://127.0.0.1:9/v1", MODEL, Characters())
    refuses = VllmAdapters("http://127.0.0.1:9/v1", "")
    serving = Serving(
        adapters,
        {"first": Hosted(MODEL, client, Slow()), "second": Hosted(MODEL, client, refuses)},  # type: ignore[arg-type]  # as above
    )
    await asyncio.wait_for(bring(gateway, serving), PATIENCE_S)
    assert serving.state == {"first": "lora-1"}

    second.is_ready = True  # and might answer, without it
    with pytest.raises(EngineUnavailable, match="champion"):
        await bring(gateway, serving, within_s=0.6)
    second.is_ready = first.is_ready = False
    with pytest.raises(EngineUnavailable, match="No engine answered"):
        await bring(gateway, serving, within_s=0.6)
    await client.close()
