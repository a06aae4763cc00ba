"""bilinear, tensor and low_rank_tensor: products of features of several modalities."""

from itertools import combinations

import numpy as np
import pytest
import torch

from graphfuse.data import Modality, Schema, Target
from graphfuse.errors import InputError
from graphfuse.fusion import create_strategy
from graphfuse.fusion.feature.tensor import LIMIT, default_size


def array(tensor):
    return tensor.detach().numpy()


def filled(model, vectors, present, row):
    stand_ins = array(model.stand_in.vectors)
    return np.where(array(present[row])[:, None], array(vectors[row]), stand_ins)


def schema_of(count):
    return Schema([Modality(f"m{i:02}", (3,)) for i in range(count)], Target("multiclass", 3))


def test_bilinear_sums_mutans_products_over_pairs(make, vectors, present):
    model = make("bilinear", rank=3)
    fused = array(model.fuse(vectors, present))
    first, bias = array(model.reduce.weight), array(model.reduce.bias)
    core = array(model.core.weight).reshape(3, 6, 3, 6)  # modality, in, rank, out
    shift = array(model.core.bias).reshape(3, 3, 6)
    for row in range(4):
        v = filled(model, vectors, present, row)
        t = [np.tanh(v[m] @ first[m] + bias[m]) for m in range(3)]
        u = [np.einsum("i,iro->ro", t[m], core[m]) + shift[m] for m in range(3)]
        expected = sum((u[m] * u[k]).sum(0) for m, k in combinations(range(3), 2))
        np.testing.assert_allclose(fused[row], expected, atol=1e-11)


def test_tensor_is_the_outer_product_with_ones(make, vectors, present):
    model = make("tensor", reduced_channels=2)
    seen = []
    model.project.register_forward_hook(lambda _, inputs, __: seen.append(array(inputs[0])))
    model.fuse(vectors, present)
    weight, bias = array(model.reduce.weight), array(model.reduce.bias)
    for row in range(4):
        v = filled(model, vectors, present, row)
        a, b, c = (np.append(1, np.tanh(v[m] @ weight[m] + bias[m])) for m in range(3))
        np.testing.assert_allclose(
            seen[0][row].reshape(3, 3, 3), np.einsum("i,j,k->ijk", a, b, c), atol=1e-12
        )


def test_low_rank_tensor_is_a_linear_map_of_the_whole_product(make, vectors, present):
    """The tensor of weights put together from its factors, applied to the full outer product."""
    model = make("low_rank_tensor", rank=3)
    fused = array(model.fuse(vectors, present))
    weight = array(model.factors.weight).reshape(3, 6, 3, 6)
    bias = array(model.factors.bias).reshape(3, 1, 3, 6)
    factors = np.concatenate([weight, bias], axis=1)  # modality, features and one, rank, out
    whole = np.einsum("iro,jro,kro->ijko", *factors)
    for row in range(4):
        a, b, c = (np.append(v, 1) for v in filled(model, vectors, present, row))
        expected = np.einsum("i,j,k,ijko->o", a, b, c, whole)
        np.testing.assert_allclose(fused[row], expected, atol=1e-10)


def test_too_large_a_product_says_how_large_and_what_to_lower():
    message = (
        "the outer product of 4 modalities with reduced_channels=20 has 194,481 numbers per "
        "sample; the limit is 65,536. Lower reduced_channels"
    )
    with pytest.raises(InputError, match=message):
        create_strategy("tensor", schema_of(4), reduced_channels=20)
    create_strategy("tensor", schema_of(4), reduced_channels=15)  # 16 to the 4th: just fits
    with pytest.raises(InputError, match=r"17 modalities .* use low_rank_tensor"):
        create_strategy("tensor", schema_of(17))
    create_strategy("low_rank_tensor", schema_of(17))


@pytest.mark.parametrize(("count", "size"), [(2, 16), (3, 15), (4, 7), (6, 3), (12, 1), (16, 1)])
def test_default_size_shrinks_with_the_number_of_modalities(count, size):
    assert default_size(count) == size
    assert (1 + size) ** count <= LIMIT
    assert create_strategy("tensor", schema_of(count)).reduce.bias.shape == (count, size)


@pytest.mark.parametrize(
    ("name", "option"),
    [("bilinear", "rank"), ("low_rank_tensor", "rank"), ("tensor", "reduced_channels")],
)
def test_sizes_below_one_are_errors(name, option):
    with pytest.raises(InputError, match=f"{option} must be at least 1, got {option}=0"):
        create_strategy(name, schema_of(2), **{option: 0})


@pytest.mark.parametrize(
    ("name", "count"), [("low_rank_tensor", 30), ("bilinear", 30), ("tensor", 12)]
)
def test_products_of_many_modalities_stay_finite(name, count):
    torch.manual_seed(0)
    model = create_strategy(name, schema_of(count))
    vectors = 10 * torch.randn(50, count, 64)
    fused = model.fuse(vectors, torch.ones(50, count).bool())
    fused.sum().backward()
    assert fused.isfinite().all()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)
