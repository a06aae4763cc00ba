import numpy as np
import pytest
import torch

from graphfuse.data import FusionDataset, Sample, Standardizer
from graphfuse.errors import SchemaError


def test_scaling_is_per_feature_of_real_nodes():
    train = FusionDataset.from_arrays({"a": [np.array([[0.0, 5.0], [2.0, 5.0]]), None]}, [0, 1])
    batch = Standardizer.fit(train).transform(train).batch([0, 1])
    assert batch.x["a"][0].tolist() == [[-1, 0], [1, 0]]
    other = FusionDataset.from_arrays({"b": np.eye(2)}, [0, 1])
    with pytest.raises(SchemaError, match="fitted on modality 'a'"):
        Standardizer.fit(train).transform(other)


def test_whole_numbers_stay_as_they_are():
    raw = torch.tensor([[0, 255], [10, 3]], dtype=torch.uint8)
    samples = [Sample({"a": torch.ones(1, 1), "raw": row[None]}) for row in raw]
    data = FusionDataset.from_samples(samples)
    scaler = Standardizer.fit(data)
    assert sorted(scaler.mean) == ["a"]
    assert torch.equal(scaler.transform(data).x["raw"].values, raw)


def test_the_unit_of_a_feature_does_not_matter():
    x = np.random.default_rng(0).normal(size=(20, 2)) + 3
    scaled = []
    for unit in (1.0, 1e-13, 1e9):
        train = FusionDataset.from_arrays({"a": x * unit})
        scaled.append(Standardizer.fit(train).transform(train).batch(range(20)).x["a"])
    assert torch.allclose(scaled[0], scaled[1], atol=1e-4)
    assert torch.allclose(scaled[0], scaled[2], atol=1e-4)
