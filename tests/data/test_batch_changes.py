import numpy as np
import pytest
import torch

from graphfuse.data import FusionDataset, SparseEdges
from graphfuse.data.batch_changes import drop_edges, drop_nodes, mix

SEEDS = [[5, 0, sample] for sample in range(6)]
EDGE = ("a", "to", "b")


def ragged(n=6):
    rng = np.random.default_rng(0)
    x = {
        m: [rng.normal(size=(int(rng.integers(1, 9)), f)) for _ in range(n)]
        for m, f in (("a", 2), ("b", 3))
    }
    x["b"][1] = None
    edges = [
        np.argwhere(np.ones((len(a), 0 if b is None else len(b)))).T
        for a, b in zip(x["a"], x["b"], strict=True)
    ]
    return FusionDataset.from_arrays(x, [0, 1] * (n // 2)), edges


def with_edges(data, edges, rows):
    batch = data.batch(rows)
    dense = torch.zeros(len(rows), batch.mask["a"].shape[1], batch.mask["b"].shape[1]).bool()
    for place, row in enumerate(rows):
        dense[place, edges[row][0], edges[row][1]] = True
    batch.edges[EDGE] = dense
    return batch


def test_what_is_dropped_depends_on_the_sample_not_on_the_rest_of_its_batch():
    data, edges = ragged()
    whole = with_edges(data, edges, range(6))
    alone = [with_edges(data, edges, [row]) for row in range(6)]
    nodes, links = drop_nodes(whole, 0.5, SEEDS), drop_edges(whole, 0.5, SEEDS)
    for row, single in enumerate(alone):
        own = drop_nodes(single, 0.5, SEEDS[row : row + 1])
        width = own.mask["a"].shape[1]
        assert torch.equal(nodes.mask["a"][row, :width], own.mask["a"][0])
        assert not nodes.mask["a"][row, width:].any()
        left = drop_edges(single, 0.5, SEEDS[row : row + 1]).edges[EDGE][0]
        assert torch.equal(links.edges[EDGE][row, : left.shape[0], : left.shape[1]], left)
    assert 0 < links.edges[EDGE].sum() < whole.edges[EDGE].sum()
    assert torch.equal(whole.mask["a"], data.batch(range(6)).mask["a"])  # nothing is done in place


def test_a_node_of_each_modality_is_left_and_what_is_dropped_is_zero():
    data, _ = ragged()
    batch = data.batch(range(6))
    made = drop_nodes(batch, 0.95, SEEDS)
    for m in ("a", "b"):
        assert torch.equal(made.mask[m].any(1), batch.mask[m].any(1))
        assert not (made.mask[m] & ~batch.mask[m]).any()
        assert not made.x[m][~made.mask[m]].any()
        assert torch.equal(made.x[m][made.mask[m]], batch.x[m][made.mask[m]])


def test_nodes_go_at_the_rate_and_index_pairs_as_dense_edges():
    n = 40
    data = FusionDataset.from_arrays({"a": np.ones((n, 50, 1))})
    seeds = [[0, 0, row] for row in range(n)]
    made = drop_nodes(data.batch(range(n)), 0.3, seeds)
    assert float(made.mask["a"].double().mean()) == pytest.approx(0.7, abs=0.04)
    data, edges = ragged()
    batch = with_edges(data, edges, range(6))
    dense = drop_edges(batch, 0.4, SEEDS).edges[EDGE]
    sample, source, destination = batch.edges[EDGE].nonzero(as_tuple=True)
    widths = batch.mask["a"].shape[1], batch.mask["b"].shape[1]
    index = torch.stack([sample * widths[0] + source, sample * widths[1] + destination])
    weight = torch.arange(1, len(sample) + 1).double()
    batch.edges[EDGE] = SparseEdges(index, weight)
    pairs = drop_edges(batch, 0.4, SEEDS).edges[EDGE]
    assert torch.equal(pairs.to_dense(6, *widths) > 0, dense)


def test_mixing_mixes_the_mean_of_the_nodes_whatever_their_number_and_order():
    data, _ = ragged()
    batch = data.batch(range(6))
    order = torch.tensor([2, 0, 1, 5, 3, 4])
    made, mixed = mix(batch, order, 0.3)

    def means(b, m):
        return b.x[m].sum(1) / b.mask[m].sum(1, keepdim=True).clamp(min=1)

    wanted = 0.7 * means(batch, "a") + 0.3 * means(batch, "a")[order]
    torch.testing.assert_close(means(made, "a"), wanted)
    assert mixed["a"].all()
    assert mixed["b"].tolist() == [True, False, False, True, True, True]
    # sample 1 lacks b, and sample 2 would be mixed with it
    assert torch.equal(made.x["b"][2], batch.x["b"][2])
    assert not made.x["b"][1].any()
    assert torch.equal(made.mask["b"], batch.mask["b"])


def test_samples_without_a_modality_in_common_are_not_mixed():
    data = FusionDataset.from_arrays({"a": [np.ones((1, 2)), None], "b": [None, np.ones((1, 3))]})
    batch = data.batch([0, 1])
    made, mixed = mix(batch, torch.tensor([1, 0]), 0.4)
    assert not mixed["a"].any()
    assert not mixed["b"].any()
    assert all(torch.equal(made.x[m], batch.x[m]) for m in ("a", "b"))
