import pytest
import torch

from graphfuse.errors import InputError
from graphfuse.fusion.parts import FillMissing, ModalityLinear, check_least, masked_softmax


def test_masked_softmax_is_over_what_the_mask_holds():
    scores = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    mask = torch.tensor([[True, False, True], [False, True, False], [False, False, False]])
    weights = masked_softmax(scores, mask)
    assert torch.allclose(weights[0, [0, 2]], torch.tensor([1.0, 3.0]).softmax(0))
    assert weights[0, 1] == 0
    assert weights[1:].tolist() == [[0, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_masked_softmax_is_finite_with_its_gradient(dtype):
    scores = torch.tensor([[1e30, -1e30, 0.0], [0.0, 0.0, 0.0]], dtype=dtype, requires_grad=True)
    mask = torch.tensor([[False, True, True], [False, False, False]])
    weights = masked_softmax(scores, mask)
    assert weights.tolist() == [[0, 0, 1], [0, 0, 0]]
    (weights[:, 2] * 3).sum().backward()
    assert scores.grad.isfinite().all()


def test_stand_in_fills_what_is_missing_alone():
    fill = FillMissing(2, 3)
    fill.vectors.data = torch.tensor([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]])
    present = torch.tensor([[True, False], [False, True]])
    found = fill(torch.full((2, 2, 3), 7.0), present)
    assert found[:, :, 0].tolist() == [[7, 2], [1, 7]]
    found.sum().backward()
    assert fill.vectors.grad.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_modality_linear_maps_each_by_its_own_weights():
    layer = ModalityLinear(2, 3, 4)
    layer.bias.data.normal_()
    vectors = torch.randn(5, 2, 3)
    for m in range(2):
        expected = vectors[:, m] @ layer.weight[m] + layer.bias[m]
        assert torch.allclose(layer(vectors)[:, m], expected, atol=1e-6)


def test_an_option_below_its_least_value_is_named():
    check_least(1, rank=1)
    with pytest.raises(InputError, match="rank must be at least 1, got rank=0"):
        check_least(1, heads=2, rank=0)
