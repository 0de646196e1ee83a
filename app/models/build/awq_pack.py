"""AWQ's 4-bit form of a weight matrix, as vLLM and AutoAWQ read it (`version: gemm`).

Lin et al., AWQ: Activation-aware Weight Quantization, https://arxiv.org/abs/2306.00978. We use the
paper's asymmetric grid per group of inputs and its search for a clipped range, without activations:
each group gets the range with the smallest rounding error of the weights.

Eight 4-bit values are packed into one int32 along the output, in the order the gemm kernel unpacks:
value 0 in the lowest bits, then 2, 4, 6, 1, 3, 5, 7.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, dtype

BITS = 4
GROUP = 128

_PER_INT32 = 32 // BITS
_GEMM_ORDER = (0, 2, 4, 6, 1, 3, 5, 7)
_HIGHEST = 2**BITS - 1
_CLIPS = (1.0, 0.96, 0.92, 0.88, 0.84, 0.8, 0.76, 0.72)
_BLOCK = 1 << 16  # weights
_SMALLEST_RANGE = 1e-5  # for groups of equal weights


@dataclass(frozen=True, slots=True)
class AwqMatrix:
    """`y = x @ ((codes - zeros) * scales)`: codes (in, out), zeros and scales (in / GROUP, out).

    Codes and zeros are uint8 from 0 to 15; scales have the type of the weights.
    """

    codes: "Tensor"
    zeros: "Tensor"
    scales: "Tensor"

    def weight(self) -> "Tensor":
        """The dequantised matrix (out, in), in the type of the scales."""
        zeros, scales = (part.repeat_interleave(GROUP, 0) for part in (self.zeros, self.scales))
        return ((self.codes.float() - zeros.float()) * scales.float()).to(self.scales.dtype).T

    def tensors(self, name: str) -> "dict[str, Tensor]":
        """Tensors to save for the layer `name`: qweight (in, out / 8), qzeros, scales."""
        return {
            f"{name}.qweight": pack(self.codes),
            f"{name}.qzeros": pack(self.zeros),
            f"{name}.scales": self.scales.contiguous(),
        }


def quantise(weight: "Tensor") -> AwqMatrix:
    """Quantises `weight` (out, in). Raises ValueError if its shape is not divisible."""
    import torch

    outputs, inputs = weight.shape
    if inputs % GROUP or outputs % _PER_INT32:
        raise ValueError(f"{outputs} × {inputs} is not a multiple of {_PER_INT32} × {GROUP}")
    # In blocks that fit the CPU cache, ten times as fast as all at once.
    blocks = torch.split(weight, max(1, _BLOCK // inputs))
    parts = [_best(rows.float().view(len(rows), -1, GROUP), weight.dtype) for rows in blocks]
    codes, zeros, scales = (torch.cat(found) for found in zip(*parts, strict=True))
    return AwqMatrix(
        codes.reshape(outputs, inputs).T.to(torch.uint8),
        zeros.squeeze(-1).T.to(torch.uint8),
        scales.squeeze(-1).T.to(weight.dtype),
    )


def _best(groups: "Tensor", kind: "dtype") -> "tuple[Tensor, Tensor, Tensor]":
    """`_round` with each group's best clip; `groups` (out, groups, GROUP) in float."""
    import torch

    errors = []
    for clip in _CLIPS:
        codes, zeros, scales = _round(groups, torch.tensor(clip), kind)
        errors.append(((codes - zeros) * scales - groups).square_().sum(-1, keepdim=True))
    return _round(groups, torch.tensor(_CLIPS)[torch.stack(errors).argmin(0)], kind)


def _round(groups: "Tensor", clip: "Tensor", kind: "dtype") -> "tuple[Tensor, Tensor, Tensor]":
    """Codes (out, groups, GROUP), zeros and scales (out, groups, 1), all in float.

    `clip` is a share of each group's range: one, or (out, groups, 1).
    """
    low = groups.amin(-1, keepdim=True).clamp(max=0) * clip
    high = groups.amax(-1, keepdim=True).clamp(min=0) * clip
    # Rounded as it will be stored, so that the codes match the stored scale.
    scales = ((high - low).clamp(min=_SMALLEST_RANGE) / _HIGHEST).to(kind).float()
    zeros = (-low / scales).round().clamp(0, _HIGHEST)
    codes = (groups / scales).round_().add_(zeros).clamp_(0, _HIGHEST)
    return codes, zeros, scales


def pack(values: "Tensor") -> "Tensor":
    """4-bit values (rows, columns) as int32 (rows, columns / 8)."""
    import torch

    rows, columns = values.shape
    eights = values.to(torch.int32).reshape(rows, columns // _PER_INT32, _PER_INT32)
    packed = torch.zeros(eights.shape[:2], dtype=torch.int32)
    for place, value in enumerate(_GEMM_ORDER):
        packed |= eights[:, :, value] << (BITS * place)
    return packed


def unpack(packed: "Tensor") -> "Tensor":
    """The reverse: uint8 (rows, columns * 8)."""
    import torch

    rows, columns = packed.shape
    eights = torch.empty((rows, columns, _PER_INT32), dtype=torch.uint8)
    for place, value in enumerate(_GEMM_ORDER):
        eights[:, :, value] = ((packed >> (BITS * place)) & _HIGHEST).to(torch.uint8)
    return eights.reshape(rows, columns * _PER_INT32)
