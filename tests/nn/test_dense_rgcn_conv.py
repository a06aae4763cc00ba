import sys
from pathlib import Path

import pytest
import torch
from torch_geometric.nn import RGCNConv

from graphfuse.data import SparseEdges
from graphfuse.errors import InputError
from graphfuse.nn import DenseRGCNConv
from graphfuse.testing import check_conv

sys.path.insert(0, str(Path(__file__).parent))
from oracle import random_batch, together


@pytest.mark.parametrize("seed", range(20))
def test_equals_pyg_on_random_schemas(seed):
    batch = random_batch(seed, density=[None, 0.0, 1.0][seed % 3], width=8)
    kind = [{}, {"num_bases": 2}, {"num_blocks": 4}, {"root_weight": False, "bias": False}][
        seed % 4
    ]
    theirs = RGCNConv(8, 12, len(batch.metadata[1]), **kind).double()
    x, index, relation = together(batch)
    expected = theirs(x, index, relation)
    ours = DenseRGCNConv.from_pyg(theirs, batch.metadata)(batch.x, batch.edges, batch.mask)
    got = torch.cat([ours[n][batch.mask[n]] for n in batch.metadata[0]])
    assert torch.allclose(got, expected, atol=1e-10, rtol=0)


def test_weights_make_a_weighted_mean():
    conv = DenseRGCNConv(2, 3, (["a", "b"], [("a", "to", "b")])).double()
    x = {"a": torch.randn(1, 2, 2).double(), "b": torch.zeros(1, 1, 2).double()}
    edges = torch.tensor([[[3.0], [1.0]]]).double()
    mean = 0.75 * x["a"][0, 0] + 0.25 * x["a"][0, 1]
    root = conv.root["n_b"].bias
    (relation,) = conv.relation.values()
    out = conv(x, {("a", "to", "b"): edges})["b"][0, 0]
    assert torch.allclose(out, root + relation.weight @ mean)
    sparse = SparseEdges(torch.tensor([[0, 1], [0, 0]]), torch.tensor([3.0, 1.0]).double())
    assert torch.allclose(conv(x, {("a", "to", "b"): sparse})["b"][0, 0], out)


def test_other_convs_are_refused():
    with pytest.raises(InputError, match="2 relations, but metadata has 1 edge types"):
        DenseRGCNConv.from_pyg(RGCNConv(4, 4, 2), (["a"], [("a", "r", "a")]))
    with pytest.raises(InputError, match="has aggr='mean', but the RGCNConv has 'sum'"):
        DenseRGCNConv.from_pyg(RGCNConv(4, 4, 1, aggr="sum"), (["a"], [("a", "r", "a")]))


def test_passes_the_checks_for_convs():
    check_conv(lambda metadata, i, o: DenseRGCNConv(i, o, metadata))
