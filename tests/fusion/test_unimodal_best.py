import numpy as np
import torch

from graphfuse import compare
from graphfuse.data import FusionDataset
from graphfuse.fusion import create_strategy
from graphfuse.testing import check_strategy
from graphfuse.training import Recipe, fit, predict


def one_sided(n=200):
    random = np.random.default_rng(0)
    y = random.integers(0, 2, n)
    noise = random.normal(size=(n, 3))
    return FusionDataset.from_arrays({"a": noise, "z": noise[:, :1] * 0.1 + 2.0 * y[:, None]}, y)


def test_takes_the_modality_that_does_best_on_validation_data():
    data = one_sided()
    model = create_strategy("unimodal:best", data.schema)
    train, validation = data.subset(range(150)), data.subset(range(150, 200))
    history = fit(model, train, validation, Recipe(epochs=20))
    assert model.modality == "z"
    assert max(history.validation_score) > 0.95
    alone = create_strategy("unimodal:z", data.schema).eval()
    alone.load_state_dict(model.single[1].state_dict())
    assert np.array_equal(predict(model, data), predict(alone, data))


def test_the_choice_is_kept_with_the_weights():
    data = one_sided()
    model = create_strategy("unimodal:best", data.schema)
    assert model.choose([(0.5, 0.7), (0.5, 0.6)]) == 1
    assert model.choose([(0.6, 0.9), (0.5, 0.6)]) == 0
    model.chosen.fill_(1)
    other = create_strategy("unimodal:best", data.schema)
    other.load_state_dict(model.state_dict())
    assert other.modality == "z"
    batch = data.batch(range(5))
    assert torch.equal(other.eval()(batch).logits, model.eval()(batch).logits)


def test_keeps_every_promise():
    check_strategy("unimodal:best")


def noise_called_best(n=120):
    random = np.random.default_rng(0)
    y = random.integers(0, 2, n)
    signal = np.stack([y + 0.1 * random.normal(size=n), random.normal(size=n)], axis=1)
    x = {"best": random.normal(size=(n, 2)), "other": signal}
    return FusionDataset.from_arrays(x, y, name="trap")


def test_a_modality_called_best_is_not_taken_for_the_best_modality(tmp_path):
    wanted = ["unimodal", "unimodal:best"]
    recipe = {"epochs": 12, "batch_size": 16, "learning_rate": 1e-2}
    result = compare(noise_called_best(), wanted, folds=2, out=tmp_path, recipe=recipe)
    table = result.table().set_index("strategy")
    assert sorted(table.index) == ["unimodal:=best", "unimodal:best", "unimodal:other"]
    assert table.loc["unimodal:=best", "mean"] < 0.7
    assert table.loc["unimodal:other", "mean"] > 0.9
    assert table.loc["unimodal:best", "mean"] > 0.9
