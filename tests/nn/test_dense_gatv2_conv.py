import sys
from pathlib import Path

import pytest
import torch
from torch_geometric.nn import GATv2Conv, HeteroConv

from graphfuse.errors import InputError
from graphfuse.nn import DenseGATv2Conv, dense_gatv2_conv
from graphfuse.testing import check_conv

sys.path.insert(0, str(Path(__file__).parent))
from oracle import random_batch

# How scores are formed depends on sizes: a tensor of pairs, distances, or one edge at a time.
WAYS = {"pairs": (2**40, False), "distances": (0, False), "edges": (0, True)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(20))
def test_equals_pyg_on_random_schemas(seed, way, monkeypatch):
    small, few = WAYS[way]
    monkeypatch.setattr(dense_gatv2_conv, "SMALL", small)
    monkeypatch.setattr(dense_gatv2_conv, "_are_few", lambda edges: few)
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


@pytest.mark.parametrize("density", [0.1, 0.6])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_large_batches_equal_their_parts(density, dtype):
    torch.manual_seed(0)
    near = ("a", "near", "a")
    conv = DenseGATv2Conv(4, 16, (["a"], [near]), heads=2).to(dtype)
    x = torch.randn(40, 40, 4, dtype=dtype)
    edges = torch.rand(40, 40, 40) < density
    assert x.shape[1] * edges[0].numel() * 16 > dense_gatv2_conv.SMALL
    assert dense_gatv2_conv._are_few(edges) == (density < dense_gatv2_conv.FEW)
    whole = conv({"a": x}, {near: edges})["a"]
    tolerance = 1e-12 if dtype == torch.float64 else 0.1
    for i in range(5):  # one sample alone has few pairs
        alone = conv({"a": x[i : i + 1, :]}, {near: edges[i : i + 1]})["a"]
        assert torch.allclose(whole[i], alone[0], atol=tolerance)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "has add_self_loops=False"),
        (
            {"add_self_loops": False, "concat": False},
            "has concat=True, but the GATv2Conv has False",
        ),
        ({"add_self_loops": False, "negative_slope": 0.1}, "has negative_slope=0.2"),
        ({"add_self_loops": False, "edge_dim": 2}, "has edge_dim=None, but the GATv2Conv has 2"),
    ],
)
def test_other_convs_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        DenseGATv2Conv.from_pyg(HeteroConv({("a", "r", "a"): GATv2Conv((4, 4), 4, **options)}))


def test_passes_the_checks_for_convs():
    check_conv(lambda metadata, i, o: DenseGATv2Conv(i, o, metadata, heads=2))
