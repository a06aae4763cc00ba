from dataclasses import replace

import numpy as np
import pytest
import torch

from graphfuse.data import FusionDataset, load_dataset
from graphfuse.errors import InputError
from graphfuse.fusion import create_strategy
from graphfuse.training import DivergedError, Recipe, fit, predict
from graphfuse.training.loop import evaluate, join_parts


def parts(name="planted/unique", n=300):
    data = load_dataset(name, n=n)
    return data.subset(range(n // 2)), data.subset(range(n // 2, n))


def made(name, data, seed=0):
    torch.manual_seed(seed)
    return create_strategy(name, data.schema)


def test_same_seed_same_result_and_global_state_untouched():
    train, validation = parts()
    scores = []
    for _ in range(2):
        torch.manual_seed(5)
        expected = torch.rand(1)
        model = made("concat", train)
        torch.manual_seed(5)
        fit(model, train, validation, Recipe(epochs=3), seed=1)
        assert torch.equal(torch.rand(1), expected)
        scores.append(predict(model, validation))
    assert np.array_equal(*scores)
    other = made("concat", train)
    fit(other, train, validation, Recipe(epochs=3), seed=2)
    assert not np.array_equal(scores[0], predict(other, validation))


def test_best_weights_are_kept():
    train, validation = parts()
    model = made("concat", train)
    history = fit(model, train, validation, Recipe(epochs=12, patience=12))
    loss, score = evaluate(model, validation)
    assert score == max(history.validation_score)
    assert loss == pytest.approx(history.validation_loss[history.best_epoch])
    assert history.validation_score[history.best_epoch] == score


def test_refit_learns_from_the_validation_part_too():
    x, y = np.eye(3)[np.arange(300) % 3], np.arange(300) % 3
    data = FusionDataset.from_arrays({"a": x}, y)
    rows = np.arange(300)
    train, validation = data.subset(rows[(y < 2) & (rows >= 60)]), data.subset(rows[:60])
    found, histories = [], []
    for refit in (False, True):
        model = made("unimodal:a", data)
        histories.append(fit(model, train, validation, Recipe(learning_rate=0.05, refit=refit)))
        found.append(predict(model, data.subset([299])).argmax())
    assert y[299] == 2
    assert found[0] != 2
    assert found[1] == 2
    assert histories[0] == histories[1]


@pytest.mark.parametrize("name", ["stacking", "unimodal:best", "graph:hgt", "majority"])
def test_refit_serves_strategies_that_fit_and_choose(name):
    train, validation = parts(n=120)
    found = []
    for refit in (False, True, True):
        model = made(name, train)
        fit(model, train, validation, Recipe(epochs=2, refit=refit))
        found.append(predict(model, validation))
    assert np.array_equal(found[1], found[2])
    assert not np.array_equal(found[0], found[1])


def test_refit_of_small_data_that_is_its_own_validation_part():
    data = FusionDataset.from_arrays({"a": np.eye(15), "b": np.eye(15)}, [0, 1, 0] * 5)
    model = made("concat", data)
    fit(model, data, data, Recipe(epochs=2, refit=True))
    assert np.isfinite(predict(model, data)).all()


def test_parts_are_joined_sample_by_sample():
    data = FusionDataset.from_arrays({"a": np.eye(6)}, [0, 1] * 3)
    both = join_parts(data.subset(range(4)), data.subset(range(2, 6)))
    assert both.fingerprint == data.fingerprint
    assert list(both.ids) == list(data.ids)
    other = FusionDataset.from_arrays({"a": 2 * np.eye(6)}, [0, 1] * 3, ids=[*"01234", "0 (1)"])
    both = join_parts(data, other)
    assert len(both) == len(set(both.ids)) == 12
    assert both.x["a"].values.sum() == 18


def test_refit_does_not_go_with_methods_that_watch_validation():
    with pytest.raises(InputError, match="refit, which trains on it; leave one of them out"):
        Recipe(refit=True, balance="gradient_blending")
    with pytest.raises(InputError, match="refit of the recipe must be true or false, got 1"):
        Recipe(refit=1)


def test_patience_stops():
    train, validation = parts("planted/null", 100)
    history = fit(made("concat", train), train, validation, Recipe(epochs=50, patience=2))
    assert len(history.train_loss) == history.best_epoch + 3 < 50


def test_learns_every_task():
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 4))
    targets = {
        "regression": 100 + 5 * x[:, 0] + 0.1 * random.normal(size=400),
        "multilabel": (x[:, :2] > 0).astype(int),
        "binary": (x[:, 0] > 0).astype(int),
    }
    for task, y in targets.items():
        data = FusionDataset.from_arrays({"a": x, "b": x[:, ::-1].copy()}, y, task=task)
        train, validation = data.subset(range(300)), data.subset(range(300, 400))
        model = made("concat", data)
        fit(model, train, validation)
        scores = predict(model, validation)
        if task == "regression":
            assert np.corrcoef(scores[:, 0], y[300:])[0, 1] > 0.95
        elif task == "multilabel":
            assert ((scores > 0.5) == y[300:]).mean() > 0.9
        else:
            assert (scores.argmax(1) == y[300:]).mean() > 0.9


def test_class_weights_raise_the_rare_class():
    random = np.random.default_rng(0)
    y = (random.random(600) < 0.1).astype(int)
    x = random.normal(size=(600, 2)) + y[:, None]
    data = FusionDataset.from_arrays({"a": x, "b": x}, y)
    train, validation = data.subset(range(450)), data.subset(range(450, 600))
    found = {}
    for weighed in (False, True):
        model = made("concat", data)
        fit(model, train, validation, Recipe(epochs=5, class_weights=weighed))
        found[weighed] = predict(model, validation)[:, 1].mean()
    assert found[True] > 2 * found[False]
    numbers = FusionDataset.from_arrays({"a": x, "b": x}, x[:, 0])
    with pytest.raises(InputError, match="class weights need a classification task"):
        fit(made("concat", numbers), numbers, numbers, Recipe(class_weights=True))


def test_divergence_is_an_error_with_advice():
    train, validation = parts(n=100)
    model = made("concat", train)
    with torch.no_grad():
        model.stand_in.vectors.fill_(float("nan"))
        model.head[1].weight.fill_(float("inf"))
    with pytest.raises(DivergedError, match=r"not finite in epoch 0.*learning_rate below"):
        fit(model, train, validation)


def test_missing_modality_and_unlabelled_samples_train():
    data = load_dataset("planted/null", n=80)
    y = data.labels().copy()
    y[:10] = -1
    data = replace(data, y={"y": torch.from_numpy(y)})
    for name in ("concat", "graph:hgt", "mean_prob"):
        model = made(name, data)
        fit(model, data, data, Recipe(epochs=2))
        assert np.isfinite(predict(model, data)).all()


def test_recipe_checks_its_values():
    with pytest.raises(InputError, match="epochs of the recipe must be an integer of at least 1"):
        Recipe(epochs=0)
    with pytest.raises(InputError, match="epochs of the recipe must be an integer"):
        Recipe(epochs=True)
    assert Recipe.from_dict({"learning_rate": "1e-3"}).learning_rate == 1e-3
    with pytest.raises(InputError, match="learning_rate of the recipe must be a positive number"):
        Recipe.from_dict({"learning_rate": "fast"})


def test_batches_come_in_the_order_of_the_data_seed_alone():
    data = load_dataset("planted/unique", n=40)
    orders = []
    for seed, data_seed, name in ((0, 7, "concat"), (1, 7, "mean_prob"), (0, 8, "concat")):
        seen = []
        model = create_strategy(name, data.schema)
        model.register_forward_pre_hook(
            lambda m, inputs, seen=seen: seen.append(inputs[0].ids) if m.training else None
        )
        fit(model, data, data, Recipe(epochs=2), seed=seed, data_seed=data_seed)
        orders.append(seen)
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


def test_a_sample_without_a_weight_is_named():
    train, validation = parts(n=60)
    weight = dict.fromkeys([*train.ids, *validation.ids], 1.0)
    del weight[validation.ids[0]]
    with pytest.raises(InputError, match=f"id of each sample; it lacks {validation.ids[0]}$"):
        fit(made("concat", train), train, validation, Recipe(epochs=1), sample_weight=weight)


def test_joined_parts_keep_groups_and_copies():
    x = {"a": np.arange(12.0).reshape(6, 2)}
    data = FusionDataset.from_arrays(
        x, [0, 1] * 3, ids=list("abcdef"), groups=list("uuvvww"), copy_of=["", "a", "", "", "", ""]
    )
    other = data.subset([4, 5])
    joined = join_parts(data.subset(range(4)), other)
    assert joined.groups.tolist() == data.groups.tolist()
    assert joined.copy_of.tolist() == data.copy_of.tolist()
    renamed = FusionDataset.from_arrays(
        {"a": -x["a"][:2]}, [0, 1], ids=["a", "b"], groups=["x", "x"], copy_of=["", "a"]
    )
    joined = join_parts(data.subset(range(4)), renamed)
    assert joined.ids.tolist() == ["a", "b", "c", "d", "a (1)", "b (1)"]
    assert joined.copy_of.tolist() == ["", "a", "", "", "", "a (1)"]
    assert joined.groups.tolist() == ["u", "u", "v", "v", "x", "x"]
