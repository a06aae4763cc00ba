"""What readouts give, against the same numbers computed by hand."""

import pytest
import torch

from graphfuse.nn import AttentionReadout, ConcatReadout, MeanReadout
from graphfuse.nn.readout import group_nodes

SIZES = {"a": 4, "b": 2}


def given(seed=0):
    random = torch.Generator().manual_seed(seed)
    inputs, nodes = (
        {n: torch.randn(3, size, 5, generator=random, dtype=torch.float64) for n, size in
         SIZES.items()} for _ in range(2)
    )  # fmt: skip
    mask = {
        "a": torch.tensor([[1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]).bool(),
        "b": torch.tensor([[1, 0], [0, 0], [0, 0]]).bool(),
    }
    return inputs, nodes, mask


def read(readout, inputs, nodes, mask):
    return readout.double()(inputs, nodes, group_nodes(nodes, mask)).squeeze(1)


def test_mean_is_over_all_real_nodes_after_the_core():
    inputs, nodes, mask = given()
    out = read(MeanReadout(["a", "b"], 5), inputs, nodes, mask)
    for i in range(3):
        real = torch.cat([nodes[n][i][mask[n][i]] for n in ("a", "b")])
        expected = real.mean(0) if len(real) else torch.zeros(5)
        assert torch.allclose(out[i], expected.to(out.dtype))


def test_attention_weights_nodes_by_a_softmax_of_score_and_type():
    inputs, nodes, mask = given()
    readout = AttentionReadout(["a", "b"], 5)
    with torch.no_grad():
        readout.type_bias.copy_(torch.tensor([0.5, -1.5]))
    out = read(readout, inputs, nodes, mask)
    for i in range(2):
        real = torch.cat([nodes[n][i][mask[n][i]] for n in ("a", "b")])
        kind = torch.cat([torch.full((int(mask[n][i].sum()),), k) for k, n in enumerate("ab")])
        hidden = torch.tanh(real @ readout.hidden.weight.T + readout.hidden.bias)
        score = hidden @ readout.score.weight[0] + readout.type_bias[kind]
        assert torch.allclose(out[i], score.softmax(0) @ real)
    assert not out[2].any()


def test_concat_puts_before_and_after_side_by_side_and_a_learned_vector_for_nothing():
    inputs, nodes, mask = given()
    readout = ConcatReadout(["a", "b"], 5)
    with torch.no_grad():
        readout.absent.normal_()
    out = read(readout, inputs, nodes, mask).view(3, 2, 2, 5)
    for k, n in enumerate("ab"):
        for i in range(3):
            real = mask[n][i]
            if real.any():
                assert torch.allclose(out[i, k, 0], inputs[n][i][real].mean(0))
                assert torch.allclose(out[i, k, 1], nodes[n][i][real].mean(0))
            else:
                assert torch.equal(out[i, k].flatten(), out[2, k].flatten())
    missing = out[2].flatten().sort().values
    assert torch.equal(missing, readout.absent.flatten().sort().values)


@pytest.mark.parametrize("readout", [MeanReadout, AttentionReadout, ConcatReadout])
def test_a_unit_without_nodes_is_still_read_out(readout):
    inputs, nodes, mask = given()
    unit = {n: torch.zeros_like(rows, dtype=torch.long) for n, rows in mask.items()}
    made = readout(["a", "b"], 5).double()
    out = made(inputs, nodes, group_nodes(nodes, mask, unit, num_units=3))
    assert out.shape == (3, 3, made.out_channels)
    assert out.isfinite().all()
    whole = made(inputs, nodes, group_nodes(nodes, mask))
    assert torch.allclose(out[:, :1], whole)
