import pytest
import torch

from graphfuse.data import Modality, Sample, Schema, SparseEdges, collate
from graphfuse.errors import UnknownNameError
from graphfuse.graph import Given

TYPE = ("a", "reply", "a")
SCHEMA = Schema([Modality("a", (1,))])


def test_edges_and_weights_are_kept():
    index, weight = torch.tensor([[0, 2], [1, 0]]), torch.tensor([0.5, 2.0])
    x = {"a": torch.ones(3, 1)}
    plain = collate([Sample(x, edges={TYPE: index})], SCHEMA)
    drawn = Given([TYPE]).edges(plain)[TYPE]
    assert drawn.dtype == torch.bool
    assert drawn[0].nonzero().tolist() == [[0, 1], [2, 0]]
    weighted = collate([Sample(x, edges={TYPE: SparseEdges(index, weight)})], SCHEMA)
    drawn = Given([TYPE]).edges(weighted)[TYPE]
    assert drawn[0].tolist() == [[0, 0.5, 0], [0, 0, 0], [2, 0, 0]]
    weighted.edges[TYPE] = SparseEdges(index, weight)
    assert Given([TYPE]).edges(weighted)[TYPE] is weighted.edges[TYPE]


def test_a_type_that_is_named_twice_is_one_type():
    assert Given([TYPE, list(TYPE)]).edge_types(SCHEMA) == (TYPE,)


def test_a_type_that_a_batch_lacks_has_no_edges():
    batch = collate([Sample({"a": torch.ones(3, 1)})], SCHEMA)
    assert not Given([TYPE]).edges(batch)[TYPE].any()
    with pytest.raises(UnknownNameError, match="modality 'b'"):
        Given([("a", "reply", "b")]).edge_types(SCHEMA)
