"""A merged model answers as its model does with the adapter: real llama.cpp, a tiny model."""

import json
from pathlib import Path

import numpy as np
import pytest

from app.llm.adapters import BARE
from app.models.build.merge import merge_folder, merge_gguf, read_changes
from app.models.checksums import LOCK_FILE
from app.models.errors import ModelFormatError
from tests.llm.test_swapping import adapter, running_engine
from tests.tuning import tiny_model

LAYER = "model.layers.0.mlp.down_proj"


def test_the_file_for_llama_cpp_answers_like_the_adapter(tmp_path: Path) -> None:
    model = tiny_model.make(tmp_path / "models")
    lora = adapter(tmp_path / "adapters", 1)
    merge_gguf(model.gguf, lora.folder, tmp_path / "merged.gguf")
    with running_engine(model.gguf, tmp_path / "adapters/engine.json") as engine:
        ways = engine.until_loaded(lora)
        bare, tuned = (engine.complete(ways[name]) for name in (BARE, lora.name))
    with running_engine(tmp_path / "merged.gguf", tmp_path / "none/engine.json") as engine:
        assert engine.complete({}) == tuned != bare


def test_the_folder_of_transformers_has_the_change_in_it(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    model = tiny_model.make(tmp_path / "models")
    lora = adapter(tmp_path / "adapters", 1)
    (model.folder / LOCK_FILE).write_text("{}")
    merge_folder(model.folder, lora.folder, tmp_path / "merged")
    before, after = (
        load_file(folder / "model.safetensors") for folder in (model.folder, tmp_path / "merged")
    )
    change = (after[f"{LAYER}.weight"].float() - before[f"{LAYER}.weight"].float()).numpy()
    wanted = read_changes(lora.folder)[LAYER]
    assert np.allclose(change, wanted, atol=0.01 * np.abs(wanted).max() + 0.05)
    same = [name for name in before if "down_proj" not in name]
    assert all(bool((before[name] == after[name]).all()) for name in same)
    config = json.loads((tmp_path / "merged/config.json").read_text())
    assert config == json.loads((model.folder / "config.json").read_text())
    assert (tmp_path / "merged/tokenizer.json").is_file()
    assert not (tmp_path / "merged" / LOCK_FILE).exists()  # its checksums are of other weights


def test_another_models_adapter_is_refused(tmp_path: Path) -> None:
    model = tiny_model.make(tmp_path / "models")
    lora = adapter(tmp_path / "adapters", 1)
    config = lora.folder / "adapter_config.json"
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelFormatError, match="has no"):
        merge_folder(tmp_path / "empty", lora.folder, tmp_path / "merged")
    config.unlink()
    with pytest.raises(ModelFormatError, match="no adapter"):
        merge_gguf(model.gguf, lora.folder, tmp_path / "merged.gguf")
