import numpy as np
import pytest
import torch
from torch.nn import functional as F

from graphfuse.data import FusionDataset, load_dataset
from graphfuse.errors import InputError
from graphfuse.fusion import create_strategy
from graphfuse.training import Recipe, fit, predict
from graphfuse.training.augmentation import FeatureAugmentation
from graphfuse.training.evaluate import evaluate

SETTINGS = {"node_dropout": 0.3, "edge_dropout": 0.3, "mixup": 0.4}


def trained(recipe, name="concat", seed=0, data=None):
    data = load_dataset("planted/binding", n=60) if data is None else data
    torch.manual_seed(0)
    model = create_strategy(name, data.schema)
    fit(model, data, data, recipe, seed=seed)
    return predict(model, data)


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_changes_training_and_follows_the_seed(setting):
    recipe = Recipe(epochs=2, **{setting: SETTINGS[setting]})
    made = trained(recipe, "graph:hgt")
    assert np.array_equal(made, trained(recipe, "graph:hgt"))
    assert not np.allclose(made, trained(Recipe(epochs=2), "graph:hgt"))


def test_validation_and_test_are_never_augmented(monkeypatch):
    data = load_dataset("planted/binding", n=80)
    train, validation, test = (data.subset(range(*part)) for part in ((0, 50), (50, 65), (65, 80)))
    seen = []
    model = create_strategy("graph:hgt", data.schema)
    forward = model.forward
    monkeypatch.setattr(model, "forward", lambda batch: seen.append(batch) or forward(batch))
    fit(model, train, validation, Recipe(epochs=2, modality_dropout=0.5, **SETTINGS))
    predict(model, test)
    changed = {True: 0, False: 0}
    known = {name: (data, row) for row, name in enumerate(data.ids.tolist())}
    training = set(train.ids.tolist())
    for batch in seen:
        for place, name in enumerate(batch.ids):
            source, row = known[name]
            same = all(
                torch.equal(batch.x[m][place][batch.mask[m][place]], source.x[m][row])
                for m in source.schema.names
            )
            if not same:
                changed[name in training] += 1
    assert changed[True] > 0
    assert changed[False] == 0


def test_the_loss_of_mixed_samples_is_that_of_soft_labels():
    data = load_dataset("planted/unique", n=40)
    rows = np.arange(40)
    augmentation = FeatureAugmentation(data, Recipe(mixup=1.0), 3)
    augmentation.begin_epoch()
    mixed = augmentation.mix(data.batch(rows), rows)
    assert 0 < mixed.share <= 0.5
    model = create_strategy("concat", data.schema).prepare(data).eval()
    output = model(mixed.batch)
    hot = (F.one_hot(y, data.schema.outputs).float() for y in (mixed.batch.y, mixed.other))
    soft = torch.lerp(*hot, mixed.share)
    found = mixed.mixed_loss(lambda batch: model.loss(output, batch), model.reads)
    torch.testing.assert_close(F.cross_entropy(output.logits, soft), found["task"])
    assert torch.equal(mixed.batch.y, data.batch(rows).y)


def test_a_sample_that_nothing_was_mixed_into_keeps_its_label():
    x = {"a": [np.ones((1, 2)), None], "b": [None, np.ones((1, 3))]}
    data = FusionDataset.from_arrays(x, [0, 1])
    augmentation = FeatureAugmentation(data, Recipe(mixup=1.0), 0)
    augmentation.begin_epoch()
    mixed = augmentation.mix(data.batch([0, 1]), np.arange(2))
    found = mixed.mixed_loss(lambda batch: {"y": batch.y.double()}, ["a", "b"])
    assert found["y"].tolist() == [0, 1]


def test_what_is_dropped_depends_on_seed_epoch_and_id_not_on_the_place_in_the_data():
    data = load_dataset("planted/binding", n=30)
    turned = data.subset(range(29, -1, -1))
    recipe = Recipe(node_dropout=0.5)
    first, second = (FeatureAugmentation(d, recipe, 1) for d in (data, turned))
    masks = []
    for _ in range(2):
        first.begin_epoch(), second.begin_epoch()
        one = first.change(data.batch([3, 4]), np.array([3, 4]))
        two = second.change(turned.batch([26, 0]), np.array([26, 0]))
        assert all(torch.equal(one.mask[m][0], two.mask[m][0]) for m in one.mask)
        masks.append(torch.cat([one.mask[m].flatten() for m in sorted(one.mask)]))
    assert not torch.equal(*masks)


@pytest.mark.parametrize("task", ["regression", "multilabel"])
def test_other_tasks_are_mixed_too(task):
    rng = np.random.default_rng(0)
    x = {"a": rng.normal(size=(40, 2)), "b": rng.normal(size=(40, 3))}
    y = x["a"][:, 0] if task == "regression" else (x["a"] > 0).astype(float)
    data = FusionDataset.from_arrays(x, y, task=task)
    made = trained(Recipe(epochs=2, mixup=0.5), data=data)
    assert np.isfinite(made).all()
    assert not np.allclose(made, trained(Recipe(epochs=2), data=data))


def test_settings_that_are_none_say_what_is_taken():
    for name in ("node_dropout", "edge_dropout"):
        with pytest.raises(
            InputError, match=rf"{name} of the recipe must be a probability in \[0, 1\)"
        ):
            Recipe(**{name: 1})
    with pytest.raises(
        InputError, match=r"mixup of the recipe must be a number of at least 0, got -1"
    ):
        Recipe(mixup=-1)


def test_mixup_does_no_harm_to_what_is_learned():
    data = load_dataset("planted/unique", n=300)
    torch.manual_seed(0)
    model = create_strategy("concat", data.schema)
    train, rest = data.subset(range(200)), data.subset(range(200, 300))
    fit(model, train, rest, Recipe(epochs=12, mixup=0.3, node_dropout=0.1))
    assert evaluate(model, rest)[1] > 0.75


def test_a_label_is_mixed_where_what_the_strategy_looks_at_was():
    rng = np.random.default_rng(0)
    x = {"a": rng.normal(size=(40, 2)), "raw": rng.integers(0, 9, (40, 3))}
    data = FusionDataset.from_arrays(x, rng.integers(0, 2, 40), dtype={"raw": torch.uint8})
    augmentation = FeatureAugmentation(data, Recipe(mixup=1.0), 0)
    augmentation.begin_epoch()
    mixed = augmentation.mix(data.batch(range(40)), np.arange(40))

    def labels(*modalities):
        return mixed.mixed_loss(lambda batch: {"y": batch.y.double()}, modalities)["y"]

    assert torch.equal(labels("raw"), mixed.batch.y.double())  # bytes are not mixed
    assert not torch.equal(labels("a", "raw"), mixed.batch.y.double())
    made = [trained(Recipe(epochs=2, mixup=m), "unimodal:raw", data=data) for m in (0.0, 1.0)]
    assert np.allclose(*made, atol=1e-5)
