import numpy as np
import torch


def array(tensor):
    return tensor.detach().numpy()


def test_each_is_scaled_and_shifted_by_the_mean_of_the_others(make, vectors, present):
    model = make("film")
    fused = array(model.fuse(vectors, present))
    weight, bias = array(model.modulate.weight), array(model.modulate.bias)
    for row in range(4):
        known = np.flatnonzero(array(present[row]))
        v = array(vectors[row])
        total = np.zeros(v.shape[1])
        for m in known:
            others = [v[k] for k in known if k != m]
            scale = shift = np.zeros(v.shape[1])
            if others:
                scale, shift = np.split(np.mean(others, 0) @ weight[m] + bias[m], 2)
            total += (1 + scale) * v[m] + shift
        np.testing.assert_allclose(fused[row], total, atol=1e-12)


def test_a_modality_alone_is_left_as_it_is(make, vectors, present):
    fused = make("film").fuse(vectors, present)
    assert torch.equal(fused[2], vectors[2, 1])
    assert not fused[3].any()
