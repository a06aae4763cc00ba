import sys
from pathlib import Path

import pytest
import torch
from torch_geometric.nn import RGATConv

from graphfuse.errors import InputError
from graphfuse.nn import DenseRGATConv
from graphfuse.testing import check_conv

sys.path.insert(0, str(Path(__file__).parent))
from oracle import random_batch, together


@pytest.mark.parametrize("seed", range(20))
def test_equals_pyg_on_random_schemas(seed):
    batch = random_batch(seed, density=[None, 0.0, 1.0][seed % 3], width=6)
    relations = len(batch.metadata[1])
    bases = 2 if seed % 4 == 0 else None
    theirs = RGATConv(6, 3, relations, num_bases=bases, heads=[1, 2, 4][seed % 3]).double()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.normal_()
    x, index, kind = together(batch)
    expected = theirs(x, index, kind)
    out = DenseRGATConv.from_pyg(theirs, batch.metadata)(batch.x, batch.edges, batch.mask)
    got = torch.cat([out[n][batch.mask[n]] for n in batch.metadata[0]])
    assert torch.allclose(got, expected, atol=1e-10, rtol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attention_mechanism": "within-relation"}, "the RGATConv has 'within-relation'"),
        ({"attention_mode": "multiplicative-self-attention"}, "has attention_mode='additive"),
        ({"concat": False}, "has concat=True, but the RGATConv has False"),
        ({"negative_slope": 0.1}, "has negative_slope=0.2"),
        ({"mod": "scaled"}, "has mod=None"),
        ({"num_blocks": 2}, "has num_blocks=None"),
        ({"edge_dim": 3}, "has edge_dim=None"),
    ],
)
def test_other_convs_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        DenseRGATConv.from_pyg(RGATConv(4, 4, 1, **options), (["a"], [("a", "r", "a")]))


def test_sizes_are_checked():
    with pytest.raises(InputError, match="has 2 relations, but metadata has 1"):
        DenseRGATConv.from_pyg(RGATConv(4, 4, 2), (["a"], [("a", "r", "a")]))
    with pytest.raises(InputError, match="out_channels must be a multiple of heads"):
        DenseRGATConv(4, 8, (["a"], [("a", "r", "a")]), heads=3)


def test_passes_the_checks_for_convs():
    check_conv(lambda metadata, i, o: DenseRGATConv(i, o, metadata, heads=2))
