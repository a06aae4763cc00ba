import math

import torch

from graphfuse.nn import TypedAttentionConv
from graphfuse.testing import check_conv

TYPES = [("a", "near", "b"), ("a", "far", "b"), ("b", "near", "b")]


def test_equals_the_formula_node_by_node():
    torch.manual_seed(0)
    conv = TypedAttentionConv({"a": 3, "b": 5}, 4, (["a", "b"], TYPES), heads=2).double()
    torch.nn.init.normal_(conv.bias)
    x = {"a": torch.randn(1, 3, 3).double(), "b": torch.randn(1, 2, 5).double()}
    edges = {
        TYPES[0]: (torch.rand(1, 3, 2) * torch.tensor([[0.0], [1.0], [1.0]])).double(),
        TYPES[1]: torch.rand(1, 3, 2) < 0.6,
        TYPES[2]: torch.ones(1, 2, 2).bool(),
    }
    out = conv(x, edges)["b"][0]
    projected = {m: conv.kvq[f"n_{m}"](x[m])[0].chunk(3, dim=1) for m in "ab"}
    for i in range(2):
        heads = []
        for h in range(2):
            part = slice(2 * h, 2 * h + 2)
            logits, values = [], []
            for s, r, d in TYPES:
                e = conv.edge_types.index((s, r, d))
                for j in range(x[s].shape[1]):
                    weight = float(edges[s, r, d][0, j, i])
                    if weight > 0:
                        dot = projected[s][0][j, part] @ projected["b"][2][i, part]
                        logits.append(dot / math.sqrt(2) + conv.bias[e, h] + math.log(weight))
                        values.append(projected[s][1][j, part])
            share = torch.stack(logits).softmax(0)
            heads.append((share.unsqueeze(1) * torch.stack(values)).sum(0))
        expected = conv.out["n_b"](torch.cat(heads))
        assert torch.allclose(out[i], expected, atol=1e-12)


def test_two_relations_between_the_same_nodes_count_side_by_side():
    conv = TypedAttentionConv({"a": 3, "b": 3}, 4, (["a", "b"], TYPES), heads=1)
    x = {"a": torch.randn(1, 3, 3), "b": torch.randn(1, 2, 3)}
    edges = (torch.rand(1, 3, 2) < 0.7).float()
    doubled = conv(x, {TYPES[0]: edges, TYPES[1]: edges})
    once = conv(x, {TYPES[0]: 2 * edges})
    assert torch.allclose(doubled["b"], once["b"], atol=1e-6)


def test_passes_the_checks_for_convs():
    check_conv(lambda metadata, i, o: TypedAttentionConv(i, o, metadata, heads=2))
