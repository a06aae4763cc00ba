import numpy as np
import pytest
import torch

from graphfuse.data import FusionDataset, load_dataset
from graphfuse.fusion import create_strategy
from graphfuse.training import Recipe, fit, loop, predict


def misleading(n=600, seed=0):
    """Modality a tells the label in 9 of 10 samples; b has many features and tells nothing."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, n)
    a = np.where(random.random(n) < 0.9, y, 1 - y)[:, None] * 2.0 - 1
    return FusionDataset.from_arrays({"a": a, "b": random.normal(size=(n, 60))}, y)


def test_a_modality_that_overfits_is_not_overrated():
    data = misleading()
    train, validation, test = (data.subset(range(*r)) for r in ((0, 300), (300, 360), (360, 600)))
    right = {}
    for name in ("stacking", "mean_prob"):
        torch.manual_seed(0)
        model = create_strategy(name, data.schema, dropout=0.0)
        fit(model, train, validation, Recipe(epochs=40, patience=40, weight_decay=0.0))
        right[name] = (predict(model, test).argmax(1) == test.labels()).mean()
    assert right["stacking"] > 0.87
    assert right["stacking"] >= right["mean_prob"]


def test_the_linear_model_sees_only_predictions_of_samples_left_out(monkeypatch):
    data = load_dataset("planted/unique", n=90)
    learned, seen = [], []
    train = loop._train

    def spy_train(strategy, part, *rest):
        learned.append(set(part.ids))
        return train(strategy, part, *rest)

    model = create_strategy("stacking", data.schema)
    keep = model.fit_on_held_out
    monkeypatch.setattr(loop, "_train", spy_train)
    monkeypatch.setattr(
        model,
        "fit_on_held_out",
        lambda output, batch: (seen.append(batch.ids), keep(output, batch)),
    )
    fit(model, data, data, Recipe(epochs=1))
    assert len(learned) == 4
    (held_out,) = seen
    assert sorted(held_out) == sorted(data.ids)
    start = 0
    for ids in learned[:3]:
        size = len(data) - len(ids)
        assert not ids & set(held_out[start : start + size])
        start += size
    assert learned[3] == set(data.ids)


@pytest.mark.parametrize("task", ["regression", "multilabel", "multiclass"])
def test_every_task_is_fitted(task):
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 240, 3))
    y = {
        "regression": 1e4 + 100 * a[:, 0],
        "multilabel": np.stack([a[:, 0] > 0, b[:, 0] > 0], axis=1).astype(int),
        "multiclass": np.digitize(a[:, 0], [-0.5, 0.5]),
    }[task]
    data = FusionDataset.from_arrays({"a": a, "b": b}, y, task=task)
    model = create_strategy("stacking", data.schema)
    before = model.weight.clone()
    fit(model, data.subset(range(200)), data.subset(range(200, 240)), Recipe(epochs=20))
    assert not torch.equal(model.weight, before)
    scores = predict(model, data)
    if task == "regression":
        assert np.corrcoef(scores[:, 0], y)[0, 1] > 0.9
    elif task == "multilabel":
        assert ((scores > 0.5) == y).mean() > 0.85
    else:
        assert (scores.argmax(1) == y).mean() > 0.8


def test_a_class_that_the_training_part_lacks_is_never_predicted():
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 2))
    y = (x[:, 0] > 0).astype(int)
    data = FusionDataset.from_arrays({"a": x, "b": x}, y, classes=list("pqr"), task="multiclass")
    model = create_strategy("stacking", data.schema)
    fit(model, data, data, Recipe(epochs=2))
    assert predict(model, data)[:, 2].max() < 1e-3


def test_class_weights_reach_the_linear_model():
    random = np.random.default_rng(0)
    y = (random.random(600) < 0.1).astype(int)
    x = y[:, None] + random.normal(size=(600, 1))
    data = FusionDataset.from_arrays({"a": x, "b": x}, y)
    shares = []
    for class_weights in (False, True):
        torch.manual_seed(0)
        model = create_strategy("stacking", data.schema)
        fit(model, data, data, Recipe(epochs=10, class_weights=class_weights))
        shares.append(predict(model, data).argmax(1).mean())
    assert shares[0] < 0.15 < 0.25 < shares[1]
