"""A random LoRA adapter of rank 8 for the 0.5B, in the forms that the two engines load.

Hu et al., LoRA: https://arxiv.org/abs/2106.09685. It has learnt nothing: it shows that an adapter
is loaded, and used by those who name it and nobody else.
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LAYERS, WIDTH = 24, 896
OUTPUTS = {"q": 896, "v": 128}  # of the projections that are adapted
RANK, ALPHA = 8, 16

Weights = dict[tuple[int, str], tuple[NDArray[np.float32], NDArray[np.float32]]]


def random_weights() -> Weights:
    """A (RANK, WIDTH) and B (outputs, RANK) by layer and projection, far from nothing."""
    random = np.random.default_rng(5)

    def matrix(rows: int, columns: int, scale: float) -> NDArray[np.float32]:
        return (random.standard_normal((rows, columns)) * scale).astype(np.float32)

    return {
        (layer, name): (matrix(RANK, WIDTH, WIDTH**-0.5), matrix(outputs, RANK, 0.3))
        for layer in range(LAYERS)
        for name, outputs in OUTPUTS.items()
    }


def write_peft(folder: Path) -> Path:
    """As peft saves it; https://huggingface.co/docs/peft/developer_guides/checkpoint."""
    from safetensors.numpy import save_file

    tensors = {}
    for (layer, name), (a, b) in random_weights().items():
        prefix = f"base_model.model.model.layers.{layer}.self_attn.{name}_proj"
        tensors |= {f"{prefix}.lora_A.weight": a, f"{prefix}.lora_B.weight": b}
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": None,
        "r": RANK,
        "lora_alpha": ALPHA,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": [f"{name}_proj" for name in OUTPUTS],
    }
    folder.mkdir()
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def write_gguf(path: Path) -> Path:
    """As llama.cpp's convert_lora_to_gguf.py writes it."""
    from gguf import GGUFWriter

    writer = GGUFWriter(path, "qwen2")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", ALPHA)
    for (layer, name), (a, b) in random_weights().items():
        writer.add_tensor(f"blk.{layer}.attn_{name}.weight.lora_a", a)
        writer.add_tensor(f"blk.{layer}.attn_{name}.weight.lora_b", b)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
