import sys
from pathlib import Path

import pytest
import torch
from torch_geometric.nn import HypergraphConv

from graphfuse.data import SparseEdges
from graphfuse.errors import InputError
from graphfuse.nn import DenseHypergraphConv, M3NetConv
from graphfuse.testing import check_conv

sys.path.insert(0, str(Path(__file__).parent))
from oracle import random_batch, spread, together


def stars(index, kind, relations, nodes):
    """Node and hyperedge of each membership, and the edge type of each hyperedge."""
    star = kind * nodes + index[1]
    members = torch.stack([index[0], star])
    own = torch.stack([star.unique() % nodes, star.unique()])
    return torch.cat([members, own], dim=1), torch.arange(relations).repeat_interleave(nodes)


@pytest.mark.parametrize("seed", range(20))
def test_equals_pyg_on_random_schemas(seed):
    batch = random_batch(seed, density=[None, 0.0, 1.0][seed % 3], width=6)
    theirs = HypergraphConv(6, 4, bias=seed % 2 == 0).double()
    x, index, kind = together(batch)
    members, relation = stars(index, kind, len(batch.metadata[1]), len(x))
    expected = theirs(x, members, num_edges=len(relation))
    out = DenseHypergraphConv.from_pyg(theirs, batch.metadata)(batch.x, batch.edges, batch.mask)
    got = torch.cat([out[n][batch.mask[n]] for n in batch.metadata[0]])
    assert torch.allclose(got, expected, atol=1e-10, rtol=0)


@pytest.mark.parametrize("seed", range(5))
def test_hyperedges_weigh_by_edge_type(seed):
    batch = random_batch(seed, width=6)
    conv = DenseHypergraphConv(6, 6, batch.metadata).double()
    with torch.no_grad():
        conv.log_weight.normal_()
        for theta in conv.theta.values():
            theta.weight.copy_(torch.eye(6))
    x, index, kind = together(batch)
    of_type = dict(zip(conv.edge_types, conv.log_weight.exp(), strict=True))
    weight = torch.stack([of_type[t] for t in batch.metadata[1]])
    members, relation = stars(index, kind, len(weight), len(x))
    out = conv(batch.x, batch.edges, batch.mask)
    got = torch.cat([out[n][batch.mask[n]] for n in batch.metadata[0]])
    assert torch.allclose(got, spread(x, members, weight[relation]), atol=1e-10, rtol=0)


def test_neighbours_of_a_node_hear_of_each_other_by_the_weights_of_their_edges():
    near = ("a", "near", "a")
    conv = DenseHypergraphConv(1, 1, (["a"], [near])).double()
    with torch.no_grad():
        conv.theta["n_a"].weight.fill_(1)
        conv.bias.fill_(0.5)
    x = torch.tensor([[[3.0], [5.0], [7.0], [9.0]]]).double()
    edges = torch.zeros(1, 4, 4).double()
    edges[0, 0, 2], edges[0, 1, 2] = 1, 2  # one hyperedge: 0 by 1, 1 by 2, 2 itself by 1
    mean = (3 + 2 * 5 + 7) / 4
    expected = torch.tensor([mean, mean, mean, 0]).double() + 0.5
    assert torch.allclose(conv({"a": x}, {near: edges})["a"].flatten(), expected)


@pytest.mark.parametrize("make", [DenseHypergraphConv, M3NetConv])
def test_sparse_edges_at_padded_nodes_take_no_part(make):
    near = ("a", "near", "a")
    conv = make(2, 2, (["a"], [near]))
    x, mask = {"a": torch.randn(1, 3, 2)}, {"a": torch.tensor([[True, True, False]])}
    inside = SparseEdges(torch.tensor([[0], [1]]))
    beyond = SparseEdges(torch.tensor([[0, 0, 2], [1, 2, 1]]))
    expected = conv(x, {near: inside}, mask)["a"]
    assert torch.equal(conv(x, {near: beyond}, mask)["a"], expected)


def test_attention_is_refused():
    theirs = HypergraphConv(4, 4, use_attention=True)
    with pytest.raises(InputError, match="has use_attention=False"):
        DenseHypergraphConv.from_pyg(theirs, (["a"], [("a", "r", "a")]))


def test_passes_the_checks_for_convs():
    check_conv(lambda metadata, i, o: DenseHypergraphConv(i, o, metadata))
