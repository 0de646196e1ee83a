"""Merges a LoRA adapter into its model, for servers that take no adapters.

A weight W becomes W + B A · alpha / rank (Hu et al., "LoRA", 2021), tensor by tensor. Two forms:
the folder of transformers that was trained on, and the GGUF file that is served. In the latter,
quantised weights that change become 8 bits: rounding them to 4 once more would lose about as much
as the adapter adds.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.models.build.lora_gguf import CONFIG_FILE, WEIGHTS_FILE, gguf_layer
from app.models.checksums import LOCK_FILE
from app.models.errors import ModelFormatError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PREFIX, _A, _B = "base_model.model.", ".lora_A.weight", ".lora_B.weight"
_TENSORS = "*.safetensors"

Changes = Mapping[str, "NDArray[np.float32]"]  # by the layer's name in the model: (outputs, inputs)


def read_changes(adapter: Path) -> Changes:
    """What is added to each layer. Raises ModelFormatError."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        config = json.loads((adapter / CONFIG_FILE).read_text("utf-8"))
        tensors = load_file(adapter / WEIGHTS_FILE)
        scale = float(config["lora_alpha"]) / int(config["r"])
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelFormatError(f"{adapter} holds no adapter: {error}") from error
    found = {}
    for name, a in tensors.items():
        if name.endswith(_A):
            stem = name.removesuffix(_A)
            b = tensors[stem + _B].astype("float32")
            found[stem.removeprefix(_PREFIX)] = b @ a.astype("float32") * scale
    return found


def merge_folder(base: Path, adapter: Path, folder: Path) -> None:
    """Writes the model in `base`, with the adapter in it, into the new `folder`. Raises
    ModelFormatError."""
    import torch
    from safetensors import SafetensorError, safe_open
    from safetensors.torch import save_file

    changes = dict(read_changes(adapter))
    files = sorted(base.glob(_TENSORS))
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        tensors: dict[str, Any] = {}
        try:
            with safe_open(file, "pt") as weights:
                for name in weights.keys():  # noqa: SIM118  # not a mapping
                    tensor = weights.get_tensor(name)
                    change = changes.pop(name.removesuffix(".weight"), None)
                    if change is not None:
                        tensor = (tensor.float() + torch.from_numpy(change)).to(tensor.dtype)
                    tensors[name] = tensor
        except (OSError, SafetensorError) as error:
            raise ModelFormatError(f"{file} cannot be read: {error}") from error
        save_file(tensors, folder / file.name, metadata={"format": "pt"})
    if changes or not files:
        raise ModelFormatError(f"{base} has no {', '.join(changes) or 'weights'}")
    for file in base.iterdir():
        kept = file not in files and file.name != LOCK_FILE  # of the weights before
        if file.is_file() and not file.name.startswith(".") and kept:
            shutil.copy(file, folder)


def merge_gguf(base: Path, adapter: Path, target: Path) -> None:
    """Writes the GGUF file `base`, with the adapter in it, as `target`. Raises ModelFormatError."""
    from gguf import GGMLQuantizationType as Type
    from gguf import GGUFReader, GGUFWriter
    from gguf.quants import dequantize, quantize

    changes = {gguf_layer(name): change for name, change in read_changes(adapter).items()}
    try:
        reader = GGUFReader(base)
    except (OSError, ValueError) as error:
        raise ModelFormatError(f"{base} is not a GGUF file: {error}") from error
    part = target.with_name(f"{target.name}.part")
    writer = GGUFWriter(part, str(reader.fields["general.architecture"].contents()))
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue  # the writer's own
        kind = field.types[0]
        writer.add_key_value(name, field.contents(), kind, field.types[-1])
    whole = (Type.F32, Type.F16, Type.BF16)
    for tensor in reader.tensors:
        change = changes.pop(tensor.name, None)
        if change is None:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
            continue
        kept = tensor.tensor_type if tensor.tensor_type in whole else Type.Q8_0
        merged = dequantize(tensor.data, tensor.tensor_type) + change
        writer.add_tensor(tensor.name, quantize(merged, kept), raw_dtype=kept)
    if changes:
        raise ModelFormatError(f"{base} has no {', '.join(changes)}")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    part.replace(target)
