import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from app.models.build.awq_pack import GROUP, AwqMatrix, pack, quantise, unpack

torch.set_num_threads(1)


@given(st.integers(1, 5), st.integers(1, 4), st.randoms(use_true_random=False))
def test_unpacking_gives_back_what_was_packed(rows: int, columns: int, random: object) -> None:
    seed = random.getrandbits(32)  # type: ignore[attr-defined]  # a random.Random
    codes = torch.randint(0, 16, (rows, 8 * columns), generator=torch.manual_seed(seed))
    packed = pack(codes.to(torch.uint8))
    assert (packed.dtype, packed.shape) == (torch.int32, (rows, columns))
    assert torch.equal(unpack(packed), codes.to(torch.uint8))


def test_the_order_is_that_of_the_gemm_kernel() -> None:
    packed = pack(torch.arange(8, dtype=torch.uint8).reshape(1, 8))
    assert hex(packed.item()) == "0x75316420"  # type: ignore[arg-type]  # an int32


def test_what_fits_the_grid_is_kept_exactly() -> None:
    codes = torch.randint(0, 16, (2 * GROUP, 16), generator=torch.manual_seed(1))
    codes[0::GROUP], codes[1::GROUP] = 0, 15  # the whole range is used in every group
    zeros = torch.randint(1, 15, (2, 16), generator=torch.manual_seed(2))
    scales = torch.full((2, 16), 2.0**-6, dtype=torch.bfloat16)
    weight = AwqMatrix(codes.to(torch.uint8), zeros.to(torch.uint8), scales).weight()

    found = quantise(weight)

    assert torch.equal(found.codes, codes.to(torch.uint8))
    assert torch.equal(found.zeros, zeros.to(torch.uint8))
    assert torch.equal(found.weight(), weight)


def test_a_clipped_range_errs_less_where_one_weight_stands_out() -> None:
    weight = torch.randn(8, GROUP, generator=torch.manual_seed(3)) / 30
    weight[:, 0] = 0.16
    full = (weight.amax(1) - weight.amin(1)) / 15
    rounded = (weight / full[:, None]).round() * full[:, None]
    error = (quantise(weight).weight() - weight).square().mean()
    assert error < 0.97 * (rounded - weight).square().mean()


def test_what_a_file_holds_for_a_layer() -> None:
    matrix = quantise(torch.randn(24, 3 * GROUP, generator=torch.manual_seed(4)).bfloat16())
    tensors = matrix.tensors("model.layers.0.self_attn.q_proj")
    shapes = {name.rpartition(".")[2]: tuple(t.shape) for name, t in tensors.items()}
    assert shapes == {"qweight": (384, 3), "qzeros": (3, 3), "scales": (3, 24)}
    read = AwqMatrix(*(unpack(t) if t.dtype == torch.int32 else t for t in tensors.values()))
    assert torch.equal(read.weight(), matrix.weight())


def test_equal_weights_are_no_division_by_zero() -> None:
    for value in (0.0, 0.5, -0.5):
        found = quantise(torch.full((8, GROUP), value)).weight()
        assert torch.allclose(found, torch.full((8, GROUP), value), atol=1e-3)


def test_a_matrix_without_whole_groups_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple"):
        quantise(torch.zeros(8, GROUP + 1))
