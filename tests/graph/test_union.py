import json
from dataclasses import asdict

import pytest
import torch

from graphfuse.data import Modality, RelationSpec, Sample, Schema, SparseEdges, collate
from graphfuse.errors import InputError, NotFittedError, UnknownNameError
from graphfuse.graph import Causal, Complete, GraphBuilder, Prune, Union, build_relation
from graphfuse.testing import check_relation

GIVEN = {"given": {"types": [("a", "cites", "b")]}}


@pytest.mark.parametrize(
    "relation",
    [
        Union(["complete"]),
        Union([{"temporal": {"window": 1}}, "spatial", {"k_nearest": {"k": 1}}]),
        Union(["attention", Causal(), {"co_occurrence": {"codes": 4}}]),
        Union([Union(["attention"]), Prune({"co_occurrence": {"codes": 4}}, top_k=1)]),
    ],
    ids=lambda relation: "+".join(part.name for part in relation),
)
def test_keeps_every_promise(relation):
    check_relation(relation)


@pytest.fixture
def batch():
    x = {"a": torch.tensor([[0.0], [1.0]]), "b": torch.tensor([[0.1], [5.0]])}
    weights = SparseEdges(torch.tensor([[0, 1, 1], [0, 0, 1]]), torch.tensor([0.2, 0.5, 3.0]))
    return collate(
        [Sample(x, edges={("a", "cites", "b"): weights})],
        Schema([Modality("a", (1,)), Modality("b", (1,))]),
    )


def test_bool_edges_are_or_ed_and_of_weights_the_largest_counts(batch):
    near = {"k_nearest": {"k": 1, "pairs": [("a", "b")]}}
    drawn = Union([near, {"k_nearest": {"k": 1, "pairs": "within"}}]).edges(batch)
    assert drawn["a", "union", "b"].tolist() == [[[True, False], [False, True]]]
    assert drawn["a", "union", "a"].tolist() == [[[False, True], [True, False]]]
    weighted = Union([near, GIVEN]).edges(batch)["a", "union", "b"]
    assert torch.equal(weighted, torch.tensor([[[1.0, 0.0], [0.5, 3.0]]]))
    assert torch.equal(
        Union([GIVEN, GIVEN]).edges(batch)["a", "union", "b"][0, 1, 1:], torch.tensor([3.0])
    )


def test_order_is_free_and_types_are_those_of_the_parts(batch):
    one, two = Union(["complete", GIVEN]), Union([GIVEN, "complete"])
    assert one.spec() == two.spec()
    schema = Schema([Modality("a", (1,)), Modality("b", (1,))])
    assert one.edge_types(schema) == tuple((s, "union", d) for s in "ab" for d in "ab")
    assert Union([GIVEN]).edge_types(schema) == (("a", "union", "b"),)
    for t, edges in one.edges(batch).items():
        assert torch.equal(edges, two.edges(batch)[t])


def test_options_are_plain_and_nested():
    relation = Union([Union([Complete(pairs="across")]), Prune("co_occurrence", top_k=2)])
    plain = json.loads(json.dumps(asdict(relation.spec())))
    assert build_relation(RelationSpec(**plain)).spec() == relation.spec()
    assert plain["options"]["relations"][1] == {
        "union": {"relations": [{"complete": {"pairs": "across"}}]}
    }


def test_it_stands_beside_its_parts_in_a_builder():
    schema = Schema([Modality("a", (1,))])
    types = GraphBuilder([Union(["complete"]), Complete()]).edge_types(schema)
    assert types == (("a", "complete", "a"), ("a", "union", "a"))


def test_errors(batch):
    with pytest.raises(InputError, match="at least one relation"):
        Union([])
    with pytest.raises(UnknownNameError, match="did you mean 'complete'"):
        Union(["complete_"])
    with pytest.raises(NotFittedError, match="Attention is not fitted"):
        Union(["attention"]).edges(batch)
