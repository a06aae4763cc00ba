import sys
from pathlib import Path

import pytest
import torch
from torch_geometric.nn import HeteroConv, TransformerConv

from graphfuse.errors import InputError
from graphfuse.nn import DenseTransformerConv
from graphfuse.testing import check_conv

sys.path.insert(0, str(Path(__file__).parent))
from oracle import random_batch


@pytest.mark.parametrize("seed", range(20))
def test_equals_pyg_on_random_schemas(seed):
    batch = random_batch(seed, density=[None, 0.0, 1.0][seed % 3])
    heads = [1, 2, 4][seed % 3]
    singles = {
        t: TransformerConv(
            (batch.channels[t[0]], batch.channels[t[2]]), 3, heads, bias=seed % 2 == 0
        )
        for t in batch.metadata[1]
    }
    theirs = HeteroConv(singles, aggr="sum").double()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.normal_()
    x, index = batch.flat()
    expected = theirs(x, index)
    ours = DenseTransformerConv.from_pyg(theirs)
    x, mask = ({n: part[n] for n in ours.node_types} for part in (batch.x, batch.mask))
    got = ours(x, batch.edges, mask)
    for name, nodes in expected.items():
        assert torch.allclose(got[name][batch.mask[name]], nodes, atol=1e-10, rtol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"concat": False}, "has concat=True"),
        ({"root_weight": False}, "has root_weight=True"),
        ({"beta": True}, "has beta=False"),
        ({"edge_dim": 2}, "has edge_dim=None"),
    ],
)
def test_other_convs_are_refused(options, message):
    single = TransformerConv((4, 4), 4, **options)
    with pytest.raises(InputError, match=message):
        DenseTransformerConv.from_pyg(HeteroConv({("a", "r", "a"): single}))


def test_heads_divide_the_channels():
    with pytest.raises(InputError, match="out_channels must be a multiple of heads"):
        DenseTransformerConv(4, 8, (["a"], [("a", "r", "a")]), heads=3)


def test_passes_the_checks_for_convs():
    check_conv(lambda metadata, i, o: DenseTransformerConv(i, o, metadata, heads=2))
