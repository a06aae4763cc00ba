from dataclasses import replace

import torch

from graphfuse.data import Batch, SparseEdges
from graphfuse.data.edges import list_edges

T = ("a", "to", "b")


def test_dense_and_sparse_edges_give_the_same_list():
    mask = {"a": torch.tensor([[True, True], [True, False]]), "b": torch.ones(2, 3).bool()}
    x = {m: torch.ones(*real.shape, 1) for m, real in mask.items()}
    # In turn: parallel, at a padded node, of weight 0, and out of order.
    index = torch.tensor([[1, 2, 1, 3, 0, 0], [2, 4, 2, 3, 1, 0]])
    weight = torch.tensor([1.0, 3, 2, 5, 0, 4])
    sparse = Batch(x, mask, edges={T: SparseEdges(index, weight)})
    dense = replace(sparse, edges={T: sparse.edges[T].to_dense(2, 2, 3)})
    for batch in (sparse, dense):
        place, weights = list_edges(batch, T)
        assert place.tolist() == [[0, 0, 0], [0, 1, 2], [1, 0, 1]]
        assert weights.tolist() == [4, 3, 3]
    plain = Batch(x, mask, edges={T: SparseEdges(index)})
    place, weights = list_edges(plain, T)
    assert place.tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 2], [1, 0, 1]]
    assert weights is None
