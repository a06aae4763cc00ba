import pytest
import torch
from torch.nn import functional as F
from torch_geometric.nn import GATv2Conv, HeteroConv

from graphfuse.errors import InputError
from graphfuse.nn import DenseGATv2Conv, EdgeAttention, GraphFusion
from graphfuse.nn._typed import HeadedConv, convs, linear_of
from graphfuse.testing._graph import CHANNELS, NODES, SAMPLES, TYPES, random_graph, to_sparse

ATTENDING = [name for name in convs.names() if issubclass(convs.get(name), HeadedConv)]


def made(name):
    torch.manual_seed(0)
    conv = convs.get(name)(dict(CHANNELS), 8, (sorted(NODES), TYPES), 2).double()
    with torch.no_grad():
        for parameter in conv.parameters():
            parameter.normal_()
    return conv


def weighted_graph():
    x, edges, mask = random_graph()
    random = torch.Generator().manual_seed(1)
    return (
        x,
        {t: e * torch.rand(e.shape, generator=random).double() for t, e in edges.items()},
        mask,
    )


def values(conv, edge_type, x):
    """What a node sends along edges of a type, [B, Ns, H, d], by the formula of each conv."""
    source, number = edge_type[0], conv.edge_types.index(edge_type)
    match conv.name:
        case "hgt":
            value = linear_of(conv.kvq, source)(x[source]).unflatten(2, (3, 2, -1))[:, :, 1]
            return torch.einsum("bnhi,hij->bnhj", value, conv.value_relation[number])
        case "typed_attention":
            return linear_of(conv.kvq, source)(x[source]).unflatten(2, (3, 2, -1))[:, :, 1]
        case "gatv2":
            return linear_of(conv.left, *edge_type)(x[source]).unflatten(2, (2, -1))
        case "rgat":
            return linear_of(conv.value, *edge_type)(x[source]).unflatten(2, (2, -1))
        case "transformer":
            return linear_of(conv.key_value, *edge_type)(x[source]).unflatten(2, (2, 2, -1))[
                :, :, 1
            ]
        case "mtgat":
            return linear_of(conv.project, source)(x[source]).unflatten(2, (2, -1))


def finish(conv, name, message, x):
    number = conv.node_types.index(name)
    match conv.name:
        case "hgt":
            update = linear_of(conv.out, name)(F.gelu(message))
            if x.shape[2] != 8:
                return update
            return torch.lerp(x, update, conv.skip[number].sigmoid())
        case "typed_attention":
            return linear_of(conv.out, name)(message)
        case "transformer":
            return linear_of(conv.root, name)(x) + message
        case _:
            return conv.bias[number] + message


@pytest.mark.parametrize("name", ATTENDING)
def test_weights_times_values_are_what_forward_gives(name):
    conv, (x, edges, mask) = made(name), weighted_graph()
    weights = conv.attention_weights(x, edges, mask).weights
    expected = conv(x, edges, mask)
    for t in NODES:
        message = torch.zeros(SAMPLES, NODES[t], 8, dtype=torch.float64)
        for edge_type in (e for e in TYPES if e[2] == t):
            sent = torch.einsum("bhsd,bshv->bdhv", weights[edge_type], values(conv, edge_type, x))
            message = message + sent.flatten(2)
        got = finish(conv, t, message, x[t]) * mask[t].unsqueeze(2)
        assert torch.allclose(got, expected[t], atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", ATTENDING)
def test_padding_other_samples_and_the_order_of_names_play_no_role(name):
    conv, (x, edges, mask) = made(name), weighted_graph()
    weights = conv.attention_weights(x, edges, mask).weights
    dirty = {t: nodes.masked_fill(~mask[t].unsqueeze(2), 1e3) for t, nodes in x.items()}
    everywhere = {
        t: torch.where(mask[t[0]].unsqueeze(2) & mask[t[2]].unsqueeze(1), e, 1.0)
        for t, e in edges.items()
    }
    turned = [dict(reversed(list(part.items()))) for part in (dirty, everywhere, mask)]
    got = conv.attention_weights(*turned).weights
    assert list(got) == list(weights)
    for t in TYPES:
        assert torch.allclose(got[t], weights[t], atol=1e-12)
    for i in range(SAMPLES):
        alone = [{k: v[i : i + 1] for k, v in part.items()} for part in (x, edges, mask)]
        for t, found in conv.attention_weights(*alone).weights.items():
            assert torch.allclose(found[0], weights[t][i], atol=1e-12)


@pytest.mark.parametrize("name", ATTENDING)
def test_listed_edges_get_the_same_weights_one_by_one(name):
    conv, (x, edges, mask) = made(name), weighted_graph()
    dense = conv.attention_weights(x, edges, mask)
    sparse = conv.attention_weights(x, to_sparse(edges), mask)
    for (s, r, d), found in sparse.weights.items():
        assert isinstance(found, EdgeAttention)
        (source, at), n, m = found.index, NODES[s], NODES[d]
        expected = dense.weights[s, r, d][source // n, :, source % n, at % m]
        assert torch.allclose(found.weight, expected, atol=1e-12)
        assert len(source) == ((edges[s, r, d] > 0) & mask[d].unsqueeze(1)).sum()
        mean = sparse.mean_heads()[s, r, d].to_dense(SAMPLES, n, m)
        assert torch.allclose(mean, dense.mean_heads()[s, r, d], atol=1e-12)


def test_equal_those_of_pyg():
    near = ("a", "near", "a")
    single = GATv2Conv(4, 3, 2, add_self_loops=False)
    conv = DenseGATv2Conv.from_pyg(HeteroConv({near: single}, aggr="sum").double())
    x, edges = torch.randn(1, 5, 4).double(), torch.rand(1, 5, 5) < 0.6
    _, (index, expected) = single(
        x[0], edges[0].nonzero().T.contiguous(), return_attention_weights=True
    )
    found = conv.attention_weights({"a": x}, {near: edges}).weights[near]
    assert torch.allclose(found[0][:, index[0], index[1]].T, expected, atol=1e-12)


@pytest.mark.parametrize("conv", ATTENDING)
def test_fusion_returns_the_weights_of_every_layer(conv):
    torch.manual_seed(0)
    fusion = GraphFusion(CHANNELS, 8, (sorted(NODES), TYPES), conv, num_layers=2).double()
    given = weighted_graph()
    seen = []
    for layer in fusion.convs:
        layer.register_forward_pre_hook(lambda module, inputs: seen.append((module, inputs)))
    fusion(*given)
    expected = [module.attention_weights(*inputs).weights for module, inputs in seen[:2]]
    found = fusion.attention_weights(*given)
    assert len(found) == 2
    for one, other in zip(found, expected, strict=True):
        for t in TYPES:
            assert torch.allclose(one.weights[t], other[t], atol=1e-12)


def test_fusion_asks_for_the_edges_of_every_layer():
    torch.manual_seed(0)
    fusion = GraphFusion(CHANNELS, 8, (sorted(NODES), TYPES), "hgt", num_layers=2).double()
    x, edges, mask = weighted_graph()
    asked = []

    def rewire(number, nodes):
        asked.append(number)
        return {t: e * (number == 0) for t, e in edges.items()}

    first, second = fusion.attention_weights(x, {}, mask, rewire)
    assert asked == [0, 1]
    assert torch.equal(
        first.weights[TYPES[0]], fusion.attention_weights(x, edges, mask)[0].weights[TYPES[0]]
    )
    assert not any(weights.any() for weights in second.weights.values())


def test_a_conv_without_attention_says_so():
    fusion = GraphFusion(CHANNELS, 8, (sorted(NODES), TYPES), "sage")
    with pytest.raises(InputError, match="DenseSAGEConv has no attention; convs with attention"):
        fusion.attention_weights(*random_graph())


def test_a_conv_that_does_not_score_its_edges_says_so():
    near = ("a", "near", "a")
    conv = HeadedConv(4, 8, (["a"], [near]))
    with pytest.raises(InputError, match="HeadedConv does not implement score"):
        conv.attention_weights({"a": torch.ones(1, 2, 4)}, {near: torch.ones(1, 2, 2)})
