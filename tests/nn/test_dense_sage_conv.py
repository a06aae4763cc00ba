import sys
from pathlib import Path

import pytest
import torch
from torch_geometric.nn import HeteroConv, SAGEConv

from graphfuse.errors import InputError
from graphfuse.nn import DenseSAGEConv
from graphfuse.testing import check_conv

sys.path.insert(0, str(Path(__file__).parent))
from oracle import random_batch


@pytest.mark.parametrize("seed", range(20))
def test_equals_pyg_on_random_schemas(seed):
    batch = random_batch(seed, density=[None, 0.0, 1.0][seed % 3])
    kind = [{}, {"normalize": True}, {"root_weight": False}, {"bias": False}][seed % 4]
    singles = {
        t: SAGEConv((batch.channels[t[0]], batch.channels[t[2]]), 6, **kind)
        for t in batch.metadata[1]
    }
    theirs = HeteroConv(singles, aggr="sum").double()
    x, index = batch.flat()
    expected = theirs(x, index)
    ours = DenseSAGEConv.from_pyg(theirs)
    x, mask = ({n: part[n] for n in ours.node_types} for part in (batch.x, batch.mask))
    got = ours(x, batch.edges, mask)
    for name, nodes in expected.items():
        assert torch.allclose(got[name][batch.mask[name]], nodes, atol=1e-10, rtol=0)


def test_other_convs_are_refused():
    one = HeteroConv({("a", "r", "a"): SAGEConv((4, 4), 4, aggr="max")})
    with pytest.raises(InputError, match="has aggr='mean', but the SAGEConv has 'max'"):
        DenseSAGEConv.from_pyg(one)


def test_passes_the_checks_for_convs():
    check_conv(lambda metadata, i, o: DenseSAGEConv(i, o, metadata))
