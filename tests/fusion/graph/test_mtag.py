import torch

from graphfuse.bench.run import fold_parts
from graphfuse.data import Modality, Sample, Schema, Target, collate, load_dataset, make_splits
from graphfuse.fusion import create_strategy
from graphfuse.training import fit, predict

TIMED = [Modality("speech", (4,), pos_dim=1), Modality("text", (3,), pos_dim=1)]
MIXED = Schema([*TIMED, Modality("image", (5,), pos_dim=2)], Target("binary"))


def kinds(schema, **options):
    return {
        relation for _, relation, _ in create_strategy("graph:mtag", schema, **options).edge_types
    }


def test_edges_are_typed_by_modality_pair_and_order_in_time():
    schema = Schema(TIMED, Target("binary"))
    within = {"temporal": {"window": 1, "pairs": "within"}}
    for options in ({}, {"relations": [within, "co_occurrence"]}):
        model = create_strategy("graph:mtag", schema, **options)
        assert len(model.edge_types) == 4 * 3
        assert kinds(schema, **options) == {"past", "same", "future"}
    sample = Sample(
        {"speech": torch.randn(3, 4), "text": torch.randn(1, 3)},
        0,
        {"speech": torch.tensor([[0.0], [5.0], [90.0]]), "text": torch.tensor([[5.0]])},
    )
    batch = collate([sample], schema)
    model.builder.is_fitted.fill_(True)
    edges = model.edges(batch)
    for number, kind in enumerate(("past", "same", "future")):
        assert edges["speech", kind, "text"][0, :, 0].nonzero().tolist() == [[number]]


def test_a_temporal_relation_across_modalities_is_taken_as_given():
    data = load_dataset("planted/lagged", n=50)
    window = {"temporal": {"window": 2.0, "pairs": "across"}}
    model = create_strategy("graph:mtag", data.schema, relations=[window, "co_occurrence"])
    assert len(model.edge_types) == 2 * 3
    edges = model.prepare(data).edges(data.batch(range(50)))
    assert edges["a", "past", "b"].sum() == 50 * (11 + 10)  # one and two steps before


def test_relations_of_modalities_without_a_time_stay():
    assert kinds(MIXED, relations=["spatial", "attention"]) == {
        "past", "same", "future", "spatial", "attention",
    }  # fmt: skip
    untimed = Schema([Modality("a", (4,)), Modality("b", (3,))], Target("binary"))
    assert kinds(untimed) == {"co_occurrence", "attention"}
    assert kinds(untimed, relations=["co_occurrence"]) == {"co_occurrence"}


def test_learns_what_the_right_relation_shows():
    data = load_dataset("planted/binding", n=2000)
    train, validation, test = fold_parts(data, next(make_splits(data)))
    torch.manual_seed(0)
    model = create_strategy("graph:mtag", data.schema, relations=data.relations)
    fit(model, train, validation)
    right = (predict(model, test).argmax(1) == test.labels()).mean()
    assert right > 0.62  # 5 standard errors above chance
