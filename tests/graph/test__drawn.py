from dataclasses import replace

import pytest
import torch

from graphfuse.data import Batch, SparseEdges
from graphfuse.graph import Given, Prune, Union

TYPE = ("a", "near", "b")
OTHER = ("a", "far", "b")


def random_batch(samples, sources, destinations, edges, weighted):
    mask = {
        "a": torch.rand(samples, sources) < 0.8,
        "b": torch.rand(samples, destinations) < 0.8,
    }
    given = {}
    for edge_type in (TYPE, OTHER):
        sample = torch.randint(samples, (edges,))
        ends = torch.randint(sources, (edges,)), torch.randint(destinations, (edges,))
        index = torch.stack([sample * sources + ends[0], sample * destinations + ends[1]])
        # Few values, so that many tie, 0 among them; parallel edges add up to others.
        weight = torch.randint(0, 5, (edges,)) / 4 if edge_type in weighted else None
        given[edge_type] = SparseEdges(index, weight)
    x = {m: torch.ones(*real.shape, 1) for m, real in mask.items()}
    return Batch(x, mask, edges=given)


BOTH = {"given": {"types": [TYPE, OTHER]}}
ONE, ANOTHER = {"given": {"types": [TYPE]}}, {"given": {"types": [OTHER]}}
COMBINED = [
    Union([ONE, ANOTHER]),
    Union([BOTH, {"prune": {"relation": ONE, "top_k": 1}}]),
    *(Prune(BOTH, top_k=k) for k in (1, 2, 3, 50)),
    Prune(BOTH, threshold=0.5),
    Prune(BOTH, threshold=1.25),
    Prune(BOTH, top_k=2, threshold=0.75),
    Prune(Union([ONE, ANOTHER]), top_k=2),
]


@pytest.mark.parametrize("weighted", [(), (TYPE,), (OTHER,), (TYPE, OTHER)])
@pytest.mark.parametrize("relation", COMBINED, ids=repr)
def test_sparse_edges_are_merged_and_pruned_as_dense_ones(relation, weighted):
    torch.manual_seed(0)
    sparse = random_batch(3, 9, 7, 90, weighted)
    shape = (3, 9, 7)
    dense = replace(sparse, edges={t: e.to_dense(*shape) for t, e in sparse.edges.items()})
    expected = relation.edges(dense)
    drawn = relation.edges(sparse)
    assert drawn.keys() == expected.keys()
    for t, edges in drawn.items():
        assert isinstance(edges, SparseEdges)
        assert edges.index.unique(dim=1).shape == edges.index.shape
        assert torch.equal(edges.to_dense(*shape), expected[t])


def test_sparse_edges_are_merged_with_dense_ones():
    torch.manual_seed(0)
    sparse = random_batch(3, 9, 7, 90, (TYPE,))
    dense = replace(sparse, edges={t: e.to_dense(3, 9, 7) for t, e in sparse.edges.items()})
    mixed = replace(sparse, edges={TYPE: sparse.edges[TYPE], OTHER: dense.edges[OTHER]})
    relation = COMBINED[0]
    assert torch.equal(*(relation.edges(b)["a", "union", "b"] for b in (dense, mixed)))


def test_samples_too_large_for_dense_edges_are_merged_and_pruned():
    torch.manual_seed(0)
    batch = random_batch(2, 200_000, 200_000, 50_000, (TYPE,))
    relation = Prune(Union([BOTH, Given([("a", "none", "b")])]), top_k=1)
    drawn = relation.edges(batch)["a", "union", "b"]
    assert 0 < drawn.index.shape[1] < 100_000
    assert batch.mask["b"].flatten()[drawn.index[1]].all()
