"""What the registry says of engines becomes their entries, unless engines.toml says otherwise."""

from pathlib import Path

import pytest

from app.config import Settings
from app.llm.engines import EngineSpec
from app.models.registry import Registry
from app.models.store import ModelStore
from app.wiring.engines import engine_list

CHAT = [spec for spec in Registry.load().specs() if spec.role == "chat"]
QWEN3 = [spec for spec in CHAT if spec.name.lower().startswith("qwen3")]


def settings(tmp_path: Path, **changes: object) -> Settings:
    return Settings.model_validate({"data_dir": tmp_path, "offline": True, **changes})


@pytest.mark.parametrize("spec", CHAT, ids=lambda spec: spec.name)
def test_every_chat_model_makes_an_entry(spec: object) -> None:
    model = next(found for found in CHAT if found is spec)
    assert EngineSpec.model_validate({"name": model.name, **model.engine}).name == model.name


def test_models_that_think_are_sampled_as_their_makers_say() -> None:
    assert len(QWEN3) == 5
    for model in QWEN3:
        spec = EngineSpec.model_validate({"name": model.name, **model.engine})
        assert spec.thinking == "template"
        assert not spec.thinks_by_default
        assert spec.sampling.model_dump(exclude_none=True) == {
            "temperature": 0.7,
            "top_p": 0.8,
            "top_k": 20,
        }
        assert (spec.sampling_thinking.temperature, spec.sampling_thinking.top_p) == (0.6, 0.95)
        assert "not run here" in model.description


def test_an_entry_takes_from_its_model_what_it_does_not_say(tmp_path: Path) -> None:
    path = tmp_path / "engines.toml"
    path.write_text(
        """
[[engine]]
name = "card"
base_url = "http://127.0.0.1:8100/v1"
model = "Qwen/Qwen3-8B-AWQ"
context_tokens = 8192
thinks_by_default = true
sampling = { top_p = 0.5, presence_penalty = 1.5 }

[[engine]]
name = "other"
base_url = "http://127.0.0.1:8101/v1"
thinking = "always"
thought_opened = true
""",
        "utf-8",
    )
    given = settings(tmp_path, temperature=0.3)
    card, other = engine_list(given, ModelStore(tmp_path / "models", offline=True)).engines
    assert (card.thinking, card.thinks_by_default) == ("template", True)
    assert (card.sampling.temperature, card.sampling.top_p, card.sampling.top_k) == (0.3, 0.5, None)
    assert card.sampling_thinking.temperature == 0.6
    assert (other.thinking, other.thoughts.opened) == ("always", True)
    assert other.sampling.temperature == other.sampling_thinking.temperature == 0.3


def test_the_only_engine_takes_them_too(tmp_path: Path) -> None:
    given = settings(tmp_path, chat_model="qwen3-4b-gguf")
    (only,) = engine_list(given, ModelStore(tmp_path / "models", offline=True)).engines
    assert (only.thinking, only.sampling.top_k) == ("template", 20)
