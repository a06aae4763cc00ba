import math

import numpy as np
import pytest
import torch

from graphfuse.data import (
    FusionDataset,
    Modality,
    RelationSpec,
    Sample,
    Schema,
    collate,
    load_dataset,
)
from graphfuse.errors import InputError, NotFittedError, UnknownNameError
from graphfuse.graph import (
    Attention,
    Causal,
    Complete,
    CoOccurrence,
    Given,
    GraphBuilder,
    KNearest,
    Spatial,
    Temporal,
    build_relation,
    default_relations,
    draw,
    shuffle_edges,
)
from graphfuse.testing import check_relation


@pytest.mark.parametrize(
    "relation",
    [
        Complete(),
        Complete(pairs="across"),
        KNearest(k=2),
        KNearest(k=1, on={"image": slice(0, 3), "speech": (1, 4)}, metric="cosine"),
        KNearest(k=3, pairs=[("text", "image")]),
        Temporal(window=1),
        Temporal(tolerance=1, pairs="within"),
        Spatial(),
        Spatial(radius=2, neighbourhood="von_neumann"),
        CoOccurrence(codes=4),
        CoOccurrence(ids="word", top_k=2),
        Attention(top_k=2),
        Attention(top_k=1, space="standardised", pairs="within"),
        Given([("text", "names", "image")]),
    ],
    ids=repr,
)
def test_keeps_every_promise(relation):
    check_relation(relation)


def line(values, pos_dim=0):
    x = torch.tensor(values).float().unsqueeze(1)
    schema = Schema([Modality("a", (1,), pos_dim=pos_dim)])
    return collate([Sample({"a": x}, pos={"a": x} if pos_dim else {})], schema)


def test_ties_keep_every_neighbour():
    drawn = KNearest(k=1).edges(line([0, 1, 2, 2]))["a", "k_nearest", "a"][0]
    assert drawn[:, 1].tolist() == [True, False, True, True]
    assert drawn[:, 2].tolist() == [False, False, False, True]


def test_k_nearest_against_a_loop():
    data = load_dataset("planted/binding", n=5)
    drawn = build_relation(data.relations[0]).edges(data.batch(range(5)))["a", "k_nearest", "b"]
    for i, sample in enumerate(data):
        for j in range(6):
            distance = (sample.x["a"][:, :8] - sample.x["b"][j, :8]).norm(dim=1)
            assert drawn[i, :, j].nonzero().item() == distance.argmin()


def test_temporal_types_and_window():
    drawn = Temporal(window=1.5).edges(line([0, 1, 1, 3], pos_dim=1))
    assert drawn["a", "past", "a"][0].nonzero().tolist() == [[0, 1], [0, 2]]
    assert drawn["a", "same", "a"][0].nonzero().tolist() == [[1, 2], [2, 1]]
    assert drawn["a", "future", "a"][0].nonzero().tolist() == [[1, 0], [2, 0]]


def test_co_occurrence_by_hand():
    # Codes u and v of a meet codes p and q of b: u-p twice, u-q once, v-q once.
    a = np.array([[0.0], [0.0], [0.0], [1.0]])
    b = np.array([[5.0], [5.0], [6.0], [6.0]])
    train = FusionDataset.from_arrays({"a": a, "b": b})
    relation = CoOccurrence(pairs="across").fit(train)
    weight = relation.edges(train.batch(range(4)))["a", "co_occurrence", "b"].flatten()
    expected = [np.log(4 * 2 / (3 * 2))] * 2 + [0, np.log(4 * 1 / (1 * 2))]
    assert weight.tolist() == pytest.approx(expected)


def test_within_a_modality_a_code_needs_two_nodes():
    x = [np.zeros((2, 1)), np.zeros((1, 1)), np.ones((1, 1)), np.ones((1, 1))]
    train = FusionDataset.from_arrays({"a": x})
    weight = CoOccurrence(pairs="within").fit(train).recall("ppmi", "a", "a")
    assert torch.equal(weight, torch.zeros(2, 2))  # seen together as often as by chance


def test_canonical_directions_find_the_shared_one():
    random = np.random.default_rng(0)
    shared = random.normal(size=(400, 1))
    a = np.concatenate([random.normal(size=(400, 2)), shared], 1)
    b = np.concatenate([-shared, random.normal(size=(400, 3))], 1)
    train = FusionDataset.from_arrays({"a": a, "b": b})
    relation = Attention(components=1).fit(train)
    left, right = (
        relation.recall("direction", *p).abs().flatten() for p in (("a", "b"), ("b", "a"))
    )
    assert left.argmax() == 2
    assert right.argmax() == 0
    assert left[2] > 10 * left[:2].max()


def test_not_fitted_and_unknown_names():
    batch = line([0, 1])
    with pytest.raises(NotFittedError, match="call fit"):
        CoOccurrence().edges(batch)
    with pytest.raises(NotFittedError, match=r"call builder\.fit"):
        GraphBuilder([Complete()]).transform(batch)
    with pytest.raises(UnknownNameError, match="did you mean 'k_nearest'"):
        build_relation("k_neares")
    with pytest.raises(UnknownNameError, match="option of relation 'complete' 'k'; Known: pairs"):
        build_relation({"complete": {"k": 3}})
    with pytest.raises(InputError, match=r"relation 'prune' with .* missing 1 required"):
        build_relation({"prune": {"top_k": 3}})
    with pytest.raises(InputError, match="a relation must be a name or"):
        build_relation({"complete": {}, "spatial": {}})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: KNearest(k=0), "k must be an integer of at least 1"),
        (lambda: KNearest(metric="cos"), "did you mean 'cosine'"),
        (lambda: KNearest(on={"a": slice(0, 8, 2)}), "without a step"),
        (lambda: Complete(pairs="al"), "did you mean 'all'"),
        (lambda: Temporal(window=-1), "window must be a time"),
        (lambda: Temporal(tolerance=-1), "tolerance must be a time"),
        (lambda: Spatial(radius=0), "radius must be positive"),
        (lambda: Spatial(neighbourhood="more"), "did you mean 'moore'"),
        (lambda: CoOccurrence(codes=1), "codes must be an integer of at least 2"),
        (lambda: Attention(top_k=0), "at least 1"),
        (lambda: Attention(space="ca"), "did you mean 'cca'"),
        (lambda: GraphBuilder([]), "at least one relation"),
        (lambda: GraphBuilder("complete"), "a list with at least one relation"),
        (lambda: GraphBuilder({"k_nearest": {"k": 1}}), "a list with at least one relation"),
        (lambda: GraphBuilder(Complete()), "a list with at least one relation"),
        (lambda: KNearest(k=2.5), "k must be an integer"),
        (lambda: KNearest(on=["a"]), "on must be .modality: slice"),
        (lambda: KNearest(pairs=5), "pairs must be 'all'"),
        (lambda: CoOccurrence(top_k=1.5), "top_k must be an integer"),
        (lambda: Causal(max_lag=1.5), "max_lag must be an integer"),
        (lambda: Temporal(window=math.nan), "window must be a time"),
        (lambda: Spatial(radius=math.nan), "radius must be positive"),
        (
            lambda: Given([("a", "b")]),
            r"must be \(source, relation, destination\), got \('a', 'b'\)",
        ),
        (lambda: build_relation({"k_nearest": 4}), "name: .option: value"),
        (lambda: build_relation(4), "got 4"),
    ],
)
def test_options_are_checked(make, message):
    with pytest.raises((InputError, UnknownNameError), match=message):
        make()


def test_two_relations_of_one_type_are_an_error():
    with pytest.raises(InputError, match="two relations draw edges of type"):
        GraphBuilder([KNearest(k=1), KNearest(k=2)]).edge_types(Schema([Modality("a", (1,))]))


@pytest.fixture(scope="module")
def null():
    return load_dataset("planted/null", n=60)


def test_attached_edges_equal_drawn_ones(null):
    builder = GraphBuilder([CoOccurrence(codes=4), KNearest(k=2), Temporal(window=1)]).fit(null)
    attached = builder.attach(null)
    for rows in ([0], [5, 3, 59], range(60)):
        drawn, stored = builder.transform(null.batch(rows)).edges, attached.batch(rows).edges
        assert drawn.keys() == stored.keys()
        for t in drawn:
            assert torch.equal(drawn[t], stored[t])


def test_a_builder_is_saved_with_its_fit(null):
    relations = [CoOccurrence(codes=4), Attention()]
    builder = GraphBuilder(relations).fit(null)
    other = GraphBuilder(builder.specs())
    other.load_state_dict(builder.state_dict())
    batch = null.batch(range(10))
    for t, edges in builder.edges(batch).items():
        assert torch.equal(other.edges(batch)[t], edges)


def test_shuffled_edges_keep_degrees_and_lose_meaning():
    data = load_dataset("planted/binding", n=400)
    batch = GraphBuilder(data.relations).fit(data).transform(data.batch(range(400)))
    t = ("a", "k_nearest", "b")
    real, shuffled = batch.edges[t], shuffle_edges(batch)[t]
    assert torch.equal(real.sum(1), shuffled.sum(1))
    assert torch.equal(real.sum(2).sort(1).values, shuffled.sum(2).sort(1).values)
    kept = (real & shuffled).sum() / real.sum()
    assert 0.12 < float(kept) < 0.22  # one in six by chance
    alone = GraphBuilder(data.relations).fit(data).transform(data.batch([7]))
    assert torch.equal(shuffle_edges(alone)[t][0], shuffled[7])
    renamed = GraphBuilder(data.relations).fit(data).transform(data.batch([7]))
    renamed.ids = ["another"]
    differs = [
        not torch.equal(shuffle_edges(renamed)[e][0], shuffle_edges(batch)[e][7])
        for e in batch.edges
    ]
    assert any(differs)


def test_default_relations():
    schema = Schema([Modality("a", (2,)), Modality("b", (3,), pos_dim=1)])
    names = [spec.name for spec in default_relations(schema)]
    assert names == ["co_occurrence", "attention", "temporal"]
    given = default_relations(schema, [("a", "r", "b")])
    assert given == [RelationSpec("given", {"types": [("a", "r", "b")]})]
    assert [s.name for s in default_relations(Schema([Modality("a", (2,))]))] == ["attention"]


def test_drawings_are_the_same_twice_and_take_empty_samples(null, tmp_path):
    batch = GraphBuilder(default_relations(null.schema)).fit(null).transform(null.batch(range(60)))
    empty = int((~batch.mask["a"].any(1)).nonzero()[0])
    for i in (0, empty):
        figure = draw(batch, i, tmp_path / "one.png")
        draw(batch, i, tmp_path / "two.png")
        assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
        assert figure.axes
