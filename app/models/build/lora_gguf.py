"""Converts a LoRA adapter from PEFT's folder to the GGUF file that llama.cpp loads.

An adapter is the matrices A (rank, inputs) and B (outputs, rank) of some projections; a weight W
becomes W + B A · alpha / rank (Hu et al., "LoRA", 2021). llama.cpp wants the names of its own
layers, with `.lora_a` and `.lora_b`.
"""

import json
import re
from pathlib import Path

from app.models.errors import ModelFormatError

GGUF_FILE = "adapter.gguf"
WEIGHTS_FILE = "adapter_model.safetensors"
CONFIG_FILE = "adapter_config.json"

_LAYER = re.compile(r"model\.layers\.(\d+)\.(?:self_attn|mlp)\.(\w+)")
_NAME = re.compile(r"base_model\.model\.(.+)\.lora_([AB])\.weight")
_PROJECTIONS = {
    "q_proj": "attn_q",
    "k_proj": "attn_k",
    "v_proj": "attn_v",
    "o_proj": "attn_output",
    "gate_proj": "ffn_gate",
    "up_proj": "ffn_up",
    "down_proj": "ffn_down",
}


def write_lora_gguf(folder: Path, architecture: str) -> Path:
    """Writes `adapter.gguf` into PEFT's `folder` and returns it. `architecture` is that of the base
    in its GGUF file, such as `qwen2`. Raises ModelFormatError."""
    from gguf import GGUFWriter
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        config = json.loads((folder / CONFIG_FILE).read_text("utf-8"))
        tensors = load_file(folder / WEIGHTS_FILE)
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelFormatError(f"{folder} holds no adapter: {error}") from error
    target, part = folder / GGUF_FILE, folder / f"{GGUF_FILE}.part"
    writer = GGUFWriter(part, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(config["lora_alpha"]))
    for name, tensor in sorted(tensors.items()):
        writer.add_tensor(_gguf_name(name), tensor.astype("float32"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    part.replace(target)
    return target


def gguf_layer(name: str) -> str:
    """llama.cpp's name of a layer's weight. Raises ModelFormatError."""
    found = _LAYER.fullmatch(name)
    if found is None or found[2] not in _PROJECTIONS:
        raise ModelFormatError(f"llama.cpp has no layer for the adapter's {name}")
    return f"blk.{found[1]}.{_PROJECTIONS[found[2]]}.weight"


def _gguf_name(name: str) -> str:
    found = _NAME.fullmatch(name)
    if found is None:
        raise ModelFormatError(f"llama.cpp has no layer for the adapter's {name}")
    return f"{gguf_layer(found[1])}.lora_{found[2].lower()}"
