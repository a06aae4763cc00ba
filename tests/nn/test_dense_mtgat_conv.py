import math

import pytest
import torch
from torch.nn import functional as F
from torch_geometric.nn import GATConv

from graphfuse.data import SparseEdges
from graphfuse.errors import InputError
from graphfuse.nn import DenseMTGATConv
from graphfuse.testing import check_conv
from graphfuse.testing._graph import to_sparse

TYPES = [("a", "past", "b"), ("a", "future", "b"), ("b", "past", "b")]


def made(keep=0.8, heads=2):
    torch.manual_seed(0)
    sizes = {"a": 3, "b": 5}
    conv = DenseMTGATConv(sizes, 4, (["a", "b"], TYPES), heads, keep).double()
    torch.nn.init.normal_(conv.bias)
    return conv


def test_passes_the_checks_for_convs():
    check_conv(lambda metadata, i, o: DenseMTGATConv(i, o, metadata, heads=2))


def test_without_pruning_one_type_is_the_gat_operator():
    torch.manual_seed(0)
    theirs = GATConv(3, 4, heads=2, add_self_loops=False).double()
    torch.nn.init.normal_(theirs.bias)
    ours = DenseMTGATConv(3, 8, (["a"], [("a", "past", "a")]), heads=2, keep=1.0).double()
    with torch.no_grad():
        ours.project["n_a"].weight.copy_(theirs.lin.weight)
        ours.project["n_a"].bias.zero_()
        ours.from_source.copy_(theirs.att_src)
        ours.from_destination.copy_(theirs.att_dst)
        ours.bias.copy_(theirs.bias)
    x = torch.randn(7, 3).double()
    edges = torch.rand(7, 7) < 0.5
    expected = theirs(x, edges.nonzero().T)
    out = ours({"a": x.unsqueeze(0)}, {("a", "past", "a"): edges.unsqueeze(0)})["a"][0]
    assert torch.allclose(out, expected, atol=1e-10, rtol=0)


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.8, 1.0])
def test_equals_the_formula_node_by_node(keep):
    conv = made(keep)
    x = {"a": torch.randn(1, 6, 3).double(), "b": torch.randn(1, 4, 5).double()}
    edges = {
        TYPES[0]: torch.rand(1, 6, 4).double() * (torch.rand(1, 6, 4) < 0.7),
        TYPES[1]: torch.rand(1, 6, 4) < 0.6,
        TYPES[2]: torch.ones(1, 4, 4).bool(),
    }
    out = conv(x, edges)["b"][0]
    mapped = {m: conv.project[f"n_{m}"](x[m])[0].view(-1, 2, 2) for m in "ab"}
    for i in range(4):
        logits, values = [], []
        for s, r, d in TYPES:
            e = conv.edge_types.index((s, r, d))
            for j in range(x[s].shape[1]):
                weight = float(edges[s, r, d][0, j, i])
                if weight > 0:
                    score = (conv.from_source[e] * mapped[s][j]).sum(1)
                    score = score + (conv.from_destination[e] * mapped["b"][i]).sum(1)
                    logits.append(F.leaky_relu(score, 0.2) + math.log(weight))
                    values.append(mapped[s][j])
        share = torch.stack(logits).softmax(0)
        count = math.ceil(round(keep * len(logits), 9))
        kept = share.mean(1).argsort(descending=True)[:count]
        share = share[kept] / share[kept].sum(0)
        message = (share.unsqueeze(2) * torch.stack(values)[kept]).sum(0).flatten()
        assert torch.allclose(out[i], message + conv.bias[1], atol=1e-12)


def test_equal_nodes_are_kept_together():
    conv = made(keep=0.1)
    b = torch.randn(1, 3, 5).double()
    a = torch.randn(1, 1, 3).double().repeat(1, 5, 1)
    edges = torch.ones(1, 5, 3).bool()
    once = conv({"a": a[:, :1], "b": b}, {TYPES[0]: edges[:, :1]})["b"]
    leaf = a.clone().requires_grad_()
    out = conv({"a": leaf, "b": b}, {TYPES[0]: edges})["b"]
    assert torch.allclose(out, once, atol=1e-12)
    out.sum().backward()
    assert (leaf.grad.abs().sum(2) > 0).all()


def test_a_weak_edge_takes_no_part():
    conv = made()
    x = {"a": torch.randn(1, 5, 3).double(), "b": torch.randn(1, 2, 5).double()}
    edges = torch.ones(1, 5, 2).double()
    edges[:, 3] = 1e-6
    bare = edges.clone()
    bare[:, 3] = 0
    with_it = conv(x, {TYPES[0]: edges})["b"]
    moved = conv({**x, "a": x["a"] + (torch.arange(5) == 3).view(1, 5, 1)}, {TYPES[0]: edges})["b"]
    assert torch.equal(with_it, moved)  # 4 of 5 are kept


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_sparse_edges_are_pruned_as_dense_ones(keep, weighted):
    conv = made(keep)
    # Few different nodes, so that strengths tie; one edge type stays dense.
    x = {
        "a": torch.randint(0, 3, (3, 9, 3)).double(),
        "b": torch.randint(0, 3, (3, 7, 5)).double(),
    }
    mask = {m: torch.rand(nodes.shape[:2]) < 0.7 for m, nodes in x.items()}
    sparse, dense = {}, {}
    for s, r, d in TYPES:
        sources, destinations = x[s].shape[1], x[d].shape[1]
        sample, index = torch.randint(3, (60,)), torch.randint(1000, (2, 60))
        rows = [sample * n + i % n for i, n in zip(index, (sources, destinations), strict=True)]
        weight = torch.randint(0, 4, (60,)).double() if weighted else None
        sparse[s, r, d] = SparseEdges(torch.stack(rows), weight)
        dense[s, r, d] = sparse[s, r, d].to_dense(3, sources, destinations)
    mixed = {**sparse, TYPES[0]: dense[TYPES[0]]}
    expected = conv(x, dense, mask)
    for edges in (sparse, mixed):
        out = conv(x, edges, mask)
        for m in "ab":
            assert torch.allclose(out[m], expected[m], atol=1e-12, rtol=0)


def test_sparse_edges_of_samples_too_large_for_dense_ones():
    conv = made()
    nodes = torch.randn(1, 200_000, 5).double()
    x = {"a": torch.randn(1, 1, 3).double(), "b": nodes}
    index = torch.stack([torch.arange(200_000), torch.arange(200_000).roll(1)])
    out = conv(x, {TYPES[2]: SparseEdges(index)})["b"]
    sent = conv.project["n_b"](nodes) + conv.bias[1]
    assert torch.allclose(out[:, index[1]], sent, atol=1e-12)


def test_errors_say_what_is_expected():
    with pytest.raises(InputError, match="multiple of heads"):
        DenseMTGATConv(3, 5, (["a"], []), heads=2)
    with pytest.raises(InputError, match=r"at most 1, got 1\.5"):
        DenseMTGATConv(3, 4, (["a"], []), keep=1.5)


@pytest.mark.parametrize("form", [dict, to_sparse])
def test_nodes_equal_up_to_rounding_are_kept_together(form):
    # As where a product of one row is summed in another order than one of many rows.
    torch.manual_seed(0)
    types = [("a", "near", "b"), ("b", "near", "b")]
    conv = DenseMTGATConv(64, 4, (["a", "b"], types), keep=0.5).double()
    with torch.no_grad():
        conv.project["n_a"].load_state_dict(conv.project["n_b"].state_dict())
        conv.from_source[1] = conv.from_source[0]
        conv.from_destination[1] = conv.from_destination[0]
    b = torch.randn(1, 40, 64).double()
    a = b[:, :1] * (1 + 2**-50)
    edges = {types[0]: torch.ones(1, 1, 40).bool(), types[1]: torch.zeros(1, 40, 40).bool()}
    edges[types[1]][0, 0] = True
    leaves = {"a": a.requires_grad_(), "b": b.requires_grad_()}
    for i in range(40):
        kept = torch.autograd.grad(conv(leaves, form(edges))["b"][0, i].sum(), leaves.values())
        assert kept[0].any()
        assert kept[1][0, 0].any()
