import sys
from pathlib import Path

import pytest
import torch
from torch_geometric.nn import FAConv
from torch_geometric.utils import degree

from graphfuse.nn import M3NetConv
from graphfuse.testing import check_conv

sys.path.insert(0, str(Path(__file__).parent))
from oracle import random_batch, spread, together


@pytest.mark.parametrize("seed", range(20))
def test_equals_hyperedges_of_three_kinds_and_the_signed_edges_of_pyg(seed):
    batch = random_batch(seed, density=[None, 0.0, 1.0][seed % 3], width=6)
    conv = M3NetConv(6, 6, batch.metadata).double()
    theta, high = torch.nn.Linear(6, 6).double(), FAConv(6, eps=0, normalize=False).double()
    with torch.no_grad():
        for own, value in zip(conv.theta.values(), conv.value.values(), strict=True):
            own.weight.copy_(theta.weight)
            value.weight.copy_(torch.eye(6))
        for key, query in zip(conv.key.values(), conv.query.values(), strict=True):
            key.weight.copy_(high.att_l.weight)
            query.weight.copy_(high.att_r.weight)
            query.bias.zero_()
        conv.bias.copy_(theta.bias)
        conv.log_weight.normal_()
        conv.log_weight_of_type.normal_()
        conv.log_weight_of_sample.normal_()
    x, index, kind = together(batch)
    names, count = batch.metadata[0], len(x)

    sample = torch.cat([batch.mask[n].nonzero()[:, 0] for n in names])
    part = torch.cat([torch.full((int(batch.mask[n].sum()),), i) for i, n in enumerate(names)])
    group = sample * len(names) + part
    star = kind * count + index[1]
    node = torch.cat([index[0], star.unique() % count, torch.arange(count), torch.arange(count)])
    ahead = len(batch.metadata[1]) * count
    edge = torch.cat([star, star.unique(), ahead + group, ahead + 5 * len(names) + sample])
    of_star = dict(zip(conv.edge_types, conv.log_weight, strict=True))
    of_part = dict(zip(conv.node_types, conv.log_weight_of_type, strict=True))
    log_weight = [of_star[t].expand(count) for t in batch.metadata[1]]
    log_weight += [torch.stack([of_part[n] for n in names] * 5)]  # 5 samples
    log_weight += [conv.log_weight_of_sample.expand(5)]
    smooth = theta(spread(x, torch.stack([node, edge]), torch.cat(log_weight).exp()))

    leaving, arriving = (degree(ends, count, torch.float64) for ends in index)
    norm = (leaving[index[0]] * arriving[index[1]]).rsqrt()
    signed = high(x, torch.zeros_like(x), index, norm)

    out = conv(batch.x, batch.edges, batch.mask)
    got = torch.cat([out[n][batch.mask[n]] for n in names])
    assert torch.allclose(got, smooth + signed, atol=1e-10, rtol=0)


def test_passes_the_checks_for_convs():
    check_conv(lambda metadata, i, o: M3NetConv(i, o, metadata))
