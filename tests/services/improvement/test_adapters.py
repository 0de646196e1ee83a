"""The registry: lineage, aliases that move, and the way back."""

from pathlib import Path

import pytest

from app.db.tables import StoredAdapter, StoredDataSet
from app.llm.adapters import BARE, AdapterFiles, Ways
from app.llm.wire.openai_chat import OpenAIChatModel
from app.services.errors import Conflict, NotFound
from app.services.improvement.adapters import Adapters
from app.services.improvement.serving import Hosted, Serving
from tests.llm.test_openai_chat import Characters
from tests.services.conftest import Application

MODEL = "qwen"
PASSED = {"passed": True, "reasons": []}
FAILED = {"passed": False, "reasons": [{"code": "not_better", "text": "Not better."}]}


@pytest.fixture
def adapters(application: Application, tmp_path: Path) -> Adapters:
    return Adapters(application.db, tmp_path / "adapters")


def add(adapters: Adapters, name: str, verdict: dict[str, object] | None = None) -> None:
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
                name=name, base_model=MODEL, base_sha256="b", dataset_name="sft-1", sha256="s",
                settings={}, verdict=verdict,
            )
        )  # fmt: skip
    folder = adapters.path(name)
    folder.mkdir(parents=True)
    (folder / "adapter.gguf").write_bytes(b"GGUF")


def test_only_what_passed_becomes_champion_unless_a_person_says_so(adapters: Adapters) -> None:
    add(adapters, "lora-new")
    add(adapters, "lora-bad", FAILED)
    add(adapters, "lora-good", PASSED)
    with pytest.raises(Conflict, match="not measured"):
        adapters.promote("lora-new")
    with pytest.raises(Conflict, match="Not better"):
        adapters.promote("lora-bad")
    assert adapters.promote("lora-new", "challenger").aliases == ("challenger",)
    assert adapters.promote("lora-good").aliases == ("champion",)
    assert adapters.promote("lora-bad", force=True).aliases == ("champion",)
    assert adapters.history(MODEL)[0].reason == "promoted against the gate"
    with pytest.raises(NotFound):
        adapters.promote("lora-none")


def test_back_goes_one_further_each_time(adapters: Adapters) -> None:
    for name in ("lora-1", "lora-2", "lora-3"):
        add(adapters, name, PASSED)
        adapters.promote(name)
    assert adapters.rollback(MODEL) == "lora-2"
    assert adapters.rollback(MODEL, reason="slower") == "lora-1"
    assert adapters.served(MODEL) == {"champion": "lora-1"}
    assert adapters.history(MODEL)[0].reason == "slower"
    adapters.promote("lora-3")
    assert adapters.rollback(MODEL) == "lora-1"
    assert adapters.rollback(MODEL) is None
    assert adapters.served(MODEL) == {}
    with pytest.raises(Conflict):
        adapters.rollback(MODEL)


def test_a_challenger_that_is_promoted_is_no_challenger_any_more(adapters: Adapters) -> None:
    add(adapters, "lora-1", PASSED)
    adapters.promote("lora-1", "challenger")
    assert adapters.promote("lora-1").aliases == ("champion",)


def test_an_adapter_without_its_files_is_not_served(adapters: Adapters) -> None:
    add(adapters, "lora-1", PASSED)
    (adapters.path("lora-1") / "adapter.gguf").unlink()
    with pytest.raises(Conflict, match="gone"):
        adapters.promote("lora-1")


class Slow:
    """An engine that loads what it was asked for the time before."""

    def __init__(self) -> None:
        self.loaded: set[str] = set()
        self.asked = 0

    async def bring(self, wanted: list[AdapterFiles]) -> Ways:
        self.asked += 1
        here = set(self.loaded)
        self.loaded |= {each.name for each in wanted}
        return {BARE: {}, **{name: {"model": name} for name in here}}


async def test_engines_are_brought_to_the_registry_step_by_step(adapters: Adapters) -> None:
    host = Slow()
    model = OpenAIChatModel("http://127.0.0.1:9/v1", MODEL, Characters())
    serving = Serving(adapters, {"gpu": Hosted(MODEL, model, host)})  # type: ignore[arg-type]  # a list is a sequence
    await serving.bring_all()
    assert host.asked == 0  # no adapter was ever promoted
    for name in ("lora-1", "lora-2"):
        add(adapters, name, PASSED)
    adapters.promote("lora-1")
    await serving.bring_all()
    assert serving.state == {"gpu": BARE}
    await serving.bring_all()
    assert serving.state == {"gpu": "lora-1"}
    adapters.promote("lora-2")
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
        adapters.rollback(MODEL)
    await serving.bring_all()
    assert serving.state == {"gpu": BARE}
    await model.close()
