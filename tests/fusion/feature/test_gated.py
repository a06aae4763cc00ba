import numpy as np
import torch

from graphfuse.data import Modality, Schema, Target
from graphfuse.fusion import create_strategy


def array(tensor):
    return tensor.detach().numpy()


def test_two_modalities_are_mixed_by_the_gate_and_its_complement():
    """The equations of the paper, with the difference of our two scores as its one."""
    torch.manual_seed(0)
    schema = Schema([Modality("a", (2,)), Modality("b", (3,))], Target("binary"))
    model = create_strategy("gated", schema, hidden_channels=4).double()
    v = np.random.default_rng(0).normal(size=(2, 4))
    h = [np.tanh(v[m] @ array(model.inner.weight[m]) + array(model.inner.bias[m])) for m in (0, 1)]
    weight, bias = array(model.gate.weight), array(model.gate.bias)
    z = 1 / (1 + np.exp(-((weight[:4] - weight[4:]) @ v.ravel() + bias[:4] - bias[4:])))
    fused = model.fuse(torch.from_numpy(v)[None], torch.ones(1, 2).bool())[0]
    np.testing.assert_allclose(array(fused), z * h[0] + (1 - z) * h[1], atol=1e-12)


def test_gates_of_a_feature_add_up_to_one_over_what_is_present(make, vectors, present):
    model = make("gated")
    model.inner.weight.data.zero_()
    model.inner.bias.data.fill_(0.3)
    fused = model.fuse(vectors, present)
    assert torch.allclose(fused[:3], torch.full_like(fused[:3], 0.3).tanh())
    assert not fused[3].any()


def test_gates_know_that_a_modality_is_missing(make, vectors, present):
    model = make("gated")
    fused = model.fuse(vectors, present)
    model.stand_in.vectors.data[1] += 1  # of b, which the first sample has and the second lacks
    changed = (model.fuse(vectors, present) != fused).any(1)
    assert changed.tolist() == [False, True, False, False]  # the third has b alone: one gate, 1
