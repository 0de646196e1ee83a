import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import Qwen2Config, Qwen2ForCausalLM

from app.models.build.awq_pack import GROUP, AwqMatrix, unpack
from app.models.build.vllm_weights import write_awq
from app.models.errors import ModelFormatError, SourceUnavailable
from app.models.registry import Registry
from app.models.store import ModelStore

LAYER = "model.layers.0.mlp.down_proj"


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A Qwen2 of one layer as transformers saves it."""
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=32,
        hidden_size=GROUP,
        intermediate_size=2 * GROUP,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        tie_word_embeddings=False,
    )
    folder = tmp_path / "bf16"
    Qwen2ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    (folder / "tokenizer.json").write_text("{}")
    return folder


def test_projections_become_4_bits_and_nothing_else_changes(tiny: Path, tmp_path: Path) -> None:
    write_awq(tiny, tmp_path / "awq")
    before = load_file(tiny / "model.safetensors")
    after = load_file(tmp_path / "awq" / "model.safetensors")

    assert (tmp_path / "awq" / "tokenizer.json").read_text() == "{}"
    config = json.loads((tmp_path / "awq" / "config.json").read_text())
    assert config["hidden_size"] == GROUP
    found = {key: config["quantization_config"][key] for key in ("quant_method", "version", "bits")}
    assert found == {"quant_method": "awq", "version": "gemm", "bits": 4}
    kept = {name for name in before if not name.endswith("_proj.weight")}
    assert kept < set(after)
    assert all(torch.equal(before[name], after[name]) for name in kept)
    assert not any(name.endswith("_proj.weight") for name in after)
    assert sum(name.endswith(".qweight") for name in after) == 7


def test_the_4_bits_are_near_the_weights_they_stand_for(tiny: Path, tmp_path: Path) -> None:
    write_awq(tiny, tmp_path / "awq")
    weight = load_file(tiny / "model.safetensors")[f"{LAYER}.weight"].float()
    after = load_file(tmp_path / "awq" / "model.safetensors")
    codes, zeros = (unpack(after[f"{LAYER}.{part}"]) for part in ("qweight", "qzeros"))
    read = AwqMatrix(codes, zeros, after[f"{LAYER}.scales"]).weight().float()
    assert read.shape == weight.shape
    assert (read - weight).norm() < 0.12 * weight.norm()


def test_a_folder_that_holds_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match="cannot be quantised"):
        write_awq(tmp_path, tmp_path / "awq")
    save_file({"a": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(ModelFormatError, match=r"config\.json"):
        write_awq(tmp_path, tmp_path / "awq")


def test_a_model_that_is_made_here_is_made_once_and_verified(tmp_path: Path) -> None:
    store = ModelStore(tmp_path, Registry.load(), offline=True)
    name = "qwen2.5-coder-0.5b-instruct-awq"
    made = []

    def write(folder: Path) -> None:
        made.append(folder)
        (folder / "weights").write_bytes(b"1234")

    with pytest.raises(SourceUnavailable, match="zhiwen models convert"):
        store.pull(name)
    assert store.make(name, write) == store.make(name, write) == store.path(name)
    assert len(made) == 1
    (store.path(name) / "weights").write_bytes(b"4321")
    store.make(name, write)
    assert len(made) == 2
    assert (store.path(name) / "weights").read_bytes() == b"1234"
