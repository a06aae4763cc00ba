import pytest
import torch

from graphfuse.data import FusionDataset, Modality, Sample, Schema, Target, collate
from graphfuse.errors import InputError, SchemaError
from graphfuse.fusion import create_strategy
from graphfuse.graph import Causal, GraphBuilder, Line, Temporal


def test_tolerance_and_window():
    time = torch.tensor([[0.0], [1.0], [4.0], [9.0]])
    batch = collate(
        [Sample({"a": torch.ones(4, 1)}, pos={"a": time})],
        Schema([Modality("a", (1,), pos_dim=1)]),
    )
    drawn = Temporal(window=5, tolerance=2).edges(batch)
    assert drawn["a", "same", "a"][0].nonzero().tolist() == [[0, 1], [1, 0]]
    assert drawn["a", "past", "a"][0].nonzero().tolist() == [[0, 2], [1, 2], [2, 3]]
    assert torch.equal(drawn["a", "future", "a"], drawn["a", "past", "a"].transpose(1, 2))


UNITS = Schema(
    [
        Modality("audio", (1,), 1, pos_unit="seconds"),
        Modality("clip", (1,), 1, pos_unit="seconds"),
        Modality("text", (1,), 1, pos_unit="places in text"),
    ],
    Target("binary"),
)
JOINED = {("audio", "audio"), ("audio", "clip"), ("clip", "audio"), ("clip", "clip"), ("text",) * 2}


@pytest.fixture
def film():
    time = torch.arange(3.0).unsqueeze(1)
    x = {m: torch.rand(3, 1) for m in UNITS.names}
    return Sample(x, 1, pos=dict.fromkeys(UNITS.names, time))


@pytest.mark.parametrize("relation", [Temporal(), Line()])
def test_times_are_compared_where_they_count_the_same(film, relation):
    batch = collate([film], UNITS)
    assert {(s, d) for s, _, d in relation.edge_types(UNITS)} == JOINED
    assert set(relation.edges(batch)) == set(relation.edge_types(UNITS))
    moved = relation.edges(batch.to(torch.float64))
    assert {t: e.tolist() for t, e in moved.items()} == {
        t: e.tolist() for t, e in relation.edges(batch).items()
    }


def test_a_pair_that_counts_differently_is_an_error_where_it_is_asked_for(film):
    with pytest.raises(
        InputError, match=r"positions of the pairs .* units .*'text': 'places in text'"
    ):
        Temporal(pairs=[("audio", "text")]).edge_types(UNITS)
    with pytest.raises(SchemaError, match="pos_unit must be a text such as 'seconds', got 1"):
        Modality("audio", (1,), 1, pos_unit=1)


def test_what_counts_differently_is_joined_by_other_relations(film):
    data = FusionDataset.from_samples([film] * 4, UNITS)
    types = create_strategy("graph:mtag", UNITS).edge_types
    assert {(s, d) for s, kind, d in types if kind == "past"} == JOINED
    assert ("audio", "co_occurrence", "text") in types
    causal = Causal().edge_types(UNITS)
    assert {(s, d) for s, _, d in causal} == {("audio", "clip"), ("clip", "audio")}
    attached = GraphBuilder([Temporal()]).fit(data).attach(data)
    assert attached.edge_types == tuple(sorted(Temporal().edge_types(UNITS)))


def test_units_are_kept_and_left_out_where_nothing_is_known():
    assert Schema.from_dict(UNITS.to_dict()) == UNITS
    assert "pos_unit" not in Schema([Modality("a", (1,), 1)]).to_dict()["modalities"][0]
