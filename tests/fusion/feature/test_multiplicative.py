import numpy as np
import torch

from graphfuse.fusion.feature.multiplicative import Interaction


def array(tensor):
    return tensor.detach().numpy()


def interaction(layer, x, z):
    both, each = array(layer.both.weight), array(layer.each.weight)
    width = len(x)
    return (
        np.einsum("oij,i,j->o", both, x, z)
        + each[:, :width] @ x
        + each[:, width:] @ z
        + array(layer.each.bias)
    )


def test_layer_is_the_papers_formula():
    torch.manual_seed(0)
    layer = Interaction(5).double()
    x, z = np.random.default_rng(0).normal(size=(2, 7, 5))
    found = array(layer(torch.from_numpy(x), torch.from_numpy(z)))
    for row in range(7):
        np.testing.assert_allclose(found[row], interaction(layer, x[row], z[row]), atol=1e-12)


def test_starts_at_the_scale_of_its_inputs():
    torch.manual_seed(0)
    x, z = torch.randn(2, 4000, 64)
    assert 0.9 < float(Interaction(64).both(x, z).detach().std()) < 1.1


def test_modalities_are_chained_by_name_with_stand_ins(make, vectors, present):
    model = make("multiplicative")
    fused = array(model.fuse(vectors, present))
    for row in range(4):
        a, b, c = (
            array(vectors[row, m]) if present[row, m] else array(model.stand_in.vectors[m])
            for m in range(3)
        )
        chain = a
        for step, norm, vector in zip(model.steps, model.norms, (b, c), strict=True):
            raw = interaction(step, chain, vector)
            chain = (raw - raw.mean()) / np.sqrt(raw.var() + norm.eps)
            chain = chain * array(norm.weight) + array(norm.bias)
        np.testing.assert_allclose(fused[row], chain, atol=1e-12)
