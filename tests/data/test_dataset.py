import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from graphfuse.data import (
    FusionDataset,
    Modality,
    Sample,
    Schema,
    SparseEdges,
    Target,
    collate,
)
from graphfuse.data import batch_edges as edges_module
from graphfuse.data.ragged import Ragged
from graphfuse.errors import InputError, SchemaError, UnknownNameError


def random_samples(seed, units=False, weird="a.b"):
    random = torch.Generator().manual_seed(seed)

    def integer(low, high):
        return int(torch.randint(low, high, (), generator=random))

    schema = Schema(
        [
            Modality("image", (2, 3), pos_dim=2),
            Modality("text", (4,), pos_dim=1),
            Modality(weird, (1,)),
        ],
        {"kind": Target("multiclass", 3), "size": Target("regression")},
    )
    samples = []
    for number in range(integer(1, 8)):
        x, pos, unit = {}, {}, {}
        for m in schema.modalities:
            count = integer(0, 4)
            if count:
                x[m.name] = torch.randn(count, *m.shape, generator=random)
                unit[m.name] = torch.randint(0, 2, (count,), generator=random)
                if m.pos_dim:
                    pos[m.name] = torch.rand(count, m.pos_dim, generator=random)
        edges = {}
        if {"image", "text"} <= set(x):
            ends = [torch.randint(0, len(x[m]), (5,), generator=random) for m in ("text", "image")]
            edges["text", "names", "image"] = torch.stack(ends).unique(dim=1)
            edges["image", "near", "image"] = SparseEdges(
                torch.tensor([[0], [0]]), torch.rand(1, generator=random)
            )
        y = {"kind": integer(0, 3), "size": float(number)}
        if units:
            y = {"kind": torch.tensor([0, 2]), "size": torch.tensor([0.5, 1.5])}
        attrs = {"speaker": {m: torch.arange(len(n)) for m, n in x.items() if m == "text"}}
        samples.append(
            Sample(x, y, pos, attrs, edges, unit if units else None, "site", f"id {number}")
        )
    return samples, schema


def same(a, b):
    """Assert that two batches are equal to the bit."""
    for name in ("x", "mask", "pos"):
        left, right = getattr(a, name), getattr(b, name)
        assert left.keys() == right.keys()
        for m in left:
            assert torch.equal(left[m], right[m])
    assert a.edges.keys() == b.edges.keys()
    for t in a.edges:
        assert torch.equal(a.edges[t], b.edges[t])
    assert a.ids == b.ids
    assert a.domain == b.domain
    for name in a.y:
        assert torch.equal(a.y[name], b.y[name])
    for name, values in a.attrs.items():
        for m in values:
            assert torch.equal(values[m], b.attrs[name][m])
    if a.unit is not None:
        assert torch.equal(a.unit_mask, b.unit_mask)
        for m in a.unit:
            assert torch.equal(a.unit[m], b.unit[m])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), units=st.booleans())
def test_collate_equals_batch_and_samples_survive(seed, units):
    samples, schema = random_samples(seed, units)
    data = FusionDataset.from_samples(samples, schema)
    same(collate(samples, schema), data.batch(range(len(data))))
    same(collate(list(data), schema), collate(samples, schema))
    order = torch.randperm(len(data), generator=torch.Generator().manual_seed(seed)).tolist()
    same(data.subset(order).batch(range(len(order))), data.batch(order))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), units=st.booleans())
def test_saved_and_loaded_to_the_bit(seed, units, tmp_path_factory):
    samples, schema = random_samples(seed, units, weird="type")
    data = replace(
        FusionDataset.from_samples(samples, schema, name="mine"),
        groups=np.array(["g"] * len(samples)),
    )
    path = tmp_path_factory.mktemp("saved") / "data"
    data.save(path)
    loaded = FusionDataset.load(path)
    assert loaded.fingerprint == data.fingerprint
    assert loaded.schema == data.schema
    assert loaded.name == "mine"
    same(loaded.batch(range(len(data))), data.batch(range(len(data))))


def test_every_modality_is_a_key_and_padding_is_zero():
    samples, schema = random_samples(3)
    batch = collate(samples, schema)
    assert sorted(batch.x) == sorted(batch.mask) == list(schema.names)
    for m in batch.x:
        assert not batch.x[m][~batch.mask[m]].any()
        assert batch.x[m].shape[1] >= 1
        present = [m in sample.x for sample in samples]
        assert batch.mask[m].any(1).tolist() == present


def test_fingerprint_sees_everything_but_the_order_of_modalities():
    x = {"a": np.arange(8.0).reshape(4, 2), "b": np.ones((4, 3))}
    data = FusionDataset.from_arrays(x, [0, 1, 0, 1])
    turned = FusionDataset.from_arrays(dict(reversed(x.items())), [0, 1, 0, 1])
    assert data.fingerprint == turned.fingerprint
    others = [
        FusionDataset.from_arrays({**x, "b": 2 * x["b"]}, [0, 1, 0, 1]),
        FusionDataset.from_arrays(x, [0, 1, 1, 1]),
        FusionDataset.from_arrays(x, [0, 1, 0, 1], groups=[1, 1, 2, 2]),
        FusionDataset.from_arrays(x, [0, 1, 0, 1], ids=list("abcd")),
        FusionDataset.from_arrays(x, [0, 1, 0, 1], classes=["u", "v"]),
    ]
    assert len({data.fingerprint, *(o.fingerprint for o in others)}) == 6


def test_units_have_labels_and_a_mask():
    samples, schema = random_samples(5, units=True)
    batch = collate(samples, schema)
    assert batch.unit_mask.shape == batch.y["kind"].shape == (len(samples), 2)


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (Sample({"imge": torch.ones(1, 4)}), "did you mean 'image'"),
        (Sample({"image": torch.ones(1, 5)}), r"must be a tensor \[N, 4\]"),
        (Sample({"image": torch.full((1, 4), torch.nan)}), "NaN or infinite"),
        (Sample({"text": torch.ones(2, 3)}), "pos_dim 1, so pos is"),
        (Sample({"image": torch.ones(1, 4)}, y=7), "label 7 of a target with 2 classes"),
        (Sample({"image": torch.ones(1, 4)}, y=[0, 1]), "has 0 dimensions"),
        (
            Sample(
                {"image": torch.ones(1, 4)},
                edges={("image", "r", "image"): torch.tensor([[0], [3]])},
            ),
            "point at rows up to",
        ),
        (
            Sample({"image": torch.ones(1, 4)}, edges={("image", "r", "image"): torch.ones(3, 1)}),
            r"must be \[2, E\]",
        ),
    ],
)
def test_samples_that_do_not_fit(sample, message):
    schema = Schema([Modality("image", (4,)), Modality("text", (3,), pos_dim=1)], Target("binary"))
    with pytest.raises(SchemaError, match=message):
        collate([sample], schema)


def test_one_of_several_targets_is_selected():
    samples, schema = random_samples(0)
    with pytest.raises(SchemaError, match="exactly one target, got 2"):
        _ = schema.task
    data = FusionDataset.from_samples(samples, schema).select_target("kind")
    assert data.schema.task == "multiclass"
    with pytest.raises(UnknownNameError, match="unknown target 'knid'; did you mean 'kind'"):
        FusionDataset.from_samples(samples, random_samples(0)[1]).select_target("knid")


def test_a_dataset_without_labels_says_so():
    schema = Schema([Modality("a", (4,))], Target("binary"))
    data = FusionDataset.from_samples([Sample({"a": torch.ones(1, 4)})], schema, name="mine")
    with pytest.raises(InputError, match="dataset 'mine' has no labels; give y when building it"):
        data.labels()


def change_everything(sample):
    def tensors():
        yield from (*sample.x.values(), *sample.pos.values())
        yield from (v for values in sample.attrs.values() for v in values.values())
        yield from (sample.unit or {}).values()
        yield from (sample.y.values() if isinstance(sample.y, dict) else [sample.y])
        for edges in sample.edges.values():
            yield from [edges.index, edges.weight] if isinstance(edges, SparseEdges) else [edges]

    for tensor in tensors():
        tensor.add_(1)


@pytest.mark.parametrize("units", [False, True])
@pytest.mark.parametrize("stored", [False, True])
def test_a_sample_is_a_copy(units, stored, tmp_path):
    samples, schema = random_samples(3, units)
    data = FusionDataset.from_samples(samples, schema)
    if stored:
        data.save(tmp_path / "d")
        data = FusionDataset.load(tmp_path / "d")
    before = data.fingerprint
    for sample in data:
        change_everything(sample)
    data.select_target("size").labels()[:] = 7
    assert data.fingerprint == before


def test_a_sample_has_one_number():
    data = FusionDataset.from_arrays({"a": np.eye(3)}, ids=["u", "v", "w"])
    assert [data[i].id for i in (0, np.int64(1), torch.tensor(2), -1)] == ["u", "v", "w", "w"]
    for i in (slice(0, 2), 1.5, "u", [0, 1]):
        with pytest.raises(InputError, match=r"takes one integer .* dataset\.subset"):
            data[i]
    for i in (3, -4):
        with pytest.raises(IndexError, match=f"sample {i} of a dataset of 3"):
            data[i]


def test_samples_are_chosen_by_numbers_or_a_mask():
    data = FusionDataset.from_arrays({"a": np.eye(3)}, ids=["u", "v", "w"])
    for rows in ([2, -3], np.array([0, 2])[::-1], torch.tensor([2, 0]), np.uint8([2, 0])):
        assert data.batch(rows).ids == data.subset(rows).ids.tolist() == ["w", "u"]
    for mask in ([True, False, True], np.array([1, 0, 1]) > 0, torch.tensor([1, 0, 1]) > 0):
        assert data.batch(mask).ids == ["u", "w"]
    assert len(data.subset([])) == 0
    for rows in ([1.7], [None], ["u"]):
        with pytest.raises(InputError, match="must be integers or a mask of bool, got"):
            data.batch(rows)
    for mask in ([True, False], [True] * 4):
        with pytest.raises(InputError, match="one entry for each of the 3, got shape"):
            data.batch(mask)
    for rows in ([0, 3], [-4]):
        with pytest.raises(IndexError, match=r"indices must lie in \[0, 3\), got"):
            data.batch(rows)


def test_the_fingerprint_sees_every_part_of_a_sample():
    loop = ("a", "r", "a")

    def fingerprint(pos=0.0, speaker=0, weight=0.5, index=0, domain="x", unit=0, y=0, **options):
        sample = Sample(
            {"a": torch.ones(1, 2)},
            [y],
            {"a": torch.full((1, 1), pos)},
            {"speaker": {"a": torch.tensor([speaker])}},
            {loop: SparseEdges(torch.tensor([[index], [0]]), torch.tensor([weight]))},
            {"a": torch.tensor([unit])},
            domain,
        )
        other = Sample({"a": torch.ones(2, 2)}, [0, 1, 1], {"a": torch.zeros(2, 1)})
        other.unit = {"a": torch.tensor([0, 1])}
        schema = Schema([Modality("a", (2,), pos_dim=1)], Target("binary"))
        return FusionDataset.from_samples([sample, other], schema, **options).fingerprint

    changed = [
        fingerprint(),
        fingerprint(pos=1.0),
        fingerprint(speaker=1),
        fingerprint(weight=0.25),
        fingerprint(domain="y"),
        fingerprint(y=1),
        fingerprint(splits=["train", "test"]),
        fingerprint(splits=["test", "train"]),
        fingerprint(groups=["u", "v"]),
        fingerprint(ids=["u", "v"]),
    ]
    assert len(set(changed)) == len(changed)
    assert fingerprint(name="other") == fingerprint()


def test_the_fingerprint_sees_units_and_edges():
    def fingerprint(unit, edges):
        sample = Sample({"a": torch.ones(2, 2)}, [0, 1])
        sample.unit = {"a": torch.tensor(unit)}
        sample.edges = {("a", "r", "a"): torch.tensor(edges)}
        return FusionDataset.from_samples([sample]).fingerprint

    changed = [([0, 1], [[0], [1]]), ([1, 0], [[0], [1]]), ([0, 1], [[1], [0]])]
    assert len({fingerprint(*parts) for parts in changed}) == 3


@pytest.mark.parametrize("weight", [None, torch.tensor([0.5])])
def test_edges_between_many_nodes_are_sparse(weight):
    loop, index = ("a", "r", "a"), torch.tensor([[3], [1]])
    given = index if weight is None else SparseEdges(index, weight)

    def edges(nodes):
        few = Sample({"a": torch.ones(4, 1)}, edges={loop: given})
        samples = [Sample({"a": torch.ones(nodes, 1)}), few]
        return FusionDataset.from_samples(samples).batch([0, 1]).edges[loop]

    assert edges(512)[1, 3, 1] == (1 if weight is None else 0.5)
    sparse = edges(513)
    assert sparse.index.tolist() == [[513 + 3], [513 + 1]]
    assert sparse.weight is weight or torch.equal(sparse.weight, weight)
    assert sparse.to_dense(2, 513, 513).nonzero().tolist() == [[1, 3, 1]]


@pytest.mark.parametrize("weight", [None, torch.tensor([0.5, 0.25, 0.25, 1.0])])
def test_samples_of_equal_size_are_gathered_and_not_shared(weight):
    index = torch.tensor([[0, 1, 1, 1], [0, 0, 0, 1]])
    samples = [
        Sample(
            {"a": torch.full((2, 3), float(i)), "b": torch.rand(2, 1)},
            y=i % 2,
            pos={"a": torch.rand(2, 1)},
            edges={("a", "r", "b"): SparseEdges((index + i) % 2, weight)},
            id=str(i),
        )
        for i in range(4)
    ]
    dataset = FusionDataset.from_samples(samples)
    before = dataset.fingerprint
    for rows in ([2, 0, 2], [1], [-1, 3]):
        for _ in range(2):
            batch = dataset.batch(rows)
            expected = collate([samples[i] for i in rows], dataset.schema)
            assert torch.equal(batch.edges["a", "r", "b"], expected.edges["a", "r", "b"])
            for part, other in ((batch.x, expected.x), (batch.pos, expected.pos)):
                assert all(torch.equal(part[m], other[m]) for m in other)
            assert torch.equal(batch.y, expected.y)
            assert batch.ids == expected.ids
            for values in (*batch.x.values(), *batch.mask.values(), *batch.pos.values()):
                values.zero_()
            batch.edges["a", "r", "b"].zero_()
            batch.y.zero_()
    assert dataset.fingerprint == before


def with_equal_counts(n=5, nodes=3, weighted=False):
    """Samples whose nodes are all joined, so that dense edges take less memory than pairs."""
    near = ("a", "near", "a")
    pairs = torch.cartesian_prod(torch.arange(nodes), torch.arange(nodes)).T
    samples = []
    for i in range(n):
        weight = torch.rand(pairs.shape[1]) if weighted else None
        samples.append(
            Sample(
                {"a": torch.full((nodes, 2), float(i))},
                y=i % 2,
                edges={near: SparseEdges(pairs, weight)},
            )
        )
    return FusionDataset.from_samples(samples), near


@pytest.mark.parametrize("weighted", [False, True])
def test_dense_edges_are_kept_only_where_that_is_cheap(weighted, monkeypatch):
    data, near = with_equal_counts(weighted=weighted)
    monkeypatch.setattr(edges_module, "FILLED_AT_ONCE", 2)
    assert list(data._dense_edges) == [near]
    kept = data.batch([4, 0]).edges[near]
    for limit in ("CACHE_UP_TO", "DENSE_EDGES_UP_TO"):
        monkeypatch.setattr(edges_module, limit, 8)
        again = replace(data)
        assert not again._dense_edges
        drawn = again.batch([4, 0]).edges[near]
        if isinstance(drawn, SparseEdges):
            drawn = drawn.to_dense(2, 3, 3)
        assert torch.equal(drawn, kept)
        monkeypatch.undo()
    thin, _ = with_equal_counts()
    index, _ = thin.edges[near]
    few = thin.with_edges({near: (Ragged(index.values[::9], torch.arange(6)), None)})
    assert few._dense_edges  # five pairs take 80 bytes, five times nine places 45
    none = thin.with_edges(
        {near: (Ragged(index.values[:1], torch.tensor([0, 1, 1, 1, 1, 1])), None)}
    )
    assert not none._dense_edges
    assert pickle.loads(pickle.dumps(data)).__dict__.keys() == replace(data).__dict__.keys()


def test_a_batch_of_no_samples_has_edges_of_its_width():
    data, near = with_equal_counts()
    batch = data.batch([])
    assert batch.edges[near].shape == (0, batch.mask["a"].shape[1], batch.mask["a"].shape[1])
    assert batch.to_pyg() == []
