"""Is there memory and disk enough? Looked at before anything is loaded.

The estimates are upper ones, measured on the 0.5B (24 layers, 896 wide) with rows of 500 tokens on
a CPU: weights of 1.26 GB, 3.0 GB at the highest.
"""

import json
import shutil
from pathlib import Path

from app.tuning.trainer.errors import TooLittle
from app.tuning.trainer.plan import Plan

_RUNTIME_BYTES = 1 << 30  # torch, transformers, trl
_BYTES_PER_UNIT = 40  # of activations kept for the way back: per token, layer and dimension
_STATE_COPIES = 7  # of the adapter: the result, and two checkpoints with two moments each
_FLOAT = 4
_SPARE_DISK_BYTES = 1 << 29


def check_machine(plan: Plan, longest: int, folder: Path) -> None:
    """`longest`: tokens of the longest row. Raises TooLittle."""
    memory, disk = memory_needed(plan, longest), disk_needed(plan)
    here = free_memory(plan)
    if here < memory:
        raise TooLittle(
            f"Training needs about {memory / 1e9:.1f} GB of memory and {here / 1e9:.1f} GB are "
            "free. Take a smaller model or shorter rows (max_tokens), or end other programs."
        )
    left = shutil.disk_usage(folder).free
    if left < disk:
        raise TooLittle(
            f"Training needs {disk / 1e9:.1f} GB on the disk and {left / 1e9:.1f} GB are free."
        )


def memory_needed(plan: Plan, longest: int) -> int:
    """Bytes."""
    shape = _shape(plan.base)
    weights = sum(path.stat().st_size for path in plan.base.glob("*.safetensors"))
    if plan.settings.four_bit:
        weights = weights * 3 // 10  # 4 of 16 bits, and the scales
    kept = longest * shape["hidden_size"] * shape["num_hidden_layers"] * _BYTES_PER_UNIT
    pair = 1 if plan.method == "sft" else 2
    return weights + kept * pair + _RUNTIME_BYTES


def disk_needed(plan: Plan) -> int:
    """Bytes."""
    shape = _shape(plan.base)
    wide = shape["hidden_size"] * 6 + shape["intermediate_size"] * 3 + shape["hidden_size"] * 5
    adapter = plan.settings.rank * wide * shape["num_hidden_layers"] * _FLOAT
    return adapter * _STATE_COPIES + _SPARE_DISK_BYTES


def free_memory(plan: Plan) -> int:
    """Bytes: of the GPU where there is one, else of the machine."""
    import psutil
    import torch

    if torch.cuda.is_available():
        return int(torch.cuda.mem_get_info()[0])
    return int(psutil.virtual_memory().available)


def _shape(base: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads((base / "config.json").read_text("utf-8"))
    return found
