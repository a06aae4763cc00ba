import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from graphfuse.data import FusionDataset
from graphfuse.fusion import create_strategy
from graphfuse.fusion.baseline.boosted_trees import BINS
from graphfuse.training import predict


@pytest.mark.parametrize("classes", [2, 3])
def test_classes_are_predicted_as_by_scikit_learn(classes):
    random = np.random.default_rng(0)
    x = random.normal(size=(500, 5)).astype(np.float32)
    y = np.digitize(x[:, 0] * x[:, 1], [0, 0.8][: classes - 1])
    data = FusionDataset.from_arrays({"a": x[:, :2], "b": x[:, 2:]}, y)
    model = create_strategy("boosted_trees", data.schema).prepare(data)
    theirs = HistGradientBoostingClassifier(max_bins=BINS, early_stopping=False)
    expected = theirs.fit(*_seen(model, data)).predict_proba(_seen(model, data)[0])
    np.testing.assert_allclose(predict(model, data), expected, atol=1e-9)


def test_numbers_are_predicted_as_by_scikit_learn():
    random = np.random.default_rng(0)
    x = random.normal(size=(500, 5)).astype(np.float32)
    y = 100 + x[:, 0] * x[:, 1]
    data = FusionDataset.from_arrays({"a": x[:, :2], "b": x[:, 2:]}, y)
    model = create_strategy("boosted_trees", data.schema).prepare(data)
    theirs = HistGradientBoostingRegressor(max_bins=BINS, early_stopping=False)
    seen, labels = _seen(model, data)
    expected = theirs.fit(seen, labels).predict(seen)
    np.testing.assert_allclose(predict(model, data)[:, 0], expected, atol=1e-4)


def test_few_samples_are_split_too():
    x = np.random.default_rng(0).normal(size=(40, 4))
    data = FusionDataset.from_arrays({"a": x[:, :2], "b": x[:, 2:]}, (x[:, 0] > 0).astype(int))
    model = create_strategy("boosted_trees", data.schema).prepare(data)
    assert (predict(model, data).argmax(1) == data.labels()).mean() > 0.9


def _seen(model, data):
    vectors = model.pooled(data.batch(range(len(data))))
    return np.concatenate([v.numpy() for v in vectors], axis=1).astype(float), data.labels()
