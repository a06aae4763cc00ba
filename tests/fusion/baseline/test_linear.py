import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from graphfuse.data import FusionDataset, Modality, Sample, Schema, Target, collate
from graphfuse.errors import InputError, NotFittedError
from graphfuse.fusion import create_strategy
from graphfuse.fusion.baseline import _linear_model
from graphfuse.fusion.baseline._linear_model import PENALTIES, fit_linear, inner_folds_of
from graphfuse.testing import check_strategy
from graphfuse.training import Recipe, fit, predict

NAMES = ("linear", "linear_late", "boosted_trees")


def views(n=120, task="classes", seed=0, **options):
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(n, 6)), random.normal(size=(n, 9))
    score = a[:, 0] + b[:, 0] - 0.5 * b[:, 1] + 0.3 * random.normal(size=n)
    y = {
        "classes": np.digitize(score, [-0.7, 0.7]),
        "numbers": 1e6 + 1e3 * score,
        "labels": np.stack([score > 0, a[:, 1] > 0.5], axis=1).astype(float),
    }[task]
    return FusionDataset.from_arrays({"a": a, "b": b}, y, **options)


def features(dataset):
    x = np.concatenate([dataset.x[m].values.numpy() for m in ("a", "b")], axis=1).astype(float)
    return (x - x.mean(0)) / x.std(0)


@pytest.mark.parametrize("name", NAMES)
def test_requirements_for_every_strategy(name):
    check_strategy(name)


def test_classes_are_predicted_as_by_a_logistic_regression():
    data = views()
    model = create_strategy("linear", data.schema).double().prepare(data)
    theirs = [
        LogisticRegression(C=1 / p, tol=1e-8, max_iter=5000).fit(features(data), data.labels())
        for p in PENALTIES
    ]
    ours = predict(model, data)
    distance = [np.abs(ours - t.predict_proba(features(data))).max() for t in theirs]
    assert min(distance) < 1e-3 < sorted(distance)[1]


def test_numbers_are_predicted_as_by_a_ridge_regression():
    data = views(task="numbers")
    model = create_strategy("linear", data.schema).double().prepare(data)
    theirs = [Ridge(alpha=p).fit(features(data), data.labels()) for p in PENALTIES]
    distance = [
        np.abs(predict(model, data)[:, 0] - t.predict(features(data))).max() for t in theirs
    ]
    assert min(distance) < 0.1
    assert data.labels().std() > 500


@pytest.mark.parametrize("task", ["classes", "numbers"])
def test_the_penalty_has_the_lowest_loss_on_the_inner_folds(task):
    data = views(60, task)
    x, y = features(data), data.labels().astype(float)
    y = y if task == "classes" else (y - y.mean()) / y.std()
    chosen = fit_linear(
        x, y, data.schema.target, data.schema.outputs, np.ones(60), inner_folds_of(data)
    )
    total = np.zeros(len(PENALTIES))
    for rest, out in inner_folds_of(data):
        for i, p in enumerate(PENALTIES):
            if task == "numbers":
                total[i] += (
                    (Ridge(alpha=p).fit(x[rest], y[rest]).predict(x[out]) - y[out]) ** 2
                ).sum()
            else:
                found = LogisticRegression(C=1 / p, tol=1e-6, max_iter=5000).fit(x[rest], y[rest])
                total[i] -= np.log(
                    found.predict_proba(x[out])[np.arange(len(out)), y[out].astype(int)]
                ).sum()
    best = PENALTIES[total.argmin()]
    if task == "numbers":
        np.testing.assert_allclose(chosen.weight[0], Ridge(alpha=best).fit(x, y).coef_, atol=1e-8)
    else:
        again = LogisticRegression(C=1 / best, tol=1e-8, max_iter=5000).fit(x, y)
        np.testing.assert_allclose(chosen.weight, again.coef_, atol=1e-3)


@pytest.mark.parametrize("task", ["classes", "numbers", "labels"])
def test_more_features_than_samples_give_the_same_model_in_a_smaller_basis(task, monkeypatch):
    data = views(12, task)
    x, y = features(data), data.labels().astype(float)
    target, outputs = data.schema.target, data.schema.outputs
    small = fit_linear(x, y, target, outputs, np.ones(12), inner_folds_of(data))
    monkeypatch.setattr(_linear_model, "_basis", lambda features: None)
    full = fit_linear(x, y, target, outputs, np.ones(12), inner_folds_of(data))
    np.testing.assert_allclose(small(x), full(x), atol=1e-4 * max(1, np.abs(full(x)).max()))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("task", ["classes", "numbers", "labels"])
def test_learns_every_task(name, task):
    data, new = views(300, task), views(300, task, seed=1)
    model = create_strategy(name, data.schema).prepare(data)
    scores, y = predict(model, new), new.labels()
    if task == "numbers":
        assert 1 - ((scores[:, 0] - y) ** 2).mean() / y.var() > 0.6
    elif task == "labels":
        assert ((scores > 0.5) == y).mean() > 0.8
    else:
        assert (scores.argmax(1) == y).mean() > 0.7


def test_the_inner_folds_keep_groups_together():
    data = views(60, groups=np.repeat(np.arange(12), 5))
    for rest, out in inner_folds_of(data):
        assert not set(data.groups[rest]) & set(data.groups[out])
    assert inner_folds_of(views(60, groups=np.repeat(np.arange(4), 15))) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_class_without_training_samples_is_not_predicted(name):
    schema = Schema([Modality("a", (6,)), Modality("b", (9,))], Target("multiclass", list("wxyz")))
    data = views(90)
    samples = [Sample(s.x, s.y, id=s.id) for s in data]
    model = create_strategy(name, schema)
    model.prepare(FusionDataset.from_samples(samples, schema))
    scores = predict(model, FusionDataset.from_samples(samples, schema))
    assert scores[:, 3].max() < 0.01
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_single_class_is_always_predicted(name):
    data = views(30)
    single = data.subset(np.flatnonzero(data.labels() == 1))
    model = create_strategy(name, data.schema).prepare(single)
    assert (predict(model, data).argmax(1) == 1).all()


@pytest.mark.parametrize("name", NAMES)
def test_missing_modalities_are_no_zeros(name):
    random = np.random.default_rng(0)
    y = np.arange(400) % 2
    samples = []
    for i, label in enumerate(y):
        x = {"b": torch.tensor(random.normal(size=(1, 3)) + label)}
        if i % 3:
            x["a"] = torch.tensor(random.normal(size=(1, 2)) + 100 + 2 * label)
        samples.append(Sample(x, int(label), id=str(i)))
    schema = Schema([Modality("a", (2,)), Modality("b", (3,))], Target("binary", ("n", "y")))
    data = FusionDataset.from_samples(samples, schema)
    train, test = data.subset(range(300)), data.subset(range(300, 400))
    model = create_strategy(name, schema).prepare(train)
    lacking = torch.tensor([i % 3 == 0 for i in range(300, 400)]).numpy()
    right = predict(model, test).argmax(1) == test.labels()
    assert right[lacking].mean() > 0.65
    assert right[~lacking].mean() > 0.85


@pytest.mark.parametrize("name", NAMES)
def test_weights_of_samples_and_classes_count(name):
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 4))
    y = (x[:, 0] + 1.5 * random.normal(size=300) > 1.5).astype(int)
    data = FusionDataset.from_arrays({"a": x[:, :2], "b": x[:, 2:]}, y)

    def share(recipe, weight=None):
        model = create_strategy(name, data.schema)
        ids = {
            i: 1.0 if weight is None else float(w) for i, w in zip(data.ids, 1 + 9 * y, strict=True)
        }
        fit(model, data, data, recipe, sample_weight=ids if weight else None)
        return predict(model, data).argmax(1).mean()

    plain = share(Recipe())
    assert share(Recipe(class_weights=True)) > plain + 0.02
    assert share(Recipe(), weight=True) > plain + 0.02


def test_refit_fits_to_both_parts():
    data = views(100)
    train, validation = data.subset(range(60)), data.subset(range(60, 100))
    model = create_strategy("linear", data.schema)
    fit(model, train, validation, Recipe(refit=True))
    both = create_strategy("linear", data.schema).prepare(data)
    np.testing.assert_allclose(predict(model, data), predict(both, data), atol=1e-4)
    alone = create_strategy("linear", data.schema).prepare(train)
    fit(model, train, validation, Recipe())
    np.testing.assert_array_equal(predict(model, data), predict(alone, data))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_fitted_is_saved(name, tmp_path):
    data = views(80)
    model = create_strategy(name, data.schema).prepare(data)
    model.save_pretrained(tmp_path / "model")
    again = type(model).from_pretrained(tmp_path / "model")
    np.testing.assert_array_equal(predict(again, data), predict(model, data))
    with pytest.raises(NotFittedError, match=r"call strategy.prepare\(train\)"):
        create_strategy(name, data.schema)(data.batch([0]))


@pytest.mark.parametrize("name", NAMES)
def test_networks_cannot_train_in_front_of_a_baseline(name):
    pictures = np.zeros((8, 3, 8, 8), dtype=np.uint8)
    data = FusionDataset.from_arrays(
        {"a": pictures, "b": np.eye(8)}, [0, 1] * 4, shapes={"a": (3, 8, 8)}
    )
    with pytest.raises(InputError, match=r"no network can train in front of it; encode \['a'\]"):
        create_strategy(name, data.schema, encoders={"a": "cnn"})
    with pytest.raises(InputError, match="Missing: features, as no network"):
        create_strategy(name, data.schema)


def test_late_averages_probabilities():
    data = views(80)
    model = create_strategy("linear_late", data.schema).prepare(data)
    output = model(collate([data[0], data[1]], data.schema))
    mean = torch.stack([x.softmax(1) for x in output.modality_logits.values()]).mean(0)
    torch.testing.assert_close(output.logits.softmax(1), mean)
