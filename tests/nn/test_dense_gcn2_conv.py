import sys
from pathlib import Path

import pytest
import torch
from torch_geometric.nn import GCN2Conv

from graphfuse.errors import InputError
from graphfuse.nn import DenseGCN2Conv
from graphfuse.testing import check_conv

sys.path.insert(0, str(Path(__file__).parent))
from oracle import random_batch, together


@pytest.mark.parametrize("seed", range(20))
def test_equals_pyg_on_random_schemas(seed):
    batch = random_batch(seed, density=[None, 0.0, 1.0][seed % 3], width=8)
    for source, relation, destination in batch.metadata[1]:
        if source == destination:  # PyG takes loops that are there for those that it adds
            edges = batch.edges[source, relation, destination]
            edges &= ~torch.eye(edges.shape[1], dtype=torch.bool)
    theirs = GCN2Conv(8, alpha=0.3, theta=0.7, layer=2).double()
    x, index, _ = together(batch)
    before = torch.randn_like(x)
    expected = theirs(x, before, index)
    initial, start = {}, 0
    for name in batch.metadata[0]:
        count = int(batch.mask[name].sum())
        initial[name] = torch.zeros_like(batch.x[name])
        initial[name][batch.mask[name]] = before[start : start + count]
        start += count
    ours = DenseGCN2Conv.from_pyg(theirs, batch.metadata)
    out = ours(batch.x, batch.edges, batch.mask, initial)
    got = torch.cat([out[n][batch.mask[n]] for n in batch.metadata[0]])
    assert torch.allclose(got, expected, atol=1e-10, rtol=0)


def test_other_convs_are_refused():
    with pytest.raises(InputError, match="needs a GCN2Conv with shared_weights=True, got False"):
        DenseGCN2Conv.from_pyg(
            GCN2Conv(4, 0.1, 0.5, 1, shared_weights=False), (["a"], [("a", "r", "a")])
        )
    with pytest.raises(InputError, match=r"alpha must be in \[0, 1\]"):
        DenseGCN2Conv(4, 4, (["a"], [("a", "r", "a")]), alpha=2)


def test_passes_the_checks_for_convs():
    check_conv(lambda metadata, i, o: DenseGCN2Conv(i, o, metadata))
