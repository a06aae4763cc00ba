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
    Standardizer,
    Target,
    collate,
)
from graphfuse.errors import SchemaError


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


def test_scaling_is_per_feature_of_real_nodes():
    train = FusionDataset.from_arrays({"a": [np.array([[0.0, 5.0], [2.0, 5.0]]), None]}, [0, 1])
    batch = Standardizer.fit(train).transform(train).batch([0, 1])
    assert batch.x["a"][0].tolist() == [[-1, 0], [1, 0]]
    other = FusionDataset.from_arrays({"b": np.eye(2)}, [0, 1])
    with pytest.raises(SchemaError, match="fitted on modality 'a'"):
        Standardizer.fit(train).transform(other)


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (Sample({"imge": torch.ones(1, 4)}), "did you mean 'image'"),
        (Sample({"image": torch.ones(1, 5)}), r"is a tensor \[N, 4\]"),
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
            r"are \[2, E\]",
        ),
    ],
)
def test_samples_that_do_not_fit(sample, message):
    schema = Schema([Modality("image", (4,)), Modality("text", (3,), pos_dim=1)], Target("binary"))
    with pytest.raises(SchemaError, match=message):
        collate([sample], schema)


def test_one_of_several_targets_is_selected():
    samples, schema = random_samples(0)
    with pytest.raises(SchemaError, match="exactly one target"):
        _ = schema.task
    data = FusionDataset.from_samples(samples, schema).select_target("kind")
    assert data.schema.task == "multiclass"
