import pytest
import torch

from graphfuse.data import Modality, Sample, Schema, SparseEdges, collate, load_dataset
from graphfuse.errors import InputError
from graphfuse.graph import Causal, GraphBuilder, Prune, Temporal
from graphfuse.testing import check_relation

T = ("a", "near", "a")
GIVEN = {"given": {"types": [T]}}


@pytest.mark.parametrize(
    "relation",
    [
        Prune({"co_occurrence": {"codes": 4}}, top_k=1),
        Prune({"co_occurrence": {"codes": 4}}, threshold=0.3),
        Prune({"co_occurrence": {"codes": 4, "top_k": 3}}, top_k=2, threshold=0.1),
        Prune({"temporal": {"window": 1}}, top_k=1),
        Prune(Causal(), threshold=1),
    ],
    ids=repr,
)
def test_keeps_every_promise(relation):
    check_relation(relation)


@pytest.fixture
def batch():
    # Towards node 0: 2, 2 and 1; towards node 1: 0.5; towards node 2: none.
    index = torch.tensor([[1, 2, 3, 0], [0, 0, 0, 1]])
    edges = SparseEdges(index, torch.tensor([2.0, 2.0, 1.0, 0.5]))
    sample = Sample({"a": torch.ones(4, 1)}, edges={T: edges})
    empty = Sample({"a": torch.ones(2, 1)})
    return collate([sample, empty], Schema([Modality("a", (1,))]))


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"top_k": 1}, [(0, 1), (1, 0), (2, 0)]),
        ({"top_k": 2}, [(0, 1), (1, 0), (2, 0)]),
        ({"top_k": 3}, [(0, 1), (1, 0), (2, 0), (3, 0)]),
        ({"top_k": 9}, [(0, 1), (1, 0), (2, 0), (3, 0)]),
        ({"threshold": 1.0}, [(1, 0), (2, 0), (3, 0)]),
        ({"top_k": 1, "threshold": 1.0}, [(1, 0), (2, 0)]),
        ({"threshold": 2.5}, []),
    ],
)
def test_the_heaviest_stay_with_their_weights(batch, options, kept):
    drawn = Prune(GIVEN, **options).edges(batch)[T]
    assert [tuple(edge) for edge in drawn[0].nonzero().tolist()] == kept
    assert torch.equal(drawn, batch.edges[T] * (drawn > 0))
    assert not drawn[1].any()


def test_edges_without_weight_all_stay_and_stay_bool():
    batch = load_dataset("planted/null", n=20).batch(range(20))
    plain = Temporal().edges(batch)
    for options in ({"top_k": 1}, {"threshold": 1}):
        for t, edges in Prune("temporal", **options).edges(batch).items():
            assert torch.equal(edges, plain[t])


def test_types_keep_their_names_and_the_fit_is_nested():
    data = load_dataset("planted/null", n=60)
    builder = GraphBuilder([Prune({"co_occurrence": {"codes": 4}}, top_k=1)]).fit(data)
    assert ("a", "co_occurrence", "b") in builder.edge_types(data.schema)
    other = GraphBuilder(builder.specs())
    other.load_state_dict(builder.state_dict())
    batch = data.batch(range(9))
    for t, edges in builder.edges(batch).items():
        assert torch.equal(other.edges(batch)[t], edges)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "got neither"),
        ({"top_k": 0}, "top_k must be an integer of at least 1"),
        ({"threshold": 0}, "weight above 0"),
        ({"threshold": float("nan")}, "weight above 0"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(InputError, match=message):
        Prune("complete", **options)
