import sys
from pathlib import Path

import pytest
import torch
from torch_geometric.nn import GATv2Conv, HeteroConv

from graphfuse.errors import InputError
from graphfuse.nn import DenseGATv2Conv
from graphfuse.testing import check_conv

sys.path.insert(0, str(Path(__file__).parent))
from oracle import random_batch


@pytest.mark.parametrize("seed", range(20))
def test_equals_pyg_on_random_schemas(seed):
    batch = random_batch(seed, density=[None, 0.0, 1.0][seed % 3])
    heads = [1, 2, 4][seed % 3]
    singles = {
        t: GATv2Conv((batch.channels[t[0]], batch.channels[t[2]]), 3, heads, add_self_loops=False)
        for t in batch.metadata[1]
    }
    theirs = HeteroConv(singles, aggr="sum").double()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.normal_()
    x, index = batch.flat()
    expected = theirs(x, index)
    ours = DenseGATv2Conv.from_pyg(theirs)
    x, mask = ({n: part[n] for n in ours.node_types} for part in (batch.x, batch.mask))
    got = ours(x, batch.edges, mask)
    for name, nodes in expected.items():
        assert torch.allclose(got[name][batch.mask[name]], nodes, atol=1e-10, rtol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "got add_self_loops=True"),
        ({"add_self_loops": False, "concat": False}, "concat=False"),
        ({"add_self_loops": False, "negative_slope": 0.1}, "negative_slope=0.1"),
        ({"add_self_loops": False, "edge_dim": 2}, "edge_dim=2"),
    ],
)
def test_other_convs_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        DenseGATv2Conv.from_pyg(HeteroConv({("a", "r", "a"): GATv2Conv((4, 4), 4, **options)}))


def test_passes_the_checks_for_convs():
    check_conv(lambda metadata, i, o: DenseGATv2Conv(i, o, metadata, heads=2))
