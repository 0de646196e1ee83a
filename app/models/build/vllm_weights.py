"""Converts a chat model from GGUF to folders that vLLM serves: bf16, and 4 bits (AWQ).

    zhiwen models convert qwen2.5-coder-0.5b-instruct

The weights come from the GGUF file, so they have already been rounded once. This is good enough to
test serving; for quality at the same size, use a model from the hub.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from app.models.build.awq_pack import BITS, GROUP, quantise
from app.models.errors import ModelFormatError

BF16_SUFFIX = "-bf16"
AWQ_SUFFIX = "-awq"

_WEIGHTS_FILE = "model.safetensors"
_CONFIG_FILE = "config.json"
_QUANTISED = "_proj.weight"  # attention and feed-forward; embeddings and head are not quantised


def write_bf16(gguf: Path, folder: Path) -> None:
    """Writes weights, configuration, tokenizer and ChatML template in transformers' format.

    Peak memory: four bytes per parameter. Raises ModelFormatError.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    try:
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent,
            gguf_file=gguf.name,
            quantization_config=GgufConfig(dequantize=True),
            dtype=torch.bfloat16,
            local_files_only=True,
        )
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    except (OSError, ValueError, KeyError) as error:
        raise ModelFormatError(f"{gguf} cannot be converted: {error}") from error
    model.bfloat16().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def write_awq(bf16: Path, folder: Path) -> None:
    """Writes the model in `bf16` with all projections in 4 bits. Raises ModelFormatError."""
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Any] = {}
    try:
        with safe_open(bf16 / _WEIGHTS_FILE, "pt") as weights:
            for name in weights.keys():  # noqa: SIM118  # not a mapping
                tensor = weights.get_tensor(name)
                if name.endswith(_QUANTISED):
                    tensors |= quantise(tensor).tensors(name.removesuffix(".weight"))
                else:
                    tensors[name] = tensor
        config = json.loads((bf16 / _CONFIG_FILE).read_text("utf-8"))
    except (OSError, SafetensorError, ValueError) as error:
        raise ModelFormatError(f"{bf16} cannot be quantised: {error}") from error
    save_file(tensors, folder / _WEIGHTS_FILE, metadata={"format": "pt"})
    config["quantization_config"] = {
        "quant_method": "awq",
        "version": "gemm",
        "bits": BITS,
        "group_size": GROUP,
        "zero_point": True,
        "modules_to_not_convert": None,
    }
    (folder / _CONFIG_FILE).write_text(json.dumps(config, indent=2), "utf-8")
    for file in bf16.iterdir():
        if file.is_file() and not file.name.startswith(".") and not (folder / file.name).exists():
            shutil.copy(file, folder)
