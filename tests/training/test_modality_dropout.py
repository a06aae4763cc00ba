import numpy as np
import pytest
import torch

from graphfuse.data import FusionDataset, load_dataset
from graphfuse.data.batch_changes import hide, only
from graphfuse.errors import InputError
from graphfuse.fusion import create_strategy, list_strategies
from graphfuse.training import Recipe, fit, predict
from graphfuse.training.modality_dropout import draw_gaps


def holed(n, seed=0):
    random = np.random.default_rng(seed)
    names, sizes = ("a", "b", "c"), (2, 3, 4)
    there = random.random((n, 3)) < 0.7
    x = {
        m: [random.normal(size=(2, f)) if there[i, k] else None for i in range(n)]
        for k, (m, f) in enumerate(zip(names, sizes, strict=True))
    }
    return FusionDataset.from_arrays(x, random.integers(0, 2, n)), there


def test_gaps_come_at_the_rate_and_never_take_all():
    n, rate = 20_000, 0.3
    data = FusionDataset.from_arrays({"a": np.ones((n, 1)), "b": np.ones((n, 1))})
    gaps = draw_gaps(data, rate, np.random.default_rng(0))
    assert not (gaps["a"] & gaps["b"]).any()
    for m in ("a", "b"):
        assert float(gaps[m].float().mean()) == pytest.approx(rate - rate**2 / 2, abs=0.01)


def test_three_modalities_keep_at_least_one_of_those_present():
    data, there = holed(4000)
    gaps = draw_gaps(data, 0.9, np.random.default_rng(1))
    hidden = torch.stack(list(gaps.values()), dim=1).numpy()
    assert not (hidden & ~there).any()  # what is missing is not hidden
    left = (there & ~hidden).sum(1)
    assert (left[there.any(1)] >= 1).all()
    assert not hidden[there.sum(1) == 1].any()
    kept = (there & ~hidden)[there.all(1) & (left == 1)].mean(0)
    assert kept == pytest.approx(1 / 3, abs=0.06)  # the one that stays is drawn evenly


def test_rate_zero_hides_nothing():
    data, _ = holed(50)
    gaps = draw_gaps(data, 0.0, np.random.default_rng(0))
    assert not any(gap.any() for gap in gaps.values())


@pytest.mark.parametrize("name", ["concat", "token_transformer", "mean_prob", "graph:hgt"])
def test_a_hidden_modality_is_a_missing_one(name):
    data = load_dataset("planted/binding", n=30)
    torch.manual_seed(0)
    model = create_strategy(name, data.schema).prepare(data).double().eval()
    lacking = FusionDataset.from_samples(
        [type(s)({"a": s.x["a"]}, s.y, {}, id=s.id) for s in data], data.schema
    )
    expected = model(lacking.batch(range(30))).logits
    drawn = model.precompute(data)  # with its edges, to the hidden nodes too
    for dataset in (data, drawn):
        assert torch.allclose(model(only(dataset.batch(range(30)), "a")).logits, expected)


def test_hiding_leaves_the_batch_and_the_other_samples_alone():
    data = load_dataset("planted/unique", n=4)
    batch = data.batch(range(4))
    hidden = hide(batch, {"a": torch.tensor([True, False, False, True])})
    assert batch.mask["a"].all()
    assert hidden.mask["a"].any(1).tolist() == [False, True, True, False]
    assert not hidden.x["a"][0].any()
    assert torch.equal(hidden.x["a"][1], batch.x["a"][1])
    assert torch.equal(hidden.x["b"], batch.x["b"])


def seen_in_training(name, data, data_seed, seed=0):
    seen = []
    model = create_strategy(name, data.schema)
    model.register_forward_pre_hook(
        lambda m, inputs: (
            seen.append({i: tuple(r) for i, r in zip(inputs[0].ids, shown(inputs[0]), strict=True)})
            if m.training
            else None
        )
    )
    fit(model, data, data, Recipe(epochs=2, modality_dropout=0.4), seed=seed, data_seed=data_seed)
    return seen


def shown(batch):
    return torch.stack([batch.mask[m].any(1) for m in sorted(batch.mask)], dim=1).tolist()


def test_all_strategies_see_the_same_gaps_anew_in_each_epoch():
    data, _ = holed(60)
    first = seen_in_training("concat", data, 7)
    assert first == seen_in_training("mean_prob", data, 7, seed=3)
    assert first != seen_in_training("concat", data, 8)
    assert first[0] != first[1]  # one batch an epoch
    gaps = draw_gaps(data, 0.4, np.random.default_rng([7, 1]))
    for row, sample in enumerate(data):
        expected = tuple(m in sample.x and not bool(gaps[m][row]) for m in data.schema.names)
        assert first[0][str(data.ids[row])] == expected


def test_it_makes_a_strategy_good_without_a_modality():
    data = load_dataset("planted/redundant", n=900)
    train, validation, test = (data.subset(range(i, i + 300)) for i in (0, 300, 600))
    accuracy = {}
    for rate in (0.0, 0.5):
        torch.manual_seed(0)
        model = create_strategy("concat", data.schema)
        fit(model, train, validation, Recipe(epochs=12, modality_dropout=rate))
        alone = model(only(test.batch(range(300)), "b")).logits.argmax(1).numpy()
        accuracy[rate] = (alone == test.labels()).mean()
    assert accuracy[0.5] > accuracy[0.0]


@pytest.mark.parametrize("family", ["feature", "decision", "graph", "unimodal"])
def test_runs_with_every_family(family):
    data, _ = holed(40)
    name = {"unimodal": "unimodal:a", "graph": "graph:hgt"}.get(family)
    name = name or list_strategies(family)[0]
    model = create_strategy(name, data.schema)
    fit(model, data, data, Recipe(epochs=1, modality_dropout=0.5))
    assert np.isfinite(predict(model, data)).all()


@pytest.mark.parametrize("rate", [1.0, -0.1, float("nan"), True, "much"])
def test_a_rate_is_a_probability(rate):
    with pytest.raises(
        InputError, match=r"modality_dropout of the recipe must be a probability in"
    ):
        Recipe(modality_dropout=rate)
    assert Recipe.from_dict({"modality_dropout": "0.25"}).modality_dropout == 0.25


def test_one_modality_has_none_to_spare():
    data = FusionDataset.from_arrays({"a": np.ones((4, 2))}, [0, 1, 0, 1])
    with pytest.raises(InputError, match=r"modality_dropout=0.5 .*at least 2 modalities.*\['a'\]"):
        fit(create_strategy("unimodal:a", data.schema), data, data, Recipe(modality_dropout=0.5))
