import numpy as np
import pytest
import torch
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from graphfuse.data import FusionDataset, Sample
from graphfuse.data.steps import create_step
from graphfuse.errors import InputError, SchemaError, UnknownNameError


def arrays(n=40, seed=0):
    random = np.random.default_rng(seed)
    return {"a": random.normal(3, 5, (n, 2, 3)).astype(np.float32), "b": random.random((n, 4))}


def scaled(data, train=None, **options):
    return create_step("scale", **options).fit(train or data).transform(data)


def test_scaling_is_per_feature_of_real_nodes():
    train = FusionDataset.from_arrays({"a": [np.array([[0.0, 5.0], [2.0, 5.0]]), None]}, [0, 1])
    assert scaled(train).batch([0, 1]).x["a"][0].tolist() == [[-1, 0], [1, 0]]
    other = FusionDataset.from_arrays({"b": np.eye(2)}, [0, 1])
    with pytest.raises(SchemaError, match="fitted on modality 'a'"):
        scaled(other, train)


def test_whole_numbers_stay_as_they_are():
    raw = torch.tensor([[0, 255], [10, 3]], dtype=torch.uint8)
    samples = [Sample({"a": torch.ones(1, 2), "raw": row[None]}) for row in raw]
    data = FusionDataset.from_samples(samples)
    for over in ("feature", "modality", "node"):
        assert torch.equal(scaled(data, over=over).x["raw"].values, raw)


@pytest.mark.parametrize(
    ("how", "reference"),
    [
        ("standard", StandardScaler()),
        ("robust", RobustScaler()),
        ("min_max", MinMaxScaler()),
        ("min_max_symmetric", MinMaxScaler((-1, 1))),
    ],
)
def test_each_way_is_that_of_scikit_learn(how, reference):
    data = FusionDataset.from_arrays(arrays(41))
    train = data.subset(range(30))
    nodes = reference.fit(train.x["a"].values.numpy())
    got = scaled(data, train, how=how).x["a"].values.numpy()
    np.testing.assert_allclose(got, nodes.transform(data.x["a"].values.numpy()), atol=1e-5)
    flat = reference.fit(train.x["a"].values.numpy().reshape(-1, 1))
    got = scaled(data, train, how=how, over="modality").x["a"].values.numpy()
    wanted = flat.transform(data.x["a"].values.numpy().reshape(-1, 1)).reshape(got.shape)
    np.testing.assert_allclose(got, wanted, atol=1e-5)
    got = scaled(data, train, how=how, over="node").x["b"].values.numpy()
    wanted = reference.fit_transform(data.x["b"].values.numpy().T).T
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_only_the_training_part_counts():
    data = FusionDataset.from_arrays(arrays())
    other = arrays()
    other["a"][30:] += 100
    train = range(30)
    one = scaled(data, data.subset(train)).subset(train)
    changed = FusionDataset.from_arrays(other)
    assert one.fingerprint == scaled(changed, changed.subset(train)).subset(train).fingerprint


def test_one_modality_alone():
    data = FusionDataset.from_arrays(arrays())
    got = scaled(data, modality="a")
    assert torch.equal(got.x["b"].values, data.x["b"].values)
    assert not torch.equal(got.x["a"].values, data.x["a"].values)
    with pytest.raises(UnknownNameError, match="modality of step 'scale' 'c'"):
        scaled(data, modality="c")


def test_a_node_of_one_feature_is_not_scaled_by_itself():
    data = FusionDataset.from_arrays({"age": np.arange(4.0), "b": np.eye(4)})
    with pytest.raises(InputError, match=r"but \['age'\] have one, .* use over='feature'"):
        scaled(data, over="node")
    assert scaled(data, over="node", modality="b").x["age"].values.any()
    words = FusionDataset.from_arrays({"words": np.arange(4)[:, None]}, dtype={"words": torch.long})
    assert scaled(words, over="node").x["words"].values.flatten().tolist() == [0, 1, 2, 3]


def test_what_is_not_known():
    with pytest.raises(UnknownNameError, match="value of how 'standxrd'; did you mean 'standard'"):
        create_step("scale", how="standxrd")
    with pytest.raises(UnknownNameError, match="value of over 'nodes'; did you mean 'node'"):
        create_step("scale", over="nodes")
    with pytest.raises(UnknownNameError, match="option of step 'scale' 'hwo'"):
        create_step("scale", hwo="robust")


@pytest.mark.parametrize("how", ["standard", "robust", "min_max"])
def test_the_unit_of_a_feature_does_not_matter(how):
    x = np.random.default_rng(0).normal(size=(20, 2)) + 3
    one, *others = (
        scaled(FusionDataset.from_arrays({"a": x * unit}), how=how).x["a"].values
        for unit in (1.0, 1e-13, 1e9)
    )
    for other in others:
        assert torch.allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("how", ["standard", "robust", "min_max", "min_max_symmetric"])
def test_the_largest_numbers_do_not_overflow(how):
    x = np.array([[-3e38], [3e38], [3e38], [2e38], [-1e38]])
    data = FusionDataset.from_arrays({"a": x})
    scaled = create_step("scale", how=how).fit(data).transform(data).x["a"].values
    exact = create_step("scale", how=how).fit(halved := FusionDataset.from_arrays({"a": x / 1e38}))
    assert scaled.dtype == torch.float32
    torch.testing.assert_close(scaled, exact.transform(halved).x["a"].values)
