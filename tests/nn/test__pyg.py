"""What PyTorch Geometric's convs can be made of is taken over as it is, or refused."""

import pytest
import torch
from torch_geometric.nn import (
    FastRGCNConv,
    GATConv,
    GATv2Conv,
    GCN2Conv,
    HeteroConv,
    HGTConv,
    HypergraphConv,
    RGATConv,
    RGCNConv,
    SAGEConv,
    TransformerConv,
)

from graphfuse.errors import InputError
from graphfuse.nn import (
    DenseGATv2Conv,
    DenseGCN2Conv,
    DenseHGTConv,
    DenseHypergraphConv,
    DenseRGATConv,
    DenseRGCNConv,
    DenseSAGEConv,
    DenseTransformerConv,
)

METADATA = (["a", "b"], [("a", "to", "b"), ("b", "to", "a")])
BACKWARDS = {"flow": "target_to_source"}


def gatv2(size, out, **options):
    return GATv2Conv(size, out, add_self_loops=False, **options)


def hetero(make, *options, aggr="sum"):
    options = options if len(options) == 2 else 2 * options
    made = [make((4, 4), 6 // o.pop("share", 1), **o) for o in map(dict, options)]
    return HeteroConv(dict(zip(METADATA[1], made, strict=True)), aggr=aggr)


def graph():
    torch.manual_seed(0)
    x = {"a": torch.randn(1, 5, 4), "b": torch.randn(1, 3, 4)}
    edges = {
        (s, r, d): torch.rand(1, x[s].shape[1], x[d].shape[1]) < 0.6 for s, r, d in METADATA[1]
    }
    flat = {n: nodes[0] for n, nodes in x.items()}
    return x, edges, flat, {t: e[0].nonzero().T for t, e in edges.items()}


@pytest.mark.parametrize(
    ("dense", "conv"),
    [
        (DenseGATv2Conv, hetero(gatv2, {"bias": False})),
        (DenseGATv2Conv, hetero(gatv2, {"bias": False}, {})),
        (DenseGATv2Conv, hetero(gatv2, {"share_weights": True})),
        (DenseGATv2Conv, hetero(gatv2, {"share_weights": True, "bias": False, "heads": 2})),
        (DenseSAGEConv, hetero(SAGEConv, {"bias": False}, {"root_weight": False})),
        (DenseTransformerConv, hetero(TransformerConv, {"bias": False, "heads": 3}, {"heads": 3})),
    ],
)
def test_unusual_convs_are_taken_over(dense, conv):
    x, edges, flat, index = graph()
    with torch.no_grad():
        for parameter in conv.parameters():
            parameter.normal_()
    expected = conv(flat, index)
    got = dense.from_pyg(conv)(x, edges)
    for name in "ab":
        assert torch.allclose(got[name][0], expected[name], atol=1e-5)


@pytest.mark.parametrize(
    ("dense", "make"),
    [
        (DenseGATv2Conv, lambda: hetero(lambda _, o: gatv2((-1, -1), o), {})),
        (DenseSAGEConv, lambda: hetero(lambda _, o: SAGEConv((-1, -1), o), {})),
        (DenseSAGEConv, lambda: hetero(lambda _, o: SAGEConv(-1, o), {})),
        (DenseTransformerConv, lambda: hetero(lambda _, o: TransformerConv((-1, -1), o), {})),
        (DenseHGTConv, lambda: HGTConv(-1, 6, METADATA)),
    ],
)
def test_lazy_convs_are_taken_over_once_they_ran(dense, make):
    x, edges, flat, index = graph()
    conv = make()
    with pytest.raises(InputError, match="has lazy sizes; run it once on data before converting"):
        dense.from_pyg(conv)
    expected = conv(flat, index)
    got = dense.from_pyg(conv)(x, edges)
    for name in "ab":
        assert torch.allclose(got[name][0], expected[name], atol=1e-5)


def test_a_lazy_hypergraph_conv_is_taken_over_once_it_ran():
    conv = HypergraphConv(-1, 6)
    with pytest.raises(InputError, match="the HypergraphConv has lazy sizes"):
        DenseHypergraphConv.from_pyg(conv, METADATA)
    conv(torch.randn(5, 4), torch.tensor([[0, 1], [0, 0]]))
    assert DenseHypergraphConv.from_pyg(conv, METADATA).in_channels == {"a": 4, "b": 4}


@pytest.mark.parametrize(
    ("dense", "conv", "message"),
    [
        (
            DenseGATv2Conv,
            hetero(gatv2, {"aggr": "max"}),
            "has aggr='sum', but the GATv2Conv has 'max'",
        ),
        (
            DenseGATv2Conv,
            hetero(gatv2, BACKWARDS),
            "has flow='source_to_target', but the GATv2Conv has",
        ),
        (DenseGATv2Conv, hetero(gatv2, {"residual": True}), "has residual=False"),
        (DenseGATv2Conv, hetero(gatv2, {}, aggr="mean"), "but the HeteroConv has aggr='mean'"),
        (
            DenseGATv2Conv,
            hetero(gatv2, {"heads": 2, "share": 2}, {"heads": 3, "share": 3}),
            r"has the same heads for all edge types, but the HeteroConv has .*: 2, .*: 3",
        ),
        (DenseGATv2Conv, hetero(SAGEConv, {}), "takes the weights of GATv2Conv, got SAGEConv"),
        (DenseGATv2Conv, gatv2(4, 4), "of a HeteroConv of GATv2Conv, got GATv2Conv"),
        (DenseSAGEConv, hetero(SAGEConv, {"normalize": True}, {}), "has the same normalize"),
        (DenseSAGEConv, hetero(SAGEConv, BACKWARDS), "has flow='source_to_target'"),
        (DenseSAGEConv, hetero(SAGEConv, {"project": True}), "has project=False"),
        (
            DenseTransformerConv,
            hetero(TransformerConv, {"heads": 2, "share": 2}, {"heads": 3, "share": 3}),
            "has the same heads",
        ),
        (DenseTransformerConv, hetero(TransformerConv, {"aggr": "mean"}), "has aggr='sum'"),
        (DenseHGTConv, HGTConv(4, 4, METADATA, **BACKWARDS), "has flow='source_to_target'"),
        (DenseHGTConv, GATConv(4, 4), "takes the weights of HGTConv, got GATConv"),
    ],
)
def test_what_a_dense_conv_does_not_compute_is_refused(dense, conv, message):
    with pytest.raises(InputError, match=message):
        dense.from_pyg(conv)


@pytest.mark.parametrize(
    ("dense", "conv", "message"),
    [
        (DenseRGCNConv, RGCNConv(4, 4, 2, **BACKWARDS), "has flow='source_to_target'"),
        (DenseRGCNConv, RGCNConv((4, 5), 4, 2), r"one number of in_channels, got \(4, 5\)"),
        (DenseRGATConv, RGATConv(4, 4, 2, **BACKWARDS), "has flow='source_to_target'"),
        (
            DenseRGATConv,
            RGATConv(4, 4, 2, aggr="mean"),
            "has aggr='sum', but the RGATConv has 'mean'",
        ),
        (DenseRGATConv, RGCNConv(4, 4, 2), "takes the weights of RGATConv, got RGCNConv"),
        (DenseGCN2Conv, GCN2Conv(4, 0.1, aggr="max"), "has aggr='sum', but the GCN2Conv has 'max'"),
        (DenseGCN2Conv, GCN2Conv(4, 0.1, normalize=False), "has normalize=True"),
        (DenseHypergraphConv, RGCNConv(4, 4, 2), "takes the weights of HypergraphConv"),
    ],
)
def test_what_a_conv_of_relations_does_not_compute_is_refused(dense, conv, message):
    with pytest.raises(InputError, match=message):
        dense.from_pyg(conv, METADATA)


def test_a_conv_of_a_subclass_is_taken_over():
    assert DenseRGCNConv.from_pyg(FastRGCNConv(4, 6, 2), METADATA).out_channels == 6
