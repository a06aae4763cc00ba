"""What all relations share."""

from dataclasses import replace

import pytest
import torch

from graphfuse.data import (
    Batch,
    FusionDataset,
    Modality,
    Sample,
    Schema,
    SparseEdges,
    collate,
)
from graphfuse.errors import InputError, NotFittedError, UnknownNameError
from graphfuse.graph import (
    Attention,
    Complete,
    CoOccurrence,
    Given,
    GraphBuilder,
    KNearest,
    Prune,
    Relation,
    Spatial,
    Temporal,
    Union,
)

NAMES = ("a", "b")


def dataset(features=4, names=NAMES, n=30):
    random = torch.Generator().manual_seed(0)
    samples = [
        Sample({m: torch.randn(1 + i % 4, features, generator=random) for m in names}, id=str(i))
        for i in range(n)
    ]
    return FusionDataset.from_samples(samples)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda data: Relation().edge_types(data.schema), "does not implement edge_types"),
        (lambda data: Relation().edges(data.batch([0])), "does not implement edges"),
        (
            lambda data: Complete(pairs=[("a", "c")]).edge_types(data.schema),
            "unknown modality in the pairs of 'complete' 'c'",
        ),
        (
            lambda data: KNearest(on={"aa": (0, 2)}).edge_types(data.schema),
            "unknown modality in on= 'aa'; did you mean 'a'",
        ),
    ],
)
def test_names_and_methods_that_lack(call, message):
    with pytest.raises((InputError, UnknownNameError), match=message):
        call(dataset())


@pytest.mark.parametrize("pairs", [["ab"], [("a",)], [("a", "r", "b")]])
def test_pairs_are_of_two(pairs):
    with pytest.raises(InputError, match=r"of \(source, destination\) modalities, got"):
        Complete(pairs=pairs)


def test_the_order_of_pairs_carries_no_meaning():
    pairs = [("c", "a"), ("b", "a"), ("a", "c"), ("a", "b"), ("b", "a")]
    relation = Complete(pairs=pairs)
    assert relation.spec() == Complete(pairs=pairs[3::-1]).spec()
    assert relation.pairs == [("a", "b"), ("a", "c"), ("b", "a"), ("c", "a")]
    assert len(relation.edge_types(dataset(names=("a", "b", "c")).schema)) == 4


@pytest.mark.parametrize("relation", [Attention(), CoOccurrence(codes=3)], ids=repr)
def test_a_new_fit_forgets_the_last_one(relation):
    relation.fit(dataset(names=("a", "b", "c"))).fit(dataset())
    fresh = type(relation)(**relation.options()).fit(dataset())
    assert relation.state_dict().keys() == fresh.state_dict().keys()
    with pytest.raises(NotFittedError, match="call fit"):
        relation.edges(dataset(names=("a", "b", "c")).batch([0]))


@pytest.mark.parametrize("relation", [Attention(), CoOccurrence(codes=3)], ids=repr)
def test_another_number_of_features_than_at_the_fit(relation):
    relation.fit(dataset())
    with pytest.raises(InputError, match="nodes of 'a' with 4 features, got 3"):
        relation.edges(dataset(features=3).batch([0]))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(dtype):
    data = dataset()
    relations = [KNearest(k=2), Attention(top_k=1), CoOccurrence(codes=3, top_k=1)]
    builder = GraphBuilder(relations).fit(data)
    batch = data.batch(range(8))
    whole = {t: (edges > 0).double() for t, edges in builder.edges(batch).items()}
    for fitted in (builder, GraphBuilder(relations).fit(data).to(dtype)):
        for edge_type, edges in fitted.edges(batch.to(dtype)).items():
            agree = (edges > 0).double() == whole[edge_type]
            assert float(agree.double().mean()) > 0.95


def test_half_precision_data_is_fitted():
    x = {
        m: list(column.values.half().split(column.counts.tolist()))
        for m, column in dataset().x.items()
    }
    samples = [Sample({m: rows[i] for m, rows in x.items()}, id=str(i)) for i in range(30)]
    train = FusionDataset.from_samples(samples)
    for relation in (Attention(), CoOccurrence(codes=3)):
        drawn = relation.fit(train).edges(train.batch([0, 1]))
        assert all(bool(edges.isfinite().all()) for edges in drawn.values())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("offset", [0, 1000.0])
def test_limits_hold_up_to_the_rounding_of_positions(dtype, offset):
    time = (torch.arange(10, dtype=torch.double) / 10 + offset).to(dtype).unsqueeze(1)
    grid = torch.cartesian_prod(*[torch.arange(6, dtype=torch.double)] * 2)
    place = (grid / 10 + offset).to(dtype)
    schema = Schema([Modality("t", (1,), pos_dim=1), Modality("p", (1,), pos_dim=2)])
    x = {"t": torch.ones(10, 1), "p": torch.ones(36, 1)}
    batch = collate([Sample(x, pos={"t": time, "p": place})], schema)
    for given in (batch, batch.to(torch.float64)):
        near = Temporal(window=0.1).edges(given)
        assert [int(near["t", kind, "t"].sum()) for kind in ("past", "same", "future")] == [9, 0, 9]
        alike = Temporal(tolerance=0.1).edges(given)
        assert [int(alike["t", kind, "t"].sum()) for kind in ("past", "same")] == [36, 18]
        assert int(Spatial(radius=0.1).edges(given)["p", "spatial", "p"].sum()) == 220
        crossed = Spatial(radius=0.2, neighbourhood="von_neumann").edges(given)
        assert int(crossed["p", "spatial", "p"].sum()) == 120 + 2 * 48 + 4 * 25


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("start", [0, 128])
def test_whole_positions_are_exact(dtype, start):
    time = (torch.arange(100) + start).to(dtype).unsqueeze(1)
    batch = collate(
        [Sample({"a": torch.ones(100, 1)}, pos={"a": time})],
        Schema([Modality("a", (1,), pos_dim=1)]),
    )
    drawn = Temporal(window=1).edges(batch)
    for kind in ("past", "future"):
        assert int(drawn["a", kind, "a"].sum()) == 99
    assert not drawn["a", "same", "a"].any()


def test_times_far_from_zero_are_distinguished():
    nanoseconds = torch.tensor([[0], [1], [2]]) + 1_700_000_000_000_000_000
    seconds = torch.tensor([[0.0], [0.001], [0.002]], dtype=torch.double) + 1_700_000_000.5
    for time, window in ((nanoseconds, 1), (seconds, 0.001)):
        batch = collate(
            [Sample({"a": torch.ones(3, 1)}, pos={"a": time})],
            Schema([Modality("a", (1,), pos_dim=1)]),
        )
        assert int(Temporal(window=window).edges(batch)["a", "past", "a"].sum()) == 2


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
